# A driver that blocks in the kernel for ten seconds, and what the sensors of other buses and the safety tick notice of it; the tick
# under load; many edges.
# limit: 45
site=$STATE/site.json
sed "s/i2c-DUT/i2c-$DUT/; s/i2c-BENCH/i2c-$BENCH/" /payload/data/wedged-site.json > "$site"
safety() { call mesh.status | grep -o '"safety":{.*"edgeToFrame":{[^}]*}'; }
part() { echo "$1" | grep -o "\"$2\":{[^}]*}" | _field "$3"; }     # part SAFETY NAME FIELD
ages() { call mesh.status | grep -o '"id":"sensor:free:[^{}]*"ageMs":[0-9]*' | sed 's/.*free:\([a-z0-9]*\)".*:/\1 /'; }
oldest() { sort -k1,1 -k2,2nr "$STATE.ages" | awk -v s="$1" '$1 == s { print $2; exit }'; }

echo "0 1234" > /tmp/field; modbus_field 7 /tmp/field
node_start --site "$site"
wait_for 5 sensor sensor:free:root; wait_for 3 sensor sensor:free:tank
before=$(safety)
figure tick-jitter-idle-p99 "$(part "$before" jitter p99Microseconds)" us
figure tick-jitter-idle-p999 "$(part "$before" jitter p999Microseconds)" us

# Ten seconds, and no signal wakes it. Whoever reads a chip of that bus waits.
fault hang 10000; hung=$(up_ms)
: > "$STATE.ages"
while [ $(($(up_ms) - hung)) -lt 6500 ]; do ages >> "$STATE.ages"; sleep 0.2; done
within "its neighbours on the other I2C bus keep their period within twice" "$(oldest pump)" 1 1000
within "SPI keeps it" "$(oldest ph)" 1 1000
within "serial keeps it" "$(oldest tank)" 1 1000
within "GPIO keeps it" "$(oldest k1)" 1 1000
within "1-wire keeps it" "$(oldest root)" 1 4000
match "the blocked bus is named" "$(sensor sensor:stuck:soil detail)" 'has been waiting'
after=$(safety)
# An emulated processor on a busy host is late by itself now and then; a tick that waited for the bus would be by seconds.
within "no safety tick waited for the bus" "$(part "$after" jitter maxMicroseconds)" 0 900000
figure tick-late-wedged $(($(echo "$after" | _field lateTicks) - $(echo "$before" | _field lateTicks))) ticks
within "the tick kept its pace" $(($(part "$after" jitter ticks) - $(part "$before" jitter ticks))) 240 600
figure tick-jitter-wedged-p999 "$(part "$after" jitter p999Microseconds)" us
fault hang 0

# Edges on three lines, fewer than a contact may tell in a row.
for n in 1 2 3 4 5 6 7 8; do for line in 4 5 8; do pull $line up; pull $line down; done; done
sleep 0.3
edges=$(safety)
within "edges were told at once" "$(part "$edges" edgeToFrame edges)" 20 48
figure edge-to-frame-many-p99 "$(part "$edges" edgeToFrame p99Microseconds)" us

# The same tick with a processor that has no time: four loops beside it on the guest's one processor.
for n in 1 2 3 4; do (while :; do :; done) & loops="${loops:-} $!"; done
sleep 3
kill $loops
load=$(safety)
figure tick-jitter-load-p99 "$(part "$load" jitter p99Microseconds)" us
figure tick-jitter-load-p999 "$(part "$load" jitter p999Microseconds)" us
figure tick-jitter-load-late $(($(echo "$load" | _field lateTicks) - $(echo "$after" | _field lateTicks))) ticks
within "the tick goes on under load" $(($(part "$load" jitter ticks) - $(part "$edges" jitter ticks))) 80 600
