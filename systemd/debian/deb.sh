#!/usr/bin/env bash
# The Debian package of a published binary:  systemd/debian/deb.sh [RID]   →  artifacts/clawmesh-edge_VERSION_ARCHITECTURE.deb
# dpkg-deb alone: what debhelper would generate is a page, and that page says when outputs go safe, so it is ours to read.
# For tests, PACKAGE_VERSION, PACKAGE_OUT, PACKAGE_LEVEL and CLAWMESH_EDGE_BINARY name another version, folder, effort of xz and binary.
. "$(dirname "$0")/common.sh"
out="${PACKAGE_OUT:-artifacts}"
root="$work/root"
stage

put 644 systemd/debian/lintian-overrides usr/share/lintian/overrides/clawmesh-edge
put 644 CHANGELOG.md usr/share/doc/clawmesh-edge/changelog
cat > "$root/usr/share/doc/clawmesh-edge/changelog.Debian" <<TEXT
clawmesh-edge ($version-1) unstable; urgency=medium

  * Built from the sources of this version; changelog.gz tells what changed.

 -- $(sed -n 's/^Maintainer: //p' systemd/debian/control)  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
TEXT
gzip -9n "$root/usr/share/doc/clawmesh-edge/changelog" "$root/usr/share/doc/clawmesh-edge/changelog.Debian"

# Needed libraries are glibc's alone, so the package it needs is told by the newest of its symbols. OpenSSL is loaded by name at run time.
others="$(readelf -dW "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|librt\.so\.1|ld-linux.*)$' || true)"
if [ -n "$others" ]; then
  echo "package: $binary needs $others, and systemd/debian/deb.sh knows no package for it; add its Depends." >&2
  exit 1
fi
glibc="$(readelf -VW "$binary" | grep -oE 'GLIBC_[0-9]+\.[0-9.]+' | sed 's/GLIBC_//' | sort -uV | tail -1)"

mkdir -p "$root/DEBIAN"
# dpkg's own measure: whole KiB of each file and one for each folder (deb-substvars(5)).
installed="$(find "$root" -path "$root/DEBIAN" -prune -o -type f -printf '%s\n' -o -printf '1\n' | awk '{kib += int(($1 + 1023) / 1024)} END {print kib}')"
sed -e "s/@VERSION@/$version-1/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@GLIBC@/$glibc/" -e "s/@INSTALLED@/$installed/" systemd/debian/control > "$root/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "systemd/debian/$script" "$root/DEBIAN/$script"; done
(cd "$root" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
chmod 644 "$root"/DEBIAN/{control,md5sums}
settle "$root"

mkdir -p "$out"
deb="$out/clawmesh-edge_$version-1_$architecture.deb"
# One thread: xz cuts its input by their number otherwise. Named, because Ubuntu's dpkg would take zstd, which Debian's of 2021 cannot read.
DPKG_DEB_THREADS_MAX=1 dpkg-deb --root-owner-group -Zxz -z"${PACKAGE_LEVEL:-6}" --build "$root" "$deb" >/dev/null
echo "$deb"
