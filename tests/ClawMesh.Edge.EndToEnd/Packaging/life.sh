#!/usr/bin/env bash
# The life of the package on a machine: installed, started, upgraded, removed, purged, by the real dpkg with the real maintainer scripts and
# the real node, on a copy of this machine's root that nobody else sees and that is gone afterwards.
#   life.sh OLD.deb NEW.deb FOLDER        run by PackageLife inside mount and pid namespaces of its own; prints NAME=VALUE lines
# There is no systemd in there: a small systemctl in $PATH starts and stops the node as the unit would, and keeps a record of who asked for what.
set -euo pipefail
old="$1" new="$2" folder="$3"

mount -t tmpfs tmpfs "$folder"
mkdir "$folder"/{upper,work,top}
if ! mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/top" 2>/dev/null; then
  echo "unable=this kernel makes no overlay of its root"
  exit 0
fi
cp "$old" "$folder/top/old.deb"
cp "$new" "$folder/top/new.deb"
mount -t proc proc "$folder/top/proc"
mount --bind /dev "$folder/top/dev"
mount -t tmpfs tmpfs "$folder/top/run"
mount -t tmpfs tmpfs "$folder/top/tmp"
mkdir -p "$folder/top/run/systemd/system" "$folder/top/stand-ins"
rm -f "$folder/top/usr/sbin/policy-rc.d"

cat > "$folder/top/stand-ins/systemctl" <<'STANDIN'
#!/bin/sh
# Knows one service. The verbs are those that the maintainer scripts and deb-systemd-invoke use.
while :; do case "${1-}" in --*) shift ;; *) break ;; esac; done
verb=${1-}; shift || true
echo "$verb $*" >> /stand-ins/record
alive() { [ -f /stand-ins/pid ] && kill -0 "$(cat /stand-ins/pid)" 2>/dev/null; }
start() {
  setpriv --reuid=clawmesh-edge --regid=clawmesh-edge --clear-groups /usr/bin/clawmesh-edge run --listen 127.0.0.1:0 --no-discovery \
    > /stand-ins/log 2>&1 < /dev/null &
  echo $! > /stand-ins/pid
  tries=0
  until setpriv --reuid=clawmesh-edge --regid=clawmesh-edge --clear-groups /usr/bin/clawmesh-edge status --json > /dev/null 2>&1; do
    tries=$((tries + 1)); [ $tries -lt 200 ] || return 1
    sleep 0.1
  done
}
stop() {
  [ ! -e /stand-ins/unstoppable ] || return 1
  alive || return 0
  kill -TERM "$(cat /stand-ins/pid)"
  tries=0
  while alive; do tries=$((tries + 1)); [ $tries -lt 200 ] || return 1; sleep 0.1; done
  rm -f /stand-ins/pid
}
case "$verb $*" in
  "is-active "*clawmesh-edge.service*) alive ;;
  "is-failed "*) [ -e /stand-ins/failed ] ;;
  "stop "*clawmesh-edge.service*) stop ;;
  "start "*clawmesh-edge.service*) start ;;
  "restart "*clawmesh-edge.service*) stop && start ;;
  # deb-systemd-helper enables by preset at the first installation; Debian's enables everything.
  "preset "*)
    mkdir -p /etc/systemd/system/multi-user.target.wants
    for unit in "$@"; do ln -sfn "/usr/lib/systemd/system/$unit" "/etc/systemd/system/multi-user.target.wants/$unit"; done
    ;;
  # deb-systemd-invoke asks whether a unit is masked.
  "show "*) echo loaded ;;
  *) : ;;
esac
STANDIN
cat > "$folder/top/stand-ins/udevadm" <<'STANDIN'
#!/bin/sh
echo "udevadm $*" >> /stand-ins/record
STANDIN
chmod 755 "$folder"/top/stand-ins/*

cat > "$folder/top/stand-ins/life" <<'LIFE'
set -uo pipefail
export PATH="/stand-ins:$PATH" DEBIAN_FRONTEND=noninteractive LC_ALL=C HOME=/nonexistent
unset CLAWMESH_STATE_DIR XDG_RUNTIME_DIR INVOCATION_ID
say() { printf '%s=%s\n' "$1" "${2//$'\n'/ / }"; }
# --force-depends: what the machine of a test has of systemd and OpenSSL is not the question. The rest is about time: nothing in here
# outlives the test, and man-db would index all manual pages of the machine.
install() { : > /stand-ins/record; dpkg --force-depends --force-unsafe-io --no-triggers -i "$1" > /stand-ins/dpkg 2>&1; say "$2.exit" $?; say "$2.said" "$(grep '^clawmesh-edge:\|^  sudo' /stand-ins/dpkg)"; record "$2"; }
record() { say "$1.asked" "$(grep -E '^(start|stop|restart|daemon-reload)' /stand-ins/record | tr '\n' ';')"; }
edge() { setpriv --reuid=clawmesh-edge --regid=clawmesh-edge --clear-groups clawmesh-edge "$@"; }
valve() { od -An -t f8 -j 112 -N 8 /var/lib/clawmesh-edge/sim/outputs | tr -d ' '; }
wanted() { [ -L "/etc/systemd/system/multi-user.target.wants/$1.service" ] && echo yes || echo no; }
there() { [ -e "$1" ] && echo yes || echo no; }
identity() { sha256sum /var/lib/clawmesh-edge/identity/device.json | cut -c1-16; }

userdel clawmesh-edge 2>/dev/null
install /old.deb first
say first.user "$(getent passwd clawmesh-edge | cut -d: -f6,7)"
say first.state "$(stat -c '%a %U:%G' /var/lib/clawmesh-edge)"
say first.wanted "$(wanted clawmesh-edge) $(wanted clawmesh-edge-update)"
say first.running "$(systemctl is-active clawmesh-edge.service && echo yes || echo no)"
say first.udev "$(grep -c '^udevadm' /stand-ins/record)"
say first.runs "$(edge version --json | grep -o '"kind":"version"')"

edge config set site simulated >/dev/null 2>&1; say site.exit $?
systemctl start clawmesh-edge.service; say started.exit $?
edge actuate actuator:valve:zone-1 open --for 10m >/dev/null 2>/stand-ins/error; say open.exit $?
say open.valve "$(valve)"
before=$(identity) pid=$(cat /stand-ins/pid)

install /new.deb upgrade
say upgrade.valve "$(valve)"
say upgrade.other_process "$([ "$pid" != "$(cat /stand-ins/pid)" ] && echo yes || echo no)"
say upgrade.alive "$(systemctl is-active clawmesh-edge.service && echo yes || echo no)"
say upgrade.same_identity "$([ "$before" = "$(identity)" ] && echo yes || echo no)"

# An update that is not older than the package stays, and what runs is left alone.
for release in 2.0.0 1.0.5; do
  mkdir -p /opt/clawmesh-edge/releases/$release
  cp /usr/lib/clawmesh-edge/clawmesh-edge /opt/clawmesh-edge/releases/$release/
done
ln -s releases/2.0.0 /opt/clawmesh-edge/current
install /new.deb newer_update
say newer_update.current "$(readlink /opt/clawmesh-edge/current)"
# One on trial is decided by the start guard.
ln -sfn releases/1.0.5 /opt/clawmesh-edge/current
echo release=1.0.5 > /opt/clawmesh-edge/trial
install /new.deb trial
say trial.current "$(readlink /opt/clawmesh-edge/current)"
rm /opt/clawmesh-edge/trial
install /new.deb older_update
say older_update.current "$(readlink /opt/clawmesh-edge/current || echo packaged)"
say older_update.kept "$(there /opt/clawmesh-edge/releases/1.0.5/clawmesh-edge)"

# What an administrator switched off stays off.
rm -f /etc/systemd/system/multi-user.target.wants/clawmesh-edge.service
install /new.deb disabled
say disabled.wanted "$(wanted clawmesh-edge)"

touch /stand-ins/unstoppable
dpkg --no-triggers --remove clawmesh-edge > /stand-ins/dpkg 2>&1; say unstoppable.exit $?
say unstoppable.binary "$(there /usr/lib/clawmesh-edge/clawmesh-edge)"
rm /stand-ins/unstoppable
touch /stand-ins/failed
dpkg --no-triggers --remove clawmesh-edge > /stand-ins/dpkg 2>&1; say failed.exit $?
say failed.binary "$(there /usr/lib/clawmesh-edge/clawmesh-edge)"
rm /stand-ins/failed
systemctl start clawmesh-edge.service

edge actuate actuator:valve:zone-1 open --for 10m >/dev/null 2>/stand-ins/error; say reopen.exit $?
say reopen.valve "$(valve)"
: > /stand-ins/record
dpkg --no-triggers --remove clawmesh-edge > /stand-ins/dpkg 2>&1; say remove.exit $?
record remove
say remove.valve "$(valve)"
say remove.binary "$(there /usr/lib/clawmesh-edge/clawmesh-edge)"
say remove.state "$(there /var/lib/clawmesh-edge/edge.db) $(there /opt/clawmesh-edge/releases)"
say remove.status "$(dpkg-query -W -f='${db:Status-Abbrev}' clawmesh-edge)"

install /new.deb again
say again.same_identity "$([ "$before" = "$(identity)" ] && echo yes || echo no)"
say again.wanted "$(wanted clawmesh-edge)"

dpkg --no-triggers --purge clawmesh-edge > /stand-ins/dpkg 2>&1; say purge.exit $?
say purge.left "$(ls -d /var/lib/clawmesh-edge /opt/clawmesh-edge /etc/clawmesh-edge /run/clawmesh-edge /usr/lib/clawmesh-edge /etc/systemd/system/multi-user.target.wants/clawmesh-edge* 2>/dev/null)"
say purge.user "$(getent passwd clawmesh-edge >/dev/null && echo stays)"
LIFE
chroot "$folder/top" bash /stand-ins/life
