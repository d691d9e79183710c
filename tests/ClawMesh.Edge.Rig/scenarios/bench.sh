# The bench itself: what the other scenarios take for granted about the emulated hardware.

# GPIO: the pin and the program see the same line.
gpioset --mode=signal "$GPIO_A" 5=1 & holder=$!
wait_for 3 pin_is 5 1
eq "an output reaches the pin" "$(level 5)" 1
match "a held line names its holder" "$(gpioinfo "$GPIO_A")" 'line +5: +"flow-meter" +"gpioset" +output'
kill $holder; wait $holder 2> /dev/null
pull 4 up
eq "an input follows the world" "$(gpioget "$GPIO_A" 4)" 1
eq "a named line is found" "$(gpioinfo "$GPIO_A" | grep -c '"button"')" 1
match "a line taken by the kernel is busy" "$(gpioget "$GPIO_A" 15 2>&1)" 'Device or resource busy'
gpiomon -n 2 -F %e "$GPIO_A" 4 > /tmp/edges & sleep 0.3; pull 4 down; sleep 0.05; pull 4 up; wait $!
eq "edges come in order" "$(tr '\n' ' ' < /tmp/edges)" "0 1 "
eq "the second bank answers" "$(pull b3 up; gpioget "$GPIO_B" 3)" 1

# I2C: one register, seen from both buses; faults on the dut bus alone.
eq "INA219: both buses show one chip" "$(i2ctransfer -y "$DUT" w1@0x40 2 r2) $(peek 0x40 2 2)" "0x5d 0xc2 0x5d 0xc2"
i2ctransfer -y "$DUT" w2@0x21 6 0xf7; i2ctransfer -y "$DUT" w2@0x21 2 0xf7; poke 0x21 0 0x7f
eq "PCA9555: latch on outputs, world on inputs" "$(i2ctransfer -y "$DUT" w1@0x21 0 r1)" 0x77
i2ctransfer -y "$DUT" w3@0x20 0 0xf0 0xff; i2ctransfer -y "$DUT" w2@0x20 0x12 0x05; poke 0x20 0x12 0x80
eq "MCP23017: latch on outputs, world on inputs" "$(peek 0x20 0x12) $(peek 0x20 0x14)" "0x85 0x05"
eq "PCA9555 through the kernel's driver" "$(gpioset --mode=time --usec=1 "$GPIO_X" 12=0; peek 0x22 3) $(peek 0x22 7)" "0xef 0xef"
adc 0 12345; adc 3 -2; i2ctransfer -y "$DUT" w3@0x48 1 0xc3 0x83
eq "ADS1115: the conversion follows the mux" "$(i2ctransfer -y "$DUT" w1@0x48 0 r2)" "0x30 0x39"
i2ctransfer -y "$DUT" w3@0x48 1 0xf3 0x83
eq "ADS1115: a negative conversion" "$(i2ctransfer -y "$DUT" w1@0x48 0 r2)" "0xff 0xfe"
eq "SHT3x answers a command, with its CRC" "$(i2ctransfer -y "$DUT" w2@0x44 0x24 0x00; i2ctransfer -y "$DUT" r6@0x44)" "$(printf '0x%02x ' 0x61 0x47 "$(crc8 0x61 0x47)" 0x66 0x66 "$(crc8 0x66 0x66)" | sed 's/ $//')"
eq "CRC of the datasheet's example" "$(crc8 0xbe 0xef)" 146
bh1750 100
eq "BH1750 answers a plain read" "$(i2ctransfer -y "$DUT" w1@0x23 0x20 r2)" "0x00 0x78"
eq "VEML7700: low byte first" "$(i2ctransfer -y "$DUT" w1@0x10 4 r2)" "0xf4 0x01"
eq "BME280 has its id" "$(i2ctransfer -y "$DUT" w1@0x76 0xd0 r1)" 0x60
echo > /sys/kernel/debug/rig_i2c/log
i2ctransfer -y "$DUT" w2@0x41 0 0x21
match "the wire is logged with its time" "$(wire)" '^[0-9]+ 41 W 00 21$'
fault nak 0x40
match "a chip that does not acknowledge" "$(i2ctransfer -y "$DUT" w1@0x40 2 r2 2>&1)" 'No such device or address'
eq "the bench knows no faults" "$(peek 0x40 2 2)" "0x5d 0xc2"
fault nak 0; fault stuck 1
match "a stuck bus times out" "$(i2ctransfer -y "$DUT" w1@0x40 2 r2 2>&1)" 'Connection timed out'
fault stuck 0; fault hang 600; started=$(up_ms)
i2ctransfer -y "$DUT" w1@0x40 2 r2 > /dev/null & sleep 0.1; peek 0x40 2 2 > /dev/null; bench_took=$(($(up_ms) - started)); wait $!
within "a hung transfer blocks its caller" $(($(up_ms) - started)) 550 3000
within "a hung transfer does not block the bench" $bench_took 0 500
fault hang 0

# What the kernel drives.
eq "lm75 through hwmon" "$(cat "$LM75/temp1_input")" 21500
lm75 -25000; sleep 1.6
eq "lm75 changed live" "$(cat "$LM75/temp1_input")" -25000
eq "INA219 through hwmon" "$(cat "$INA_HWMON/in1_input") $(cat "$INA_HWMON/curr1_input")" "12000 1000"
eq "BME280 through IIO" "$(cat "$BME280_IIO/in_temp_input")" 25080
echo 3 > "$PWM/export"; echo 20000000 > "$PWM/pwm3/period"; echo 1500000 > "$PWM/pwm3/duty_cycle"; echo 1 > "$PWM/pwm3/enable"
eq "PWM through the kernel reaches the PCA9685" "$(peek 0x42 0x14 2) $(peek 0x42 0xfe)" "0x34 0x01 0x79"
echo 3 > "$PWM/unexport"

# SPI, 1-wire, serial, watchdog.
eq "spidev loops back" "$(spiprobe "$SPI_LOOP" de ad be ef)" "de ad be ef "
echo 0,777,0,0,0,0,0,0 > /sys/module/rig_spi/parameters/adc
eq "MCP3008 channel 1" "$(spiprobe "$SPI_ADC" 01 90 00)" "00 03 09 "
eq "DS18B20" "$(cat "$W1_A/temperature")" 21500
stty -F "$TTY_DUT" raw -echo 9600; stty -F "$TTY_BENCH" raw -echo 9600
timeout 3 head -c5 "$TTY_BENCH" > /tmp/serial & sleep 0.2; printf hello > "$TTY_DUT"; wait $!
eq "serial through the null modem" "$(cat /tmp/serial)" hello
eq "the watchdog is the kernel's" "$(cat /sys/class/watchdog/watchdog0/identity 2> /dev/null || ls "$WATCHDOG")" "Software Watchdog"

printf '0 1234\n1 0xfffe\n' > /tmp/field; modbus_field 7 /tmp/field
timeout 3 head -c9 "$TTY_DUT" > /tmp/serial & sleep 0.2; printf '\007\003\000\000\000\002\304\155' > "$TTY_DUT"; wait $!
match "a Modbus field sensor answers" "$(hexdump -v -e '9/1 "%02x "' /tmp/serial)" '^07 03 04 04 d2 ff fe'

# Time, from outside.
trace_on; mark before; gpioset "$GPIO_A" 0=1; mark after; gpioset "$GPIO_B" 0=1
eq "writes of lines are traced between marks" "$(trace | cut -d' ' -f2- | tr '\n' ',')" "mark before,a0 1,mark after,b0 1,"
within "the trace and the clock agree" "$(($(up_ms) - $(trace | tail -n1 | cut -d' ' -f1) / 1000))" 0 3000
