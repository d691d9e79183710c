# A node without root: what its user may not open is named with the group to join, and with the groups of the udev rules it works.
# limit: 50
# Alone: the emulated PCA9685 has one register pointer for both its adapters, so a look at it from the bench while the kernel reads it elsewhere
# can give the kernel another register; the driver then finds a foreign prescaler and refuses with EBUSY, also the write of the safe value.
site=$STATE/site.json
sed "s/i2c-BENCH/i2c-$BENCH/; s/pwmchip-RIG/$(basename "$PWM")/" /payload/data/permissions-site.json > "$site"
# What hw/udev/60-clawmesh-edge.rules says, by hand: there is no udev here.
chgrp gpio /dev/gpiochip*; chmod 0660 /dev/gpiochip*
chgrp i2c /dev/i2c-*; chmod 0660 /dev/i2c-*
chgrp gpio /dev/spidev*; chmod 0660 /dev/spidev*
chgrp gpio "$PWM/export" "$PWM/unexport"; chmod 0220 "$PWM/export" "$PWM/unexport"
chmod 755 /payload /payload/clawmesh-edge; chown -R clawmesh "$STATE"
printf '{ "site": "%s" }' "$site" > "$STATE/node.json"; chown -R clawmesh "$STATE"
# su takes the groups from here; the rig's own file is put back at the end.
cp /etc/group /tmp/group.before
join() { for group in "$@"; do sed -i "s/^\($group:x:[0-9]*:\)\$/\1clawmesh/" /etc/group; done; }
as_user() { su clawmesh -c "/payload/clawmesh-edge $* --state-dir $STATE"; }

without=$(as_user diag io --json)
match "without its group the I2C bus is refused, with the group to join" "$without" 'usermod -aG i2c clawmesh'
match "and GPIO" "$without" 'usermod -aG gpio clawmesh'

join gpio i2c
# udev would hand over a channel when it is exported.
(until [ -e "$PWM/pwm5/polarity" ]; do sleep 0.02; done; cd "$PWM/pwm5" && chgrp gpio period duty_cycle enable polarity && chmod 0660 period duty_cycle enable polarity) &
as_user run --listen 127.0.0.1:0 --no-discovery > "$STATE.log" 2>&1 &
wait_for 25 call mesh.status || tail -n 20 "$STATE.log"
node=$(call mesh.status | _field pid)
# An emulated start may be slower than an output is given to confirm itself.
call edge.release > /dev/null
match "with them a node runs as an ordinary user" "$(grep -E '^(Uid|Groups)' /proc/$node/status | tr '\n\t' '  ')" 'Uid: 990 990.*Groups:.*991 992'
within "it reads I2C" "$(sensor sensor:rig:pump)" 11.9 12.1
match "it reads SPI" "$(sensor sensor:rig:ph)" '^[0-9.]+$'
pull b3 up
match "it drives a relay" "$(call edge.actuate '{"target":"actuator:relay:R1","operation":"open","params":{"durationSec":20}}')" '"outcome":"done"'
eq "the pin says so" "$(level b0)" 1
match "it drives a PWM channel" "$(call edge.actuate '{"target":"actuator:fan:F1","operation":"set","params":{"value":0.5,"durationSec":20}}')" '"outcome":"done"'
eq "its register says so" "$(peek 0x42 0x1c 2)" "0x00 0x08"
kill -TERM "$node"; wait_for 12 eval '! kill -0 $node' || echo "the node does not end"
tail -n 3 "$STATE.log"
eq "its end leaves the relay and the PWM safe" "$(level b0) $(peek 0x42 0x1d)" "0 0x10"
cp /tmp/group.before /etc/group
