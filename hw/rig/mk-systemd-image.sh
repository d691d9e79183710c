#!/usr/bin/env bash
# Makes what a boot with systemd needs, out of Debian packages:  mk-systemd-image.sh RIGDIR WORKDIR
#   RIGDIR             made by setup.sh: the kernel, its modules, the probes
#   WORKDIR/tree       a Debian 12 root with systemd and the bench of systemd/; no node in it yet (systemd/install-node.sh)
#   WORKDIR/boot.cpio  the initramfs that mounts its disk
# Does nothing when WORKDIR was made from this kernel by these scripts. Needs root. Packages come from the machine's own apt sources.
# Exit status 3: it cannot be had on this machine.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
rig=$(cd "${1:?usage: mk-systemd-image.sh RIGDIR WORKDIR}" && pwd)
W=$(mkdir -p "${2:?usage: mk-systemd-image.sh RIGDIR WORKDIR}" && cd "$2" && pwd)

unavailable() { echo "rig: $*" >&2; exit 3; }
for tool in mmdebstrap mke2fs e2fsck debugfs modprobe depmod cpio busybox; do
  command -v "$tool" >/dev/null || unavailable "$tool is missing; \`.ci/setup rig-systemd\` installs it"
done
[ "$(id -u)" -eq 0 ] || unavailable "an image with its owners takes root"

kver=$(cut -d' ' -f1 "$rig/made")
key="$(cat "$rig/made") $(cd "$here" && cat mk-systemd-image.sh systemd/*.sh systemd/*.service | sha256sum | cut -c1-16)"
if [ "$(cat "$W/made" 2>/dev/null)" = "$key" ]; then
  echo "rig: the image is up to date, kernel $kver"
  exit 0
fi
rm -rf "$W/made" "$W/tree"

packages=systemd,systemd-sysv,udev,dbus,kmod,iproute2,i2c-tools,e2fsprogs,libssl3
root=$W/root-$(echo "$packages" | sha256sum | cut -c1-12).tar
if [ ! -e "$root" ]; then
  echo "rig: making a Debian root"
  rm -f "$W"/root-*.tar
  mmdebstrap --quiet --variant=minbase --include=$packages \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    bookworm "$W/partial.tar" > "$W/mmdebstrap.log" 2>&1 || unavailable "mmdebstrap made no root: $(tail -n 1 "$W/mmdebstrap.log")"
  mv "$W/partial.tar" "$root"
fi

T=$W/tree
mkdir "$T"
tar -x --numeric-owner -C "$T" -f "$root" --exclude='./dev/*'
install_modules() { # FOLDER MODULE..: with what they depend on, as a tree of /lib/modules
  local folder=$1/lib/modules/$kver file
  shift
  mkdir -p "$folder"
  for file in $(for module in "$@"; do modprobe -d "$rig/kernel" -S "$kver" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'; done | awk '!s[$0]++'); do
    cp "$file" "$folder/"
    echo "${file##*/}" >> "$folder/order"
  done
  cp "$rig/kernel/lib/modules/$kver"/modules.{builtin,builtin.modinfo,order} "$folder/"
}
install_modules "$T" gpio-sim rig_i2c i2c-dev virtio_net autofs4
depmod -b "$T" "$kver"

echo 0123456789abcdef0123456789abcdef > "$T/etc/machine-id"
echo rig > "$T/etc/hostname"
printf '127.0.0.1 localhost rig\n' > "$T/etc/hosts"
# The state on a disk of its own, as ext4 turns read-only on an error by Debian's default for the root.
echo '/dev/vdb /var/lib/clawmesh-edge ext4 errors=remount-ro,noatime 0 2' > "$T/etc/fstab"
mkdir -p "$T/etc/systemd/journald.conf.d" "$T/rig" "$T/etc/systemd/system/systemd-udev-trigger.service.d" "$T/etc/systemd/system/sysinit.target.wants"
printf '[Journal]\nStorage=volatile\nForwardToConsole=no\nRateLimitBurst=0\n' > "$T/etc/systemd/journald.conf.d/rig.conf"
ln -sf multi-user.target "$T/etc/systemd/system/default.target"
# A board has a few devices where a PC has hundreds; going through those takes seconds in emulation.
printf '[Service]\nExecStart=\nExecStart=udevadm trigger --action=add --subsystem-match=block --subsystem-match=net\n' > "$T/etc/systemd/system/systemd-udev-trigger.service.d/rig.conf"
# What says nothing about the node and costs seconds in emulation.
for unit in getty@.service serial-getty@.service getty.target systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-random-seed.service \
  systemd-pstore.service systemd-hwdb-update.service systemd-journal-flush.service ldconfig.service systemd-logind.service modprobe@.service \
  sys-kernel-tracing.mount sys-kernel-debug.mount dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount systemd-modules-load.service \
  kmod-static-nodes.service systemd-user-sessions.service systemd-remount-fs.service systemd-tmpfiles-clean.timer; do
  ln -sf /dev/null "$T/etc/systemd/system/$unit"
done
cp "$here"/systemd/bench-boot.sh "$here"/systemd/guest.sh "$T/rig/"
cp "$rig/probe/edgecall" "$rig/probe/pinwatch" "$T/usr/local/bin/"
cp "$here"/systemd/rig-bench.service "$here"/systemd/rig-shell.service "$T/etc/systemd/system/"
ln -s ../rig-bench.service ../rig-shell.service "$T/etc/systemd/system/sysinit.target.wants/"

B=$W/boot
rm -rf "$B"
mkdir -p "$B"/{bin,dev,proc,disk}
cp "$(command -v busybox)" "$B/bin/"
install_modules "$B" virtio_pci virtio_blk ext4 crc32c_generic
rm -f "$B/lib/modules/$kver"/modules.*
cat > "$B/init" <<'X'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
cd /lib/modules/*
while read -r file; do /bin/busybox insmod "$file"; done < order
/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /disk || exec /bin/busybox poweroff -f
/bin/busybox mount --move /dev /disk/dev
exec /bin/busybox switch_root /disk /sbin/init
X
chmod +x "$B/init"
(cd "$B" && find . -print0 | cpio --null -o -H newc --quiet) > "$W/boot.cpio"
echo "$key" > "$W/made"
