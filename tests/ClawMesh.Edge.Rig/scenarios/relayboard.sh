# Relays on expanders that user space drives: the register behind each, seen from the other adapter, through a lease, a kill and a bus
# that stops answering.
# limit: 50
site=$STATE/site.json
sed "s/i2c-DUT/i2c-$DUT/" /payload/data/relayboard-site.json > "$site"
act() { call edge.actuate "{\"target\":\"actuator:$1\",\"operation\":\"$2\",\"params\":{\"durationSec\":${3:-60}}}"; }
pca() { peek 0x21 2; }             # PCA9555: the latch of port 0; relay P1 is bit 3, P2 (active low) bit 4
mcp() { peek 0x20 0x15; }          # MCP23017: the latch of port B; relay M1 is bit 0, M2 bit 1
is() { [ "$($1)" = "$2" ]; }       # for wait_for

poke 0x21 2 0xa5
node_start --site "$site"
eq "at the start both relays of the PCA9555 are driven at their safe value, beside others" "$(pca) $(peek 0x21 6)" "0xb5 0xe7"
eq "and those of the MCP23017" "$(mcp) $(peek 0x20 1)" "0x00 0xfc"

# The contact the outputs are seen by: closed from here on.
pull 7 up
match "an open on the PCA9555 is done" "$(act relay:P1 open)" '"outcome":"done"'
eq "its register, from the other adapter" "$(pca)" 0xbd
match "an open of the active-low one" "$(act relay:P2 open)" '"outcome":"done"'
eq "its register shows low" "$(pca)" 0xad
match "an open on the MCP23017" "$(act relay:M1 open)" '"outcome":"done"'
eq "the register of the MCP23017" "$(mcp)" 0x01
act relay:P2 close > /dev/null; act relay:M1 close > /dev/null
eq "a close takes only its own bit back" "$(pca) $(mcp)" "0xbd 0x00"
act relay:P1 close > /dev/null


# Leases of 200 ms, four at a time.
for n in 1 2 3 4 5 6 7 8; do
  calls=
  for relay in P1 P2 M1 M2; do act relay:$relay open 0.2 > /dev/null & calls="$calls $!"; done
  wait $calls
  wait_for 3 is pca 0xb5; wait_for 3 is mcp 0x00
done
ends=$(call mesh.status | grep -o '"leaseEnd":{[^}]*}')
eq "every lease left its register safe" "$(pca) $(mcp)" "0xb5 0x00"
within "the node saw each of them end" "$(echo "$ends" | _field leases)" 28 32
figure lease-end-to-register-p50 "$(echo "$ends" | _field p50Microseconds)" us
figure lease-end-to-register-p999 "$(echo "$ends" | _field p999Microseconds)" us

# The same from the wire: from the write that energised to the one that ended it.
echo > /sys/kernel/debug/rig_i2c/log
act relay:P1 open 0.5 > /dev/null; wait_for 3 is pca 0xb5
on_ms=$(wire | awk '$2 == 21 && $3 == "W" && $4 == "02" && $5 == "bd" { on = $1 } $2 == 21 && $3 == "W" && $4 == "02" && $5 == "b5" && on { print int(($1 - on) / 1000); exit }')
within "a lease of half a second, on the wire" "$on_ms" 200 1500
figure lease-500ms-on-the-wire "$on_ms" ms

# A bus that stops answering under an energised relay: said, latched, and the cut-off before it is opened meanwhile.
act cutoff:main open > /dev/null; act relay:P1 open > /dev/null
eq "energised behind its cut-off" "$(level 6) $(pca)" "1 0xbd"
fault hang 1500; hung=$(up_ms)
act relay:P1 close > /dev/null &
wait_for 3 pin_is 6 0
figure bus-hangs-until-cut-off $(($(up_ms) - hung)) ms
eq "the cut-off opened while the bus hung" "$(level 6) $(pca)" "0 0xbd"
fault hang 0
wait_for 5 is pca 0xb5
eq "the register goes safe when the bus answers" "$(pca)" 0xb5
status=$(call mesh.status)
match "the relay is latched for its bus" "$status" '"ref":"actuator:relay:P1"[^}]*"latch":\{"cause":"bus_io"'
match "an event says so" "$(call mesh.events '{"limit":30}')" "did not carry out a safe write|does not answer"
match "a latched relay takes no command" "$(act relay:P1 open)" INTERLOCK_ACTIVE
match "until it is released" "$(call edge.release '{"target":"actuator:relay:P1"}'; act relay:P1 open)" '"outcome":"done"'

# A chip that does not answer at all, as after a pulled plug.
act cutoff:main open > /dev/null
fault nak 0x21
act relay:P1 close > /dev/null &
wait_for 3 pin_is 6 0
eq "the cut-off opened for a chip that is gone" "$(level 6) $(pca)" "0 0xbd"
fault nak 0
wait_for 5 is pca 0xb5
eq "its register goes safe when it is back" "$(pca)" 0xb5
call edge.release '{"target":"actuator:relay:P1"}' > /dev/null

# A death leaves the relays as they were; safe-state needs no node.
act relay:P1 open > /dev/null; act relay:M1 open > /dev/null
node_kill
eq "energised after the kill" "$(pca) $(mcp)" "0xbd 0x01"
safe=$(edge safe-state --json)
eq "safe-state ends with 0" $? 0
eq "both registers are safe" "$(pca) $(mcp)" "0xb5 0x00"
match "it says what it did" "$safe" '"ref":"actuator:relay:M1","wasEnergised":true,"confirmed":true'
