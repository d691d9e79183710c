# The emulated bench, for the guest's shell: source it; `bench_up` builds everything once and leaves the names in /tmp/bench.env,
# `bench_rest` puts everything back as it was then. What hangs where is in README.md.

BENCH_CHIPS=0x10:16l,0x20:mcp23017,0x21:pca9555,0x22:pca9555,0x23:c1,0x24:8,0x40:16,0x41:8,0x42:8,0x43:16,0x44:c2,0x45:8,0x46:16,0x47:16,0x48:ads1115,0x4a:16,0x76:8,0x77:8

bench_up() {
  : > /tmp/bench.env
  _gpio_up
  _i2c_up
  load rig_spi
  name SPI_LOOP /dev/spidev0.0
  name SPI_ADC /dev/spidev0.1
  load w1_therm && load rig_w1
  name W1_A /sys/bus/w1/devices/28-000000000001
  name W1_B /sys/bus/w1/devices/28-000000000002
  # A watchdog that bites would end the run: this one only says so in the kernel log.
  load softdog soft_noboot=1
  name WATCHDOG /dev/watchdog0
  name TTY_DUT /dev/ttyS1
  name TTY_BENCH /dev/ttyS2
  . /tmp/bench.env
  bench_rest
  _drivers_up
  . /tmp/bench.env
  for n in 1 2 3 4 5 6 7 8 9 10; do [ -e "$W1_A" ] && [ -e "$W1_B" ] && break; sleep 0.2; done
}

name() { echo "export $1='$2'" >> /tmp/bench.env; }

_gpio_up() {
  load gpio-sim
  mount -t configfs config /sys/kernel/config
  c=/sys/kernel/config/gpio-sim/rig
  mkdir -p $c/a $c/b
  echo rig-gpio > $c/a/label; echo 16 > $c/a/num_lines
  echo rig-gpio-b > $c/b/label; echo 8 > $c/b/num_lines
  n=0
  for line in relay-1 relay-2 valve-open valve-close button flow-meter contactor contactor-aux cut-off "" "" "" "" "" "" hogged; do
    [ -n "$line" ] && mkdir $c/a/line$n && echo $line > $c/a/line$n/name
    n=$((n + 1))
  done
  mkdir $c/a/line15/hog && echo rig-hog > $c/a/line15/hog/name && echo input > $c/a/line15/hog/direction
  mkdir $c/b/line0 && echo relay-b > $c/b/line0/name
  echo 1 > $c/live
  for bank in a b; do
    BANK=$(echo $bank | tr ab AB)
    chip=$(cat $c/$bank/chip_name)
    name GPIO_$BANK "/dev/$chip"
    name GPIO_${BANK}_LABEL "$(cat $c/$bank/label)"
    name GPIO_${BANK}_SIM "/sys/devices/platform/$(cat $c/dev_name)/$chip"
    name GPIO_${BANK}_BASE "$(sed -n "s/^$chip: GPIOs \([0-9]*\)-.*/\1/p" /sys/kernel/debug/gpio)"
  done
}

_i2c_up() {
  load i2c-dev
  load rig_i2c chips=$BENCH_CHIPS
  name DUT "$(_bus dut)"
  name BENCH "$(_bus bench)"
}

_bus() { grep -l "^rig-i2c $1$" /sys/class/i2c-dev/i2c-*/name | sed 's/.*i2c-\([0-9]*\).name/\1/'; }

# Kernel drivers on the dut bus, for what the program reads through the kernel.
_drivers_up() {
  for module in gpio-pca953x pwm-pca9685 lm75 ina2xx bmp280-i2c; do load $module; done
  for chip in "pca9555 0x22" "pca9685 0x42" "ina219 0x47" "lm75 0x4a" "bme280 0x77"; do echo $chip > /sys/bus/i2c/devices/i2c-$DUT/new_device; done
  d=/sys/bus/i2c/devices/$DUT
  name LM75 "$(echo $d-004a/hwmon/hwmon*)"
  name INA_HWMON "$(echo $d-0047/hwmon/hwmon*)"
  name BME280_IIO "$(echo $d-0077/iio:device*)"
  name PWM "$(echo $d-0042/pwm/pwmchip*)"
  name GPIO_X "/dev/$(basename $d-0022/gpiochip*)"
}

# Everything as at power-on, with plausible readings: no faults, inputs low, 21.5 degrees, 40 % humidity, 12 V, 1 A.
bench_rest() {
  for fault in nak fail hang stuck; do fault $fault 0; done
  batching=1; batch=
  for n in $(seq 0 15); do pull $n down; done
  for n in $(seq 0 7); do pull b$n down; done
  poke 0x10 0 1 0; poke 0x10 4 0xf4 0x01                                    # VEML7700: shut down, 500 counts
  poke 0x20 0 0xff 0xff 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0; poke 0x20 0x14 0 0; poke 0x20 0x12 0 0     # MCP23017
  poke 0x21 2 0xff 0xff; poke 0x21 4 0 0; poke 0x21 6 0xff 0xff; poke 0x21 0 0xff 0xff              # PCA9555
  poke 0x24 0 0 0xff 0 0xff                                                                          # PCA9534
  bh1750 500
  ina219 0x40; ina219 0x47
  for a in 0x41 0x45; do poke $a 0 0x11 4; poke $a 0xfe 0x1e; for n in $(seq 6 4 66); do poke $a $n 0 0 0 0x10; done; done # PCA9685: asleep, all off
  for r in 0x00:0x71:0x27 0x01:0x03:0xe8 0x02:0x5d:0xc0 0x0f:0x00:0x03 0xfe:0x54:0x49 0xff:0x32:0x20; do poke 0x43 $(echo $r | tr : ' '); done # INA3221
  for r in 0x00:0x41:0x27 0x01:0x03:0xe8 0x02:0x25:0x80 0x05:0x00:0x00 0x06:0x00:0x08 0xfe:0x54:0x49 0xff:0x22:0x60; do poke 0x46 $(echo $r | tr : ' '); done # INA226
  sht3x 21500 40000
  poke 0x48 1 0x85 0x83; for n in 4 5 6 7; do adc $((n - 4)) 8000; done
  lm75 21500
  bme280 0x76; bme280 0x77
  i2ctransfer -y "$BENCH" $batch; batching=
  echo 0,128,256,384,512,640,768,1023 > /sys/module/rig_spi/parameters/adc
  echo 0 > /sys/module/rig_spi/parameters/fail
  echo 21500,4062,-10125,85000 > /sys/module/rig_w1/parameters/temp
  echo 1,1,0,0 > /sys/module/rig_w1/parameters/present
  echo 0,0,0,0 > /sys/module/rig_w1/parameters/badcrc
  [ "$(cat /sys/class/watchdog/watchdog0/state)" = inactive ] || printf V > "$WATCHDOG"
  for channel in "${PWM:-none}"/pwm[0-9]*; do [ -e "$channel" ] && echo "${channel##*/pwm}" > "$PWM/unexport"; done
  echo > /sys/kernel/debug/rig_i2c/log
  echo 0 > /sys/kernel/tracing/events/gpio/gpio_value/enable
}

# --- what the world does ---

fault() { echo "$2" > "/sys/module/rig_i2c/parameters/$1"; }               # fault nak|fail|hang|stuck VALUE
_sim() { case $1 in b*) echo "$GPIO_B_SIM/sim_gpio${1#b}" ;; *) echo "$GPIO_A_SIM/sim_gpio$1" ;; esac; }
pull() { echo "pull-$2" > "$(_sim "$1")/pull"; }                           # pull LINE up|down: drives an input (b3: line 3 of the second bank)
level() { cat "$(_sim "$1")/value"; }                                      # level LINE: what the pin shows
pin_is() { [ "$(level "$1")" = "$2" ]; }                                   # for wait_for
poke() { # poke ADDR REGISTER BYTE..: the bench writes a chip's registers
  a=$1; shift
  if [ -z "${batching:-}" ]; then i2ctransfer -y "$BENCH" "w$#@$a" "$@"; return; fi
  batch="$batch w$#@$a $*"; batching=$((batching + 1))
  [ "$batching" -le 40 ] || { i2ctransfer -y "$BENCH" $batch; batch=; batching=1; }                # the kernel takes 42 at once
}
peek() { i2ctransfer -y "$BENCH" "w1@$1" "$2" "r${3:-1}"; }                # peek ADDR REGISTER [COUNT]
wire() { cat /sys/kernel/debug/rig_i2c/log; }                              # every message on the dut bus, with its microsecond
modbus_field() { modbus "$TTY_BENCH" "$1" "$2" & }                         # modbus_field UNIT FILE: a field sensor; probe/modbus.c has the file's words

# The kernel's own record of when a line was written: trace_on, then trace prints MICROSECONDS LINE VALUE and MICROSECONDS mark TEXT,
# on CLOCK_MONOTONIC as the first column of `wire`. A line is a3 or b0; mark puts a note of the scenario among them.
trace_on() { (cd /sys/kernel/tracing && echo mono > trace_clock && echo > trace && echo 1 > events/gpio/gpio_value/enable); }
mark() { echo "$*" > /sys/kernel/tracing/trace_marker; }
trace() {
  awk -v a="$GPIO_A_BASE" -v b="$GPIO_B_BASE" '
    function us(t) { sub(":", "", t); return t * 1000000 }
    function line(n) { return n >= a && n < a + 16 ? "a" n - a : n >= b && n < b + 8 ? "b" n - b : n }
    match($0, /: gpio_value: /) { for (i = 1; $i != "gpio_value:"; i++); if ($(i + 2) == "set") printf "%d %s %d\n", us($(i - 1)), line($(i + 1)), $(i + 3) }
    match($0, /: tracing_mark_write: /) { for (i = 1; $i != "tracing_mark_write:"; i++); printf "%d mark %s\n", us($(i - 1)), substr($0, RSTART + RLENGTH) }' /sys/kernel/tracing/trace
}
_word() { w=$(($1 & 0xffff)); echo "$((w >> 8)) $((w & 255))"; }

# Datasheet 9.3: the four channels single-ended are MUX 4 to 7.
adc() { poke 0x48 $((0x14 + $1)) $(_word "$2"); }                          # adc CHANNEL COUNTS: ADS1115
lm75() { poke 0x4a 0 $(_word $(($1 * 256 / 1000 & 0xff80))); }             # lm75 MILLIDEGREES (the driver caches 1.5 s)
bh1750() { w=$(_word $(($1 * 6 / 5))); for c in 0x10 0x11 0x13 0x20 0x21 0x23; do poke 0x23 $c $w; done; } # bh1750 LUX
sht3x() { # sht3x MILLIDEGREES MILLIPERCENT: the answer to every single-shot command
  t=$(($1 + 45000)); t=$((t * 65535 / 175000)); h=$(($2 * 65535 / 100000))
  t=$(_word $t); h=$(_word $h); answer="$t $(crc8 $t) $h $(crc8 $h)"
  for c in "0x24 0" "0x24 0x0b" "0x24 0x16" "0x2c 6" "0x2c 0x0d" "0x2c 0x10" "0xe0 0"; do poke 0x44 $c $answer; done
  poke 0x44 0xf3 0x2d 0 0 "$(crc8 0 0)"
}
crc8() { # SHT3x datasheet 4.12: polynomial 0x31, start 0xff
  crc=255
  for b in "$@"; do
    crc=$((crc ^ b)); k=0
    while [ $k -lt 8 ]; do crc=$(((crc & 128 ? crc << 1 ^ 0x31 : crc << 1) & 255)); k=$((k + 1)); done
  done
  echo $crc
}
ina219() { # ina219 ADDR: 12 V, 10 mV over the shunt, 1 A at a calibration of 0x1000
  for r in 0:0x39:0x9f 1:0x03:0xe8 2:0x5d:0xc2 3:0x02:0x58 4:0x03:0xe8 5:0x10:0x00; do poke "$1" $(echo $r | tr : ' '); done
}
bme280() { # bme280 ADDR: the Bosch datasheet's example, 25.08 degrees and 100.653 kPa, with humidity coefficients of a real part
  poke "$1" 0xd0 0x60; poke "$1" 0xf2 0 0 0 0
  poke "$1" 0x88 0x70 0x6b 0x43 0x67 0x18 0xfc 0x7d 0x8e 0x43 0xd6 0xd0 0x0b 0x27 0x0b 0x8c 0x00 0xf9 0xff 0x8c 0x3c 0xf8 0xc6 0x70 0x17 0 0x4b
  poke "$1" 0xe1 0x6a 0x01 0 0x13 0x29 0x03 0x1e
  poke "$1" 0xf7 0x65 0x5a 0xc0 0x7e 0xed 0x00 0x6a 0x3d
}
