#!/usr/bin/env bash
# Two signed updates that are no good, and the operator's public key:  mk-updates.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
rm -rf "$1"
mkdir -p "$1"
key=$1/operator.pem
"$repo/aot/make-bundle.sh" --new-key "$key" > "$1/update.keys"
build() { # NAME VERSION [FLAG]
  gcc -O1 -o "$1" -DVERSION="\"$2\"" ${3:+"$3"} "$here/bad-update.c"
  "$repo/aot/make-bundle.sh" --key "$key" --rid linux-x64 --binary "$1" --version "$2" --out "$1.bundle" > /dev/null
}
build "$1/crash" 9.9.1
build "$1/hang" 9.9.2 -DHANGS
rm "$key"
