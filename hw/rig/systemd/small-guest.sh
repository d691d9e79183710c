# The payload of the small guest: the state's disk, the bench, the node, and the shell for the host. No systemd, no network.
ln -s /payload /rig
mkdir -p /var/lib/clawmesh-edge /run/clawmesh-edge
for module in crc32c_generic virtio_pci virtio_blk ext4; do [ ! -e /mod/$module.load ] || load $module; done
mount -t ext4 -o errors=remount-ro,noatime /dev/vda /var/lib/clawmesh-edge || echo "SMALL-GUEST no state"
. /rig/guest.sh
bench_boot
/payload/clawmesh-edge run --site /payload/site.json --state-dir /var/lib/clawmesh-edge --listen 127.0.0.1:0 --no-discovery 2>&1 | cat &
serve
