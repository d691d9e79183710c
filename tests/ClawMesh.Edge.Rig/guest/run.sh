# Runs in the guest as root: builds the bench, then every scenario in a shell of its own with a time limit of its own
# (30 s; a script that needs longer says `# limit: SECONDS`). One that says `# beside: NAME` runs at the same time as that one and
# must leave alone what that one uses; several of them run one after the other.
set -u
. /payload/bench.sh
trap 'exit 2' EXIT
set -e
bench_up
set +e
trap - EXIT
echo "RIG-BENCH up=$(cut -d' ' -f1 /proc/uptime)"
rc=0
beside() { sed -n 's/^# beside: //p' "$1"; }

one() { # one SCRIPT: what it said goes to /tmp/NAME.out
  scenario=$(basename "$1" .sh)
  limit=$(sed -n 's/^# limit: //p' "$1")
  export scenario STATE="/tmp/$scenario.state"
  mkdir -m 700 "$STATE"
  start=$(cut -d' ' -f1 /proc/uptime)
  {
    echo "begin $scenario"
    timeout -k 2 "${limit:-30}" sh -c '. /tmp/bench.env; . /payload/bench.sh; . /payload/checks.sh; . "$1"' sh "$1" 2>&1 < /dev/null
    [ $? -eq 143 ] && echo "timed out after ${limit:-30} s"
    echo "end $scenario $(awk "BEGIN { print $(cut -d' ' -f1 /proc/uptime) - $start }")"
  } > "/tmp/$scenario.out"
}

for script in /payload/scenarios/*.sh; do
  main=$(beside "$script")
  [ -n "$main" ] && [ -e "/payload/scenarios/$main.sh" ] && continue
  name=$(basename "$script" .sh)
  together=$name
  for other in /payload/scenarios/*.sh; do
    [ "$(beside "$other")" = "$name" ] && together="$together $(basename "$other" .sh)"
  done
  # Those beside it come one after the other: more than two at a time would only wait for the processor.
  (for other in ${together#"$name"}; do one "/payload/scenarios/$other.sh"; done) &
  one "$script"
  wait $!
  for scenario in $together; do
    cat "/tmp/$scenario.out"
    grep -q '^not ok' "/tmp/$scenario.out" && rc=1
  done
  killall -q -9 clawmesh-edge gpioset gpiomon modbus
  bench_rest
done
# A driver that upset the kernel has not passed, whatever it answered.
dmesg | grep -E 'Oops:|BUG:|general protection' && rc=3
exit $rc
