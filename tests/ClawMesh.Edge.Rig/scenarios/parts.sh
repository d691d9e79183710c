# The contract cases of tests/data/parts against the kernel. The test makes the presets and the checks from those files: sensors by
# `diag io`, which reads each once, outputs by commands, their registers seen from the other adapter.
# limit: 60
# beside: gpio
look() { # look SITE: what diag reads on it
  sed "s/i2c-DUT/i2c-$DUT/g" "/payload/data/$1" > "$STATE/site.json"
  edge diag io --json | sed 's/{"id":/\n&/g' > "$STATE.seen"
}
seen() { grep "\"io.$1\"" "$STATE.seen" | sed -n "s/.*\"values\":{[^}]*\"$2\":\([^,}]*\).*/\1/p"; }     # seen SENSOR value|code
open_outputs() { sed "s/i2c-DUT/i2c-$DUT/g" "/payload/data/$1" > "$STATE/site.json"; node_start --site "$STATE/site.json"; }
act() { call edge.actuate "{\"target\":\"$1\",\"operation\":\"$2\",\"params\":{\"durationSec\":30${3:-}}}" >> "$STATE.acts"; }

printf '{ "site": "%s" }' "$STATE/site.json" > "$STATE/node.json"
. /payload/data/parts-cases.sh
eq "every command was carried out" "$(grep -vc '"outcome":"\(done\|effect_unconfirmed\)"' "$STATE.acts")" 0
