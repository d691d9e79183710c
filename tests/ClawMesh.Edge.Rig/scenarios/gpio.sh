# Relays, a latching valve, a button and a flow meter on the kernel's GPIO character device: what moves the pin, who holds it, what a
# death leaves behind.
# limit: 60
site=/payload/data/gpio-site.json
open() { edge actuate "$1" open --for "${2:-10s}" --json > "$STATE.actuate" 2>&1; echo $? > "$STATE.rc"; }

# The plant: the relay's auxiliary contact on line 8 follows its coil on line 0.
(while :; do pull 8 $([ "$(level 0)" = 1 ] && echo up || echo down); sleep 0.05; done) & plant=$!

node_start --site $site
eq "the relay is requested at its safe value" "$(level 0)" 0
eq "an output whose safe state is active is driven active" "$(level 1)" 1
match "the kernel names us as the holder" "$(edge scan --json)" '"name":"relay-1","used":true,"consumer":"clawmesh:relay:R1"'

open actuator:relay:R1
eq "an open is done" "$(cat "$STATE.rc")" 0
match "the effect was seen on the contact" "$(cat "$STATE.actuate")" '"outcome":"done"'
eq "the pin is high" "$(level 0)" 1
edge actuate actuator:relay:R1 close > /dev/null 2>&1
eq "the pin is low after a close" "$(level 0)" 0
wait_for 3 sensor_is sensor:contact:R1 0

trace_on
edge actuate actuator:relay:R1 open --for 1s > /dev/null 2>&1
wait_for 5 pin_is 0 0
eq "a lease that ended leaves the pin low" "$(level 0)" 0
on_ms=$(trace | awk '$2 == "a0" && $3 == 1 { on = $1 } $2 == "a0" && $3 == 0 && on { print int(($1 - on) / 1000); exit }')
within "the pin was high for the lease" "$on_ms" 900 2500
figure lease-1s-pin-high "$on_ms" ms

trace_on
edge actuate actuator:valve:V1 open --json > /dev/null 2>&1
both=$(trace | awk '{ v[$2] = $3 } v["a2"] == 1 && v["a3"] == 1 { n++ } END { print n + 0 }')
eq "never are both coils of a latching valve powered" "$both" 0
eq "no coil stays powered" "$(level 2)$(level 3)" 00

before=$(sensor sensor:button:B1)
mark pressed; pull 4 up
wait_for 3 sensor_is sensor:button:B1 1
eq "an edge is told long before the button's next sample" "$before $(sensor sensor:button:B1)" "0 1"
for n in 1 2 3 4 5 6 7 8; do pull 4 down; pull 4 up; sleep 0.1; done
safety=$(call mesh.status | grep -o '"edgeToFrame":{[^}]*}')
figure edge-to-frame-p99 "$(echo "$safety" | _field p99Microseconds)" us

for n in $(seq 1 20); do pull 5 up; pull 5 down; sleep 0.02; done
wait_for 3 eval '[ "$(sensor sensor:flow:F1)" != 0 ]'
match "pulses are a flow" "$(sensor sensor:flow:F1)" '^[0-9]*[1-9]'

open actuator:relay:R1 30s
eq "energised before the kill" "$(level 0)" 1
node_kill
safe=$(edge safe-state --json)
eq "safe-state after SIGKILL ends with 0" $? 0
eq "the pin is low after safe-state" "$(level 0)" 0
match "safe-state confirms what it wrote" "$safe" '"ref":"actuator:relay:R1"[^}]*"confirmed":true'

# Somebody else takes the line: the node says who, and refuses to arm.
gpioset -m signal -b rig-gpio 0=0 2> /dev/null || gpioset --mode=signal --background "$(basename $GPIO_A)" 0=0
diag=$(edge diag io --json)
match "diag names who holds the line" "$diag" "held by 'gpioset'"
node_start --site $site
edge actuate actuator:relay:R1 open --json > "$STATE.busy" 2>&1
eq "an output whose line is held by another is refused" $? 3
eq "and its pin was not moved" "$(level 0)" 0
killall gpioset
wait_for 10 eval 'edge actuate actuator:relay:R1 close > /dev/null 2>&1'
kill $plant
kill -TERM "$node"; wait "$node"
# Line 1 says nothing here: its safe state is active, and the kernel lets go of a line whose holder ends. docs/site-files.md says so.
eq "a stop leaves every pin safe that rests low" "$(level 0)$(level 2)$(level 3)" 000
