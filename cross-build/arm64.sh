#!/usr/bin/env bash
# Builds for linux-arm64 on linux-x64:  cross-build/arm64.sh 5|6|7     (the JetPack generation; cross-build/generations)
# Every step says in one line what it proved. Nothing is installed and dpkg's architectures stay as they are: everything lies in artifacts/cross.
# Exit 0: published and checked. 1: a step failed. 2: usage. 3: the package sources lack something, and the last line says what.
# 4: nothing can be downloaded here.
set -euo pipefail
cd "$(dirname "$0")/.."
here="$PWD/cross-build"
cross="$PWD/artifacts/cross"

read -r generation _ device suite glibc _ openssl gcc < <(awk -v name="${1:-}" '$1 == name && $2 == "AArch64"' "$here/generations") || {
  echo "usage: cross-build/arm64.sh 5|6|7" >&2
  exit 2
}
if [ "$(uname -m)" != x86_64 ]; then
  echo "cross: this machine is $(uname -m); on the device itself aot/publish.sh linux-arm64 is enough." >&2
  exit 2
fi
said() { printf 'cross: %-12s %s\n' "$1:" "$2"; }
stop() { # CODE STEP WHY
  said "$2" "$3" >&2
  exit "$1"
}
for tool in apt-get dpkg-deb readelf gcc; do
  command -v "$tool" >/dev/null || stop 1 tools "'$tool' is missing; this needs Debian with gcc and binutils (.ci/setup publish)"
done

# Debian's mirror is the one this machine uses itself; so are its proxy and the keys it trusts.
. /etc/os-release
keys=/usr/share/keyrings/debian-archive-keyring.gpg
mirror="$(apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null \
  | awk -v release="${VERSION_CODENAME:-}" '$2 == release && !found {found = $1} END {print found}')"
[ "${ID:-}" = debian ] && [ -n "$mirror" ] && [ -f "$keys" ] || stop 1 sources "this is no Debian machine with a mirror for '${VERSION_CODENAME:-}' and $keys"

# A private apt: lists, cache and status of its own, one suite, one architecture.
private_apt() { # FOLDER ARCHITECTURE SUITE
  mkdir -p "$1"/state/lists/partial "$1"/cache/archives/partial "$1"/etc/{apt.conf.d,preferences.d,trusted.gpg.d} "$1"/debs
  : > "$1/state/status"
  cat > "$1/apt.conf" <<CONF
APT::Architecture "$2";
APT::Architectures { "$2"; };
APT::Sandbox::User "$(id -un)";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "2";
Dir::State "$1/state";
Dir::State::status "$1/state/status";
Dir::Cache "$1/cache";
Dir::Etc "$1/etc";
$(apt-config dump | grep -iE '^Acquire::[a-z]+(::[^ ]+)?::Proxy ' || true)
CONF
  echo "deb [signed-by=$keys] $mirror $3 main" > "$1/etc/sources.list"
  APT_CONFIG="$1/apt.conf" apt-get -qq update >"$1/log" 2>&1 \
    || stop 4 sources "the lists of $3 ($2) cannot be fetched: $(grep -m1 '^[EW]:' "$1/log" || tail -1 "$1/log")"
}
fetch() { # FOLDER PACKAGE…: unpacked files of packages, without their scripts
  local folder="$1"
  shift
  (cd "$folder/debs" && APT_CONFIG="$folder/apt.conf" apt-get -qq download "$@") >"$folder/log" 2>&1 \
    || stop 4 sources "a package cannot be fetched: $(grep -m1 '^[EW]:' "$folder/log" || tail -1 "$folder/log")"
}

# A folder is complete when its stamp says for what; a script that asks for something else starts it anew.
libraries=(libc6 libc6-dev linux-libc-dev libcrypt1 "libgcc-$gcc-dev" "gcc-$gcc-base" libgcc-s1 libstdc++6 zlib1g zlib1g-dev libsqlite3-dev)
case "$suite" in bullseye) libraries+=(libssl1.1) ;; *) libraries+=(libssl3) ;; esac
sysroot="$cross/$suite/sysroot"
if [ "$(cat "$cross/$suite/complete" 2>/dev/null)" != "${libraries[*]}" ]; then
  rm -rf "${cross:?}/$suite"
  mkdir -p "$sysroot"
  private_apt "$cross/$suite/apt" arm64 "$suite"
  fetch "$cross/$suite/apt" "${libraries[@]}"
  for deb in "$cross/$suite"/apt/debs/*.deb; do dpkg-deb -x "$deb" "$sysroot"; done
  # A link to /lib/… would lead to this machine's library.
  find "$sysroot" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$sysroot$(readlink "$link")")" "$link"
  done
  # Emulated programs look below the sysroot first. The kernel's words about the processor are this machine's otherwise, and a library
  # that counts arm64 cores in an x86 description (cpuinfo, inside ONNX Runtime) crashes on them.
  mkdir -p "$sysroot/proc" "$sysroot/sys/devices/system/cpu"
  printf 'processor\t: 0\nFeatures\t: fp asimd aes pmull sha1 sha2 crc32 atomics\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd42\nCPU revision\t: 1\n\n' \
    > "$sysroot/proc/cpuinfo"
  echo 0 | tee "$sysroot/sys/devices/system/cpu/possible" > "$sysroot/sys/devices/system/cpu/present"
  rm -rf "$cross/$suite/apt"
  echo "${libraries[*]}" > "$cross/$suite/complete"
fi
archive="$sysroot/usr/lib/aarch64-linux-gnu/libsqlite3.a"
[ -f "$archive" ] || stop 1 sysroot "$suite has no static SQLite"
said sysroot "Debian $suite for arm64 from $mirror, for $device"

host="$cross/host"
if [ "$(cat "$host/complete" 2>/dev/null)" != "$VERSION_CODENAME" ]; then
  rm -rf "$host"
  mkdir -p "$host"
  private_apt "$host/apt" "$(dpkg --print-architecture)" "$VERSION_CODENAME"
  version="$(APT_CONFIG="$host/apt/apt.conf" apt-cache show gcc-aarch64-linux-gnu 2>/dev/null | sed -n 's/^Depends:.*gcc-\([0-9]*\)-aarch64-linux-gnu.*/\1/p' | sort -V | tail -1)"
  [ -n "$version" ] || stop 1 compiler "$VERSION_CODENAME has no gcc for aarch64-linux-gnu"
  fetch "$host/apt" "gcc-$version-aarch64-linux-gnu" "cpp-$version-aarch64-linux-gnu" binutils-aarch64-linux-gnu qemu-user-static
  for deb in "$host"/apt/debs/*.deb; do
    # Of its emulators for thirty machines, one.
    case "$deb" in
      */qemu-user-static_*) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$host" ./usr/bin/qemu-aarch64-static ;;
      *) dpkg-deb -x "$deb" "$host" ;;
    esac
  done
  rm -rf "$host/apt"
  echo "$version" > "$host/gcc"
  echo "$VERSION_CODENAME" > "$host/complete"
fi

# What Native AOT calls as its linker. Its targets speak clang's --target=, which gcc has in its name. Start files and libgcc are the
# sysroot's: those of a newer gcc ask for functions of a newer glibc.
bin="$cross/bin-$suite"
mkdir -p "$bin"
cat > "$bin/aarch64-linux-gnu-gcc" <<WRAP
#!/usr/bin/env bash
arguments=()
for argument in "\$@"; do case "\$argument" in --target=*) ;; *) arguments+=("\$argument") ;; esac; done
export LD_LIBRARY_PATH="$host/usr/lib/x86_64-linux-gnu" PATH="$host/usr/bin:\$PATH"
exec "$host/usr/bin/aarch64-linux-gnu-gcc-$(cat "$host/gcc")" --sysroot="$sysroot" -B"$sysroot/usr/lib/gcc/aarch64-linux-gnu/$gcc/" \\
  -isystem "$sysroot/usr/lib/gcc/aarch64-linux-gnu/$gcc/include" "\${arguments[@]}"
WRAP
cat > "$bin/aarch64-linux-gnu-objcopy" <<WRAP
#!/usr/bin/env bash
LD_LIBRARY_PATH="$host/usr/lib/x86_64-linux-gnu" exec "$host/usr/bin/aarch64-linux-gnu-objcopy" "\$@"
WRAP
cat > "$bin/run" <<WRAP
#!/usr/bin/env bash
exec "$host/usr/bin/qemu-aarch64-static" -L "$sysroot" "\$@"
WRAP
chmod 755 "$bin"/*
said compiler "$("$bin/aarch64-linux-gnu-gcc" --version | sed -n 1p)"

checked() { # FILE
  "$here/check-elf.sh" "$1" "$generation" >"$cross/table" 2>&1 || { cat "$cross/table" >&2; return 1; }
}
highest() { awk '$1 == "GLIBC" {print $2}' "$cross/table"; }

probes="$cross/probes-$generation"
mkdir -p "$probes"
# Linked and stripped with the words Native AOT uses for it (Microsoft.NETCore.Native.Unix.targets), so that they are known to be understood.
linking=(-gz=zlib -fuse-ld=bfd --sysroot="$sysroot" --target=aarch64-linux-gnu -g -Wl,-rpath,'$ORIGIN' -Wl,--build-id=sha1 -Wl,--as-needed -pthread
  -pie -Wl,-pie -Wl,-z,relro -Wl,-z,now -Wl,--eh-frame-hdr -Wl,--discard-all -Wl,--gc-sections)
{ "$bin/aarch64-linux-gnu-gcc" -Wall -Werror -O1 -fPIE -c -o "$probes/sqlite.o" "$here/probes/sqlite.c" \
    && "$bin/aarch64-linux-gnu-gcc" "$probes/sqlite.o" -o "$probes/sqlite" "$archive" "${linking[@]}" -ldl -lz -lrt -lm \
    && "$bin/aarch64-linux-gnu-objcopy" --only-keep-debug "$probes/sqlite" "$probes/sqlite.dbg" \
    && "$bin/aarch64-linux-gnu-objcopy" --strip-debug --strip-unneeded "$probes/sqlite" \
    && "$bin/aarch64-linux-gnu-objcopy" --add-gnu-debuglink="$probes/sqlite.dbg" "$probes/sqlite"
} || stop 1 sqlite "the probe does not link against $suite's libsqlite3.a"
checked "$probes/sqlite" || stop 1 sqlite "the probe cannot run on $device"
told="$("$bin/run" "$probes/sqlite" 2>&1)" || stop 1 sqlite "the probe failed under emulation: $told"
said sqlite "static, opened a database under emulation: $told; asks for GLIBC_$(highest), $device has $glibc"

"$bin/aarch64-linux-gnu-gcc" -Wall -Werror -O1 -pie -fPIE -o "$probes/load" "$here/probes/load.c" -ldl || stop 1 onnxruntime "the probe does not link"
library="$cross/onnxruntime/libonnxruntime.so.1"
"$PWD/.ci/setup" onnxruntime-arm64 "$cross/onnxruntime" >"$cross/log" 2>&1 || stop 4 onnxruntime "$(tail -1 "$cross/log")"
checked "$library" || stop 1 onnxruntime "the library cannot be loaded on $device"
told="$(ORT_DISABLE_TELEMETRY=1 "$bin/run" "$probes/load" "$library" 2>&1)" || stop 1 onnxruntime "it does not load under emulation: $told"
said onnxruntime "loaded under emulation: $told; asks for GLIBC_$(highest)"

# The same script as for x64 decides which framework's packs restore. Its exit code 3 is ours.
status=0
CROSS_SYSROOT="$sysroot" CROSS_BIN="$bin" aot/publish.sh linux-arm64 >"$cross/log" 2>&1 || status=$?
case $status in
  0) said publish "$(tail -1 "$cross/log")" ;;
  3)
    sed 's/^/cross:   /' "$cross/log" >&2
    stop 3 publish "the package sources have no Native AOT packs for linux-arm64; everything up to here works, and this goes on by itself when they appear"
    ;;
  *)
    sed 's/^/cross:   /' "$cross/log" >&2
    # NU1301: a package source does not answer.
    if grep -q "NU1301" "$cross/log"; then stop 4 publish "the package sources cannot be reached"; fi
    stop 1 publish "failed"
    ;;
esac

binary="artifacts/publish/linux-arm64/clawmesh-edge"
checked "$binary" || stop 1 check "the binary cannot run on $device"
said check "asks for GLIBC_$(highest), $device has $glibc and OpenSSL $openssl"
told="$("$bin/run" "$binary" version 2>&1)" || stop 1 smoke "the binary does not start under emulation: $told"
said smoke "$(sed -n 1p <<<"$told")"
