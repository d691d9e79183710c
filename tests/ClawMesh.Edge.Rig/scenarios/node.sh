# The published binary on the kernel of the rig, before any hardware: it starts, runs a node, answers, and makes safe.
started=$(up_ms)
version=$(edge version --json)
eq "version ends with 0" $? 0
figure program-start $(($(up_ms) - started)) ms
match "version names itself" "$version" '"kind":"version"'

node_start --site simulated --for 20s
status=$(edge status --json)
eq "status ends with 0" $? 0
match "status comes from the running node" "$status" '"sensor:tank-level:tank-1"'

wait_for 5 sensor sensor:tank-level:tank-1
match "a sensor reads" "$(sensor sensor:tank-level:tank-1)" '^[0-9.]+$'
eq "a valve is safe" "$(actuator actuator:valve:zone-1)" inactive

safe=$(edge safe-state --json)
eq "safe-state ends with 0" $? 0
match "safe-state says what it did" "$safe" '"kind":"safe-state"'

kill -TERM "$node"
wait "$node"
eq "SIGTERM ends it with 0" $? 0
