#!/usr/bin/env bash
# Makes what a boot of the rig needs, from Debian packages only:  setup.sh WORKDIR
#   WORKDIR/vmlinux     Debian's stock kernel, unpacked (QEMU would take seconds to unpack it)
#   WORKDIR/base.cpio   the initramfs without a payload
# Does nothing when WORKDIR was made from this kernel by these scripts. Installs nothing: `.ci/setup rig` does.
# Exit status 3: it cannot be had on this machine (a tool or a package is missing). RIG_KVER pins the kernel.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
W=$(mkdir -p "${1:?usage: setup.sh WORKDIR}" && cd "$1" && pwd)

unavailable() { echo "rig: $*" >&2; exit 3; }
for tool in qemu-system-x86_64 busybox depmod cpio xz gcc make dpkg-deb apt-get flock; do
  command -v "$tool" >/dev/null || unavailable "$tool is missing; \`.ci/setup rig\` installs it"
done
exec 9> "$W/.lock"
flock 9

made=$(cat "$W/made" 2>/dev/null || true)
scripts=$(cd "$here" && cat setup.sh vmlinux.sh mk-initramfs.sh guest-init kmod/* probe/* | sha256sum | cut -c1-16)
# A newer kernel is built for as soon as apt knows it; a machine that has no package lists keeps what it has.
kver=${RIG_KVER:-$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: linux-image-//p' | head -1 || true)}
kver=${kver:-${made% *}}
[ -n "$kver" ] || unavailable "apt knows no linux-image-amd64; \`apt-get update\`, on a Debian 12"
case $kver in 6.1.*-amd64) ;; *) unavailable "the modules are for Debian 12's kernel 6.1, and this machine offers $kver" ;; esac
if [ "$made" = "$kver $scripts" ]; then
  echo "rig: up to date, kernel $kver"
  exit 0
fi

rm -f "$W/made"
if [ "$(cat "$W/fetched" 2>/dev/null)" != "$kver virtio_net" ]; then
  echo "rig: fetching kernel $kver and its headers"
  rm -rf "$W"/{debs,kernel,sysroot,ksrc,fetched}
  mkdir -p "$W"/{debs,kernel,sysroot,ksrc}
  common=linux-headers-${kver%-*}-common
  (cd "$W/debs" && apt-get -qq download "linux-image-$kver" "linux-headers-$kver" "$common" linux-kbuild-6.1 linux-source-6.1 \
    gpiod libgpiod2 i2c-tools libi2c0) 2> "$W/fetch.log" || unavailable "apt cannot download kernel $kver: $(grep -m1 '^E:' "$W/fetch.log")"
  dpkg-deb -x "$W"/debs/linux-image-*.deb "$W/kernel"
  # The large trees no bench needs: the folder is cached. Of the network only what the boot test talks by stays.
  (cd "$W/kernel/lib/modules/$kver/kernel" && mkdir rig-net && mv net/core/failover.ko drivers/net/net_failover.ko drivers/net/virtio_net.ko rig-net/ &&
    rm -rf sound net drivers/{net,gpu,media,infiniband,scsi,usb,staging,target,isdn})
  for deb in "$W"/debs/linux-headers-*.deb "$W"/debs/linux-kbuild-*.deb "$W"/debs/{gpiod,libgpiod2,i2c-tools,libi2c0}_*.deb; do
    dpkg-deb -x "$deb" "$W/sysroot"
  done
  tree=linux-source-6.1
  dpkg-deb --fsys-tarfile "$W"/debs/linux-source-*.deb | tar -xO "./usr/src/$tree.tar.xz" | xz -dc |
    tar -x -C "$W/ksrc" --strip-components=1 --wildcards "$tree/drivers/gpio/gpio*" "$tree/kernel/irq/irq_sim.c" "$tree/drivers/pwm/pwm-pca9685.c" "$tree/drivers/hwmon/ina2xx.c"
  rm -rf "$W/debs"
  "$here/vmlinux.sh" "$W/kernel/boot/vmlinuz-$kver" "$W/vmlinux"
  echo "$kver virtio_net" > "$W/fetched"
fi

echo "rig: building modules and the initramfs"
"$here/kmod/build.sh" "$kver" "$W" > "$W/kmod.log" 2>&1 || { cat "$W/kmod.log" >&2; exit 1; }
mkdir -p "$W/probe"
for source in "$here"/probe/*.c; do gcc -O2 -Wall -static -o "$W/probe/$(basename "$source" .c)" "$source"; done
"$here/mk-initramfs.sh" "$kver" "$W"
echo "$kver $scripts" > "$W/made"
