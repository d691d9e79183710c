#!/usr/bin/env bash
# Puts the node into a root as a user would, and makes the disk image of it:  install-node.sh WORKDIR BINARY OUT.ext4
# With CLAWMESH_DEB, the package is installed. Without, its files are put in place by hand: BINARY and the files of systemd/ here
# (or of CLAWMESH_UNITS).
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
W=$1; binary=$2; out=$3
repo=$(cd "$here/../../.." && pwd)
units=${CLAWMESH_UNITS:-$repo/systemd}
R=$W/installed
rm -rf "$R"
cp -a "$W/tree" "$R"
mkdir -p "$R/etc/clawmesh-edge"
cp "$here/site.json" "$R/etc/clawmesh-edge/site.json"
if [ -n "${CLAWMESH_DEB:-}" ]; then
  # Nothing is started in a root that does not run.
  printf '#!/bin/sh\nexit 101\n' > "$R/usr/sbin/policy-rc.d"
  chmod 755 "$R/usr/sbin/policy-rc.d"
  cp "$CLAWMESH_DEB" "$R/tmp/node.deb"
  chroot "$R" dpkg -i /tmp/node.deb
  rm -f "$R/usr/sbin/policy-rc.d" "$R/tmp/node.deb"
else
  install -D -m755 "$binary" "$R/usr/lib/clawmesh-edge/clawmesh-edge"
  install -D -m755 "$units/launcher" "$R/usr/bin/clawmesh-edge"
  install -D -m755 "$units/start-guard" "$R/usr/lib/clawmesh-edge/start-guard"
  install -D -m644 -t "$R/usr/lib/systemd/system" "$units"/*.service
  install -D -m644 "$units/clawmesh-edge.sysusers" "$R/usr/lib/sysusers.d/clawmesh-edge.conf"
  install -D -m644 "$units/clawmesh-edge.tmpfiles" "$R/usr/lib/tmpfiles.d/clawmesh-edge.conf"
  install -D -m644 -t "$R/usr/lib/udev/rules.d" "$repo"/hw/udev/*.rules
  chroot "$R" systemd-sysusers 2>/dev/null
  chroot "$R" systemctl --quiet enable clawmesh-edge.service clawmesh-edge-update.service
fi
"$here/mk-updates.sh" "$W/updates"
install -m644 "$W/updates/update.keys" "$R/etc/clawmesh-edge/update.keys"
install -D -m644 -t "$R/usr/share/rig-updates" "$W"/updates/*.bundle
mkdir -p "$R/var/lib/clawmesh-edge"
# Whose the files on the disk of the state must be.
chroot "$R" id -u clawmesh-edge > "$W/node-uid"
chroot "$R" id -g clawmesh-edge > "$W/node-gid"
rm -f "$out"
truncate -s 700M "$out"
mke2fs -q -F -t ext4 -E lazy_itable_init=1,nodiscard -d "$R" "$out"
rm -rf "$R"
