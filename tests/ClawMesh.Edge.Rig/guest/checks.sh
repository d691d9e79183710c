# What a scenario says its results with, one line per check. Start a line with eq, match or within and a name in double quotes: the
# test reads the names from the script and fails when one of them was never reported.

_line() { printf '%s' "$1" | tr '\n\r' '  ' | cut -c1-400; }
_ok() { echo "ok $scenario: $1"; }
_not_ok() { echo "not ok $scenario: $1: got '$(_line "$2")', want $3"; }

eq() { if [ "$2" = "$3" ]; then _ok "$1"; else _not_ok "$1" "$2" "'$(_line "$3")'"; fi; }                          # eq NAME GOT WANT
match() { if printf '%s\n' "$2" | grep -qE -- "$3"; then _ok "$1"; else _not_ok "$1" "$2" "a match of '$3'"; fi; }   # match NAME TEXT REGEX
within() { # within NAME NUMBER LOW HIGH
  if awk "BEGIN { exit !(\"$2\" != \"\" && $2 + 0 >= $3 && $2 + 0 <= $4) }"; then _ok "$1"; else _not_ok "$1" "$2" "$3 to $4"; fi
}
figure() { echo "figure $1 $2 $3"; }                                                                               # figure NAME VALUE UNIT

# Runs a command every 0.1 s until it succeeds: wait_for SECONDS COMMAND..
wait_for() {
  tries=$(($1 * 10)); shift
  while [ $tries -gt 0 ]; do "$@" > /dev/null 2>&1 && return 0; sleep 0.1; tries=$((tries - 1)); done
  return 1
}

up_ms() { awk '{ print int($1 * 1000) }' /proc/uptime; }

# The node: each scenario has a state directory of its own. Starting the program takes a second in emulation; `call` asks the running
# node over its socket in milliseconds.
edge() { /payload/clawmesh-edge "$@" --state-dir "$STATE"; }
call() { edgecall "$STATE/edge.sock" "$@"; }                                          # call METHOD [PARAMS]
node_start() { # node_start ARGUMENT..: waits until it answers; its process id is in $node, its log in $STATE.log
  /payload/clawmesh-edge run "$@" --state-dir "$STATE" --listen 127.0.0.1:0 --no-discovery > "$STATE.log" 2>&1 &
  node=$!
  wait_for 15 call mesh.status || { echo "the node does not answer:"; tail -n 20 "$STATE.log"; return 1; }
}
node_kill() { kill -9 "$node"; wait "$node" 2> /dev/null; }                           # SIGKILL
_field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
sensor() { call mesh.status | grep -o "{\"id\":\"$1\"[^{}]*" | _field "${2:-value}"; }      # sensor ID [FIELD]
actuator() { call mesh.status | grep -o "{\"ref\":\"$1\"[^{}]*" | _field "${2:-state}"; }   # actuator REF [FIELD]
sensor_is() { [ "$(sensor "$1" "${3:-value}")" = "$2" ]; }                            # for wait_for: sensor_is ID VALUE [FIELD]
actuator_is() { [ "$(actuator "$1" "${3:-state}")" = "$2" ]; }
