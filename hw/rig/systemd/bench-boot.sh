# The bench of the boot test: source it, then `bench_boot`. POSIX sh, for the systemd image (modprobe) and for the initramfs (load).
#   rig-gpio   0 relay-1 (rests low)  1 relay-2 (its pad is pulled up: energised until a node claims it)  2 contact, closed  6 cut-off
#   rig-plug   0 relay-p: a chip that can be unplugged with `plug 0` and plugged in with `plug 1`
#   0x21       PCA9555, output 3 relay-x: a relay board with a supply of its own. With rig.held=1 on the kernel's command line it
#              comes up energised, as it was left when only the node lost power.
# What the pins show goes to the host by pinwatch on ttyS2: relay-1, relay-2, relay-x, relay-p, cut-off.

bench_boot() {
  command -v load > /dev/null || load() { modprobe "$@"; }
  load gpio-sim
  [ -d /sys/kernel/config/gpio-sim ] || mount -t configfs config /sys/kernel/config
  c=/sys/kernel/config/gpio-sim
  mkdir -p $c/rig/a $c/plug/a
  echo rig-gpio > $c/rig/a/label; echo 8 > $c/rig/a/num_lines
  echo rig-plug > $c/plug/a/label; echo 2 > $c/plug/a/num_lines
  for line in 0:relay-1 1:relay-2 2:contact 6:cut-off; do mkdir $c/rig/a/line${line%%:*}; echo ${line#*:} > $c/rig/a/line${line%%:*}/name; done
  mkdir $c/plug/a/line0; echo relay-p > $c/plug/a/line0/name
  echo 1 > $c/rig/live
  echo 1 > $c/plug/live
  GPIO_SIM=/sys/devices/platform/$(cat $c/rig/dev_name)/$(cat $c/rig/a/chip_name)
  PLUG_SIM=/sys/devices/platform/$(cat $c/plug/dev_name)
  echo pull-up > "$GPIO_SIM/sim_gpio1/pull"
  echo pull-up > "$GPIO_SIM/sim_gpio2/pull"
  load i2c-dev
  load rig_i2c chips=0x21:pca9555
  for n in 0 1 2 3 4 5 6 7 8 9; do [ -c /dev/i2c-1 ] && break; sleep 0.1; done
  latch=0x00 inputs=0xff
  case " $(cat /proc/cmdline) " in *" rig.held=1 "*) latch=0x08 inputs=0xf7 ;; esac
  i2ctransfer -y 1 w3@0x21 2 $latch 0x00 w3@0x21 4 0 0 w3@0x21 6 $inputs 0xff
  pinwatch /dev/ttyS2 "file=$GPIO_SIM/sim_gpio0/value" "file=$GPIO_SIM/sim_gpio1/value" i2c=/dev/i2c-1:0x21:3 "file=$PLUG_SIM/gpiochip*/sim_gpio0/value" "file=$GPIO_SIM/sim_gpio6/value" &
}

plug() { echo "$1" > /sys/kernel/config/gpio-sim/plug/live; }
fault() { echo "$2" > "/sys/module/rig_i2c/parameters/$1"; }
