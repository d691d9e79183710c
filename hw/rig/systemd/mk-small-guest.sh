#!/usr/bin/env bash
# Makes the guest of the many power cuts, an initramfs that boots in seconds:  mk-small-guest.sh RIGDIR BINARY OUT.cpio
# setup.sh's initramfs, the modules of a disk, and as payload the node and small-guest.sh.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
rig=$1; binary=$2; out=$3
kver=$(cut -d' ' -f1 "$rig/made")
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
mkdir -p "$T/mod" "$T/payload"
for module in crc32c_generic virtio_pci virtio_blk ext4; do
  modprobe -d "$rig/kernel" -S "$kver" --show-depends "$module" | awk '$1 == "insmod" { print $2 }' | while read -r file; do
    cp -u "$file" "$T/mod/"
    basename "$file"
  done > "$T/mod/$module.load"
  # Built into this kernel.
  [ -s "$T/mod/$module.load" ] || rm "$T/mod/$module.load"
done
cp "$binary" "$T/payload/clawmesh-edge"
cp "$here"/{bench-boot.sh,guest.sh,site.json} "$T/payload/"
cp "$here/small-guest.sh" "$T/payload/run.sh"
(cat "$rig/base.cpio"; cd "$T" && find . -print0 | cpio --null -o -H newc --quiet) > "$out"
