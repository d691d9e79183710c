# The kernel's watchdog: fed while the safety tick beats, stopped by a proper end, fired by a death, and left to whoever has it.
# limit: 60
# beside: buses
site=/payload/data/watchdog-site.json
dog=/sys/class/watchdog/watchdog0
printf '{ "edge": { "watchdog": { "device": "%s", "timeoutMs": 5000 } } }' "$WATCHDOG" > "$STATE/node.json"
# Whatever ran before may have left it armed: closing it properly is how it stops.
printf V > "$WATCHDOG"
dmesg -c > /dev/null

node_start --site $site
first=$node; fed=$(up_ms)
match "the node says that its tick feeds it" "$(call mesh.events '{"type":"startup"}')" "The safety tick feeds .*$WATCHDOG"
eq "the kernel shows it running, with the node's limit" "$(cat $dog/state) $(cat $dog/timeout)" "active 5"

# A second one, with a state directory of its own, is told that somebody has it, and runs.
mkdir -m 700 "$STATE.2"; cp "$STATE/node.json" "$STATE.2"
STATE_1=$STATE; STATE=$STATE.2
node_start --site $site
second=$(call mesh.events '{"type":"startup"}')
match "a watchdog that is held is left to its holder" "$second" "held by somebody else"
match "which is no failure" "$(echo "$second" | grep -o '{[^{}]*held by somebody else[^{}]*}')" '"severity":"info"'
kill -TERM "$node"; wait "$node"
STATE=$STATE_1; node=$first
eq "the holder has it still" "$(cat $dog/state)" active

# Nobody fed it for as long as the limit, had the node not.
while [ $(($(up_ms) - fed)) -lt 5500 ]; do sleep 0.2; done
eq "it has not bitten" "$(dmesg | grep -c 'softdog: Triggered')" 0
kill -TERM "$node"; wait "$node"
eq "a proper end stops it" "$(cat $dog/state) $(dmesg | grep -c 'did not stop')" "inactive 0"

node_start --site $site
node_kill
match "a death leaves it running" "$(dmesg)" 'watchdog did not stop'
wait_for 8 eval 'dmesg | grep -q "softdog: Triggered"'
match "and it bites" "$(dmesg)" 'softdog: Triggered'
printf V > "$WATCHDOG"
