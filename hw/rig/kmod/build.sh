#!/usr/bin/env bash
# Builds the modules Debian's kernel leaves out, against that kernel:  build.sh KVER WORKDIR
# gpio-sim, gpio-pca953x, pwm-pca9685 and ina2xx are the kernel's own sources, unchanged; rig_*.c are ours. Nothing is installed.
set -euo pipefail
kver=$1; W=$2
here=$(cd "$(dirname "$0")" && pwd)
headers=$W/sysroot/usr/src
# Debian's headers name their other half by an absolute path; here it lies beside them.
echo "include $headers/linux-headers-${kver%-*}-common/Makefile" > "$headers/linux-headers-$kver/Makefile"
rm -rf "$W/kmod"
mkdir -p "$W/kmod"
cp "$here"/*.c "$here/Kbuild" "$W"/ksrc/drivers/gpio/{gpio-sim.c,gpio-pca953x.c,gpiolib.h} "$W/ksrc/kernel/irq/irq_sim.c" \
  "$W/ksrc/drivers/pwm/pwm-pca9685.c" "$W/ksrc/drivers/hwmon/ina2xx.c" "$W/kmod/"
make -s -C "$headers/linux-headers-$kver" M="$W/kmod" -j"$(nproc)" modules
strip --strip-debug "$W"/kmod/*.ko
