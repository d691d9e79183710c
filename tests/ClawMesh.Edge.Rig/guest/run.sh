# Runs in the guest as root: builds the bench, then every scenario in a shell of its own with a time limit of its own
# (30 s; a script that needs longer says `# limit: SECONDS`).
set -u
. /payload/bench.sh
trap 'exit 2' EXIT
set -e
bench_up
set +e
trap - EXIT
echo "RIG-BENCH up=$(cut -d' ' -f1 /proc/uptime)"
rc=0
for script in /payload/scenarios/*.sh; do
  scenario=$(basename "$script" .sh)
  limit=$(sed -n 's/^# limit: //p' "$script")
  export scenario STATE="/tmp/$scenario.state"
  mkdir -m 700 "$STATE"
  start=$(cut -d' ' -f1 /proc/uptime)
  echo "begin $scenario"
  timeout -k 2 "${limit:-30}" sh -c '. /tmp/bench.env; . /payload/bench.sh; . /payload/checks.sh; . "$1"' sh "$script" > /tmp/out 2>&1 < /dev/null
  [ $? -eq 143 ] && echo "timed out after ${limit:-30} s" >> /tmp/out
  cat /tmp/out
  echo "end $scenario $(awk "BEGIN { print $(cut -d' ' -f1 /proc/uptime) - $start }")"
  grep -q '^not ok' /tmp/out && rc=1
  killall -q -9 clawmesh-edge gpioset gpiomon modbus
  bench_rest
done
# A driver that upset the kernel has not passed, whatever it answered.
dmesg | grep -E 'Oops:|BUG:|general protection' && rc=3
exit $rc
