#!/usr/bin/env bash
# Boots the rig with a payload folder that holds run.sh, prints the guest's console and ends with the exit status of run.sh:
#   run-initramfs.sh WORKDIR PAYLOAD [LIMIT_S]
# 98: the guest panicked or was reset; 124: it did not end within LIMIT_S (120).
# ttyS1 and ttyS2 are joined inside QEMU, as by a null-modem cable. RIG_MEM, RIG_SMP, RIG_QEMU, RIG_APPEND, RIG_LOGLEVEL change the machine.
set -euo pipefail
W=$1; payload=$2; limit=${3:-120}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
mkdir "$T/tree"
cp -aL "$payload" "$T/tree/payload"
(cat "$W/base.cpio"; cd "$T/tree" && find . -print0 | cpio --null -o -H newc --quiet) > "$T/initrd"
status=0
# A guest's status N comes back as 2N+1, the only way isa-debug-exit has.
timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg -M pc -cpu max -smp "${RIG_SMP:-2}" -m "${RIG_MEM:-512}" \
  -nodefaults -no-user-config -no-reboot -display none -serial stdio \
  -chardev "socket,id=a,path=$T/nullmodem,server=on,wait=off" -chardev "socket,id=b,path=$T/nullmodem" -serial chardev:a -serial chardev:b \
  -device isa-debug-exit,iobase=0x501,iosize=1 ${RIG_QEMU:-} \
  -kernel "$W/vmlinux" -initrd "$T/initrd" \
  -append "console=ttyS0 quiet loglevel=${RIG_LOGLEVEL:-3} panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check cryptomgr.notests ${RIG_APPEND:-}" </dev/null || status=$?
case $status in
  124 | 137) echo "rig: timed out after $limit s" >&2; exit 124 ;;
  *[13579]) exit $(((status - 1) / 2)) ;;
esac
exit 98
