#!/usr/bin/env bash
# Whether a program or library can be loaded on a generation of devices:  cross-build/check-elf.sh FILE 5|6|7|x64
# A table of what it asks for and what is there (cross-build/generations); exit 1 when something is not.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

if [ $# -ne 2 ]; then
  echo "usage: check-elf.sh FILE 5|6|7|x64" >&2
  exit 2
fi
file="$1"
read -r _ machine device _ glibc glibcxx openssl _ < <(awk -v name="$2" '$1 == name' "$here/generations") || {
  echo "check-elf: no generation '$2'; $(awk '!/^#/ {printf "%s ", $1}' "$here/generations")are known." >&2
  exit 2
}
if ! header="$(readelf -hW "$file" 2>/dev/null)" || [ -z "$header" ]; then
  echo "check-elf: '$file' is not an ELF file." >&2
  exit 2
fi

# A library's own version names are definitions; only what it needs from others counts.
wanted="$(readelf -VW "$file" 2>/dev/null | awk '/Version needs section/ {on=1} /Version definition section/ {on=0} on')"
highest() { # PREFIX
  { grep -oE "\b$1_[0-9][0-9._a-z]*" <<<"$wanted" || true; } | sed "s/^$1_//" | tr _ . | sort -uV | tail -1
}
at_most() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -1)" = "$2" ]; }

bad=0
row() { # WHAT FOUND ALLOWED VERDICT
  [ "$4" = ok ] || bad=1
  printf '%-12s %-44s %-32s %s\n' "$1" "$2" "$3" "$4"
}

echo "$(basename "$file") on $device"
row "" found allowed ok | sed 's/ok$//'

found="$(sed -n 's/^ *Machine: *//p' <<<"$header")"
case "$found" in *"$machine"*) verdict=ok ;; *) verdict="other machine" ;; esac
row machine "$found" "$machine" "$verdict"

# Libraries have none.
loader="$(readelf -lW "$file" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')"
case "$machine" in
  AArch64) allowed=/lib/ld-linux-aarch64.so.1 ;;
  *) allowed=/lib64/ld-linux-x86-64.so.2 ;;
esac
case "$loader" in "" | "$allowed") verdict=ok ;; *) verdict="no such loader" ;; esac
row interpreter "${loader:-none}" "$allowed" "$verdict"

# What every Ubuntu and Debian has; anything else would have to be shipped.
case "$openssl" in 1.1) crypto="libssl.so.1.1 libcrypto.so.1.1" ;; *) crypto="libssl.so.3 libcrypto.so.3" ;; esac
present=" libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 ${allowed##*/} libgcc_s.so.1 libstdc++.so.6 libz.so.1 $crypto "
for needed in $(readelf -dW "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
  case "$present" in *" $needed "*) verdict=ok ;; *) verdict="not on every device" ;; esac
  row needed "$needed" "" "$verdict"
done

versions() { # PREFIX LIMIT
  local top
  top="$(highest "$1")"
  if [ -z "$top" ] || at_most "$top" "$2"; then row "$1" "${top:-none}" "$2" ok; else row "$1" "$top" "$2" "too new"; fi
}
versions GLIBC "$glibc"
versions GLIBCXX "$glibcxx"
# 1.1 stands for 1.1.1, its last; 3 for every 3.x, whose symbols are 3.0.0 or of a release that JetPack does not have.
case "$openssl" in 1.1) versions OPENSSL 1.1.1 ;; *) versions OPENSSL 3.0.0 ;; esac

exit $bad
