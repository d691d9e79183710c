#!/usr/bin/env bash
# Makes WORKDIR/base.cpio:  mk-initramfs.sh KVER WORKDIR
# busybox, the kernel modules the bench wants with what they depend on, gpiod and i2c-tools, the probes, and the shared libraries a
# Native AOT program opens. The payload is a second cpio behind it. RIG_MODULES, RIG_LIBS: more modules by name, libraries by path.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
kver=$1; W=$2
here=$(cd "$(dirname "$0")" && pwd)
lib=lib/x86_64-linux-gnu
R=$W/initramfs
rm -rf "$R"
mkdir -p "$R"/{bin,sbin,etc,proc,sys,dev,run,tmp,payload,mod,$lib,lib64,usr/bin,usr/sbin}
cp "$(command -v busybox)" "$R/bin/busybox"

# Each module with its dependencies, in the order to load them: flat in /mod, the order in /mod/NAME.load.
tree=$W/kernel/lib/modules/$kver
mkdir -p "$tree/rig"
cp "$W"/kmod/*.ko "$tree/rig/"
depmod -b "$W/kernel" "$kver"
for module in gpio-sim gpio-pca953x i2c-dev rig_i2c rig_spi rig_w1 w1_therm pwm-pca9685 lm75 ina2xx bmp280-i2c softdog ${RIG_MODULES:-}; do
  files=$(modprobe -d "$W/kernel" -S "$kver" --show-depends "$module" | awk '$1 == "insmod" { print $2 }')
  for file in $files; do
    cp -u "$file" "$R/mod/"
    basename "$file" >> "$R/mod/$module.load"
  done
done

L=$W/sysroot/usr/$lib
add_tool() { # FILE, with the libraries it is linked against
  cp "$1" "$R/usr/bin/"
  for so in $(LD_LIBRARY_PATH=$L ldd "$1" | grep -o '/[^ ]*\.so[^ ]*'); do
    case $so in */ld-linux-x86-64.so.2) cp -Lu "$so" "$R/lib64/" ;; *) cp -Lu "$so" "$R/$lib/" ;; esac
  done
}
for tool in gpiodetect gpioinfo gpioget gpioset gpiomon; do add_tool "$W/sysroot/usr/bin/$tool"; done
for tool in i2cdetect i2cget i2cset i2cdump i2ctransfer; do add_tool "$W/sysroot/usr/sbin/$tool"; done
cp "$W"/probe/* "$R/usr/bin/"
for so in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libgcc_s.so.1 libcrypto.so.3 libssl.so.3; do
  if [ -e "/$lib/$so" ]; then cp -Lu "/$lib/$so" "$R/$lib/"; else cp -Lu "/usr/$lib/$so" "$R/$lib/"; fi
done
for so in ${RIG_LIBS:-}; do cp -Lu "$so" "$R/$lib/"; done

install -m755 "$here/guest-init" "$R/init"
(cd "$R" && find . -print0 | cpio --null -o -H newc --quiet) > "$W/base.cpio"
