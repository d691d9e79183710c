#!/usr/bin/env bash
# Unpacks the ELF kernel from a Debian 12 bzImage (xz):  vmlinux.sh VMLINUZ VMLINUX
# QEMU boots the ELF directly (PVH), so that the guest need not unpack it in emulation.
set -euo pipefail
in=$1; out=$2
# xz complains of what follows its stream in the image: only what came out counts.
for offset in $(LC_ALL=C grep -obaP '\xFD7zXZ\x00' "$in" | cut -d: -f1); do
  tail -c +$((offset + 1)) "$in" | xz -dc --single-stream > "$out" 2>/dev/null || true
  [ "$(head -c4 "$out" | tail -c3)" = ELF ] && exit 0
done
echo "vmlinux: no ELF kernel in $in" >&2
exit 1
