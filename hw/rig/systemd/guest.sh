# The guest's end of the test: what the host asks for by a line on ttyS1. POSIX sh; both kinds of guest source it.
. /rig/bench-boot.sh

up() { cut -d' ' -f1 /proc/uptime; }
call() { edgecall /run/clawmesh-edge/edge.sock "$@"; }
act() { call edge.actuate "{\"target\":\"$1\",\"operation\":\"$2\",\"commandId\":\"$4\",\"params\":{\"durationSec\":$3}}"; }   # act TARGET OPERATION SECONDS COMMAND-ID
node_pid() { systemctl show clawmesh-edge -P MainPID; }
edge() { clawmesh-edge "$@"; }

# One request a line: ID COMMAND. Its output, then RC ID STATUS UPTIME: what the host has read was answered before any later cut.
serve() {
  stty raw -echo < /dev/ttyS1
  exec < /dev/ttyS1 > /dev/ttyS1 2>&1
  echo "RC boot 0 $(up)"
  while IFS= read -r line; do
    eval "${line#* }" < /dev/null
    echo "RC ${line%% *} $? $(up)"
  done
}
