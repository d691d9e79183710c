# Sensors on every kind of bus: parts that do not answer say why and come back by themselves, the world changes them from outside, and
# an output on the kernel's PWM.
# limit: 60
site=$STATE/site.json
sed "s/i2c-DUT/i2c-$DUT/; s/pwmchip-RIG/$(basename "$PWM")/" /payload/data/buses-site.json > "$site"
state_is() { sensor_is "$1" "$2" state; }
why() { sensor "sensor:rig:$1" detail; }
near() { awk "BEGIN { v = \"$(sensor "sensor:rig:$1")\"; exit !(v != \"\" && v + 0 >= $2 && v + 0 <= $3) }"; } # for wait_for: near NAME LOW HIGH

# From the start three parts do not answer, each in its own way.
adc 0 16000; fault nak 0x76
echo silent > /tmp/field; modbus_field 7 /tmp/field
echo 1,0,0,0 > /sys/module/rig_w1/parameters/badcrc
node_start --site "$site"
# An emulated start may be slower than an output is given to confirm itself.
call edge.release > /dev/null
wait_for 8 state_is sensor:rig:air blocked; wait_for 8 state_is sensor:rig:tank blocked; wait_for 8 state_is sensor:rig:root blocked
match "a chip that does not answer is said to be silent" "$(why air)" 'acknowledged the address'
within "its neighbour on the bus is read" "$(sensor sensor:rig:soil)" 49.9 50.1
match "a silent Modbus station" "$(why tank)" 'station|answer'
match "a damaged 1-wire transfer" "$(why root)" 'arrives damaged'
fault nak 0; fault stuck 1
echo "0 1234" > /tmp/field; echo 0,0,0,0 > /sys/module/rig_w1/parameters/badcrc
wait_for 4 state_is sensor:rig:soil blocked
match "a data line held low" "$(why soil)" 'line is held low'
within "SPI does not care" "$(sensor sensor:rig:ph)" 0.411 0.414
fault stuck 0

# While they come back: an output on the kernel's PWM.
pull 8 up
match "a fan at a quarter" "$(call edge.actuate '{"target":"actuator:fan:F1","operation":"set","params":{"value":0.25,"durationSec":20}}')" '"outcome":"done"'
eq "its registers on the other adapter" "$(peek 0x42 0x12 4) $(peek 0x42 0xfe)" "0x00 0x00 0x00 0x04 0x79"
pull 8 down
call edge.actuate '{"target":"actuator:fan:F1","operation":"close"}' > /dev/null
match "the fan at rest" "$(peek 0x42 0x12 4)" '0x00 0x00 0x00 0x(00|10)'

for name in air tank soil root box sky; do wait_for 20 state_is sensor:rig:$name active; done
eq "every part is back by itself" "$(call mesh.status | grep -o '"id":"sensor:rig[^{}]*"state":"active"' | wc -l)" 8
within "a BME280 without a driver" "$(sensor sensor:rig:air)" 25.07 25.09
within "the same by the kernel's IIO" "$(sensor sensor:rig:sky)" 25.07 25.09
within "an LM75 by the kernel's hwmon" "$(sensor sensor:rig:box)" 21.4 21.6
within "a DS18B20 by the kernel's 1-wire" "$(sensor sensor:rig:root)" 21.4 21.6
within "a tank over Modbus" "$(sensor sensor:rig:tank)" 123.39 123.41

# The world changes all of them.
echo 30000,4062,-10125,85000 > /sys/module/rig_w1/parameters/temp
echo 0,256,0,0,0,0,0,0 > /sys/module/rig_spi/parameters/adc
adc 0 12800; lm75 -5000; poke 0x76 0xfa 0x7f; poke 0x77 0xfa 0x7f; echo "0 987" > /tmp/field
wait_for 5 near box -5.1 -4.9; wait_for 5 near root 29.9 30.1; wait_for 3 near tank 98.6 98.8
wait_for 3 near air 26 27; wait_for 3 near sky 26 27; wait_for 3 near soil 74.9 75.1
within "soil moisture changed from outside" "$(sensor sensor:rig:soil)" 74.9 75.1
within "a BME280 changed from outside" "$(sensor sensor:rig:air)" 26 27
within "IIO changed from outside" "$(sensor sensor:rig:sky)" 26 27
within "hwmon changed from outside" "$(sensor sensor:rig:box)" -5.1 -4.9
within "1-wire changed from outside" "$(sensor sensor:rig:root)" 29.9 30.1
within "SPI changed from outside" "$(sensor sensor:rig:ph)" 0.824 0.828
within "Modbus changed from outside" "$(sensor sensor:rig:tank)" 98.6 98.8
