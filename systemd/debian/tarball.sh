#!/usr/bin/env bash
# The same files without dpkg:  systemd/debian/tarball.sh [RID]   →  artifacts/clawmesh-edge-VERSION-RID.tar.xz
. "$(dirname "$0")/common.sh"
out="${PACKAGE_OUT:-artifacts}"
name="clawmesh-edge-$version-$rid"
root="$work/$name"
stage
put 644 systemd/debian/INSTALL INSTALL
put 644 CHANGELOG.md usr/share/doc/clawmesh-edge/CHANGELOG.md
put 644 LICENSES/Apache-2.0.txt usr/share/doc/clawmesh-edge/notices/Apache-2.0.txt
settle "$root"

mkdir -p "$out"
tar -C "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf "$work/tar" "$name"
xz -T1 -"${PACKAGE_LEVEL:-6}" -c "$work/tar" > "$out/$name.tar.xz"
echo "$out/$name.tar.xz"
