#!/usr/bin/env bash
# Makes a signed update:       aot/make-bundle.sh --key operator.pem [--rid RID] [--binary FILE] [--version V] [--min-kernel K] [--out FILE] [NAME=FILE...]
# Makes an operator's key:     aot/make-bundle.sh --new-key operator.pem
# Shows its public half:       aot/make-bundle.sh --public operator.pem [NAME]       as a line for /etc/clawmesh-edge/update.keys
# NAME=FILE adds a file that lies beside the binary after the update. docs/guides/update.md has the whole story and the format.
set -euo pipefail

fail() { echo "bundle: $1" >&2; exit "${2:-1}"; }
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

command -v openssl >/dev/null || fail "openssl is missing; it makes and uses the key." 3
case "$(openssl version)" in
  "OpenSSL 0."* | "OpenSSL 1."*) fail "OpenSSL 3 is needed to sign with Ed25519; this is $(openssl version)." 3 ;;
esac

key='' rid="${RID:-linux-x64}" binary='' version='' kernel='' out=''
extra=()
while [ $# -gt 0 ]; do
  case "$1" in
    --new-key)
      [ $# -ge 2 ] || fail "--new-key needs the name of a file" 2
      [ ! -e "$2" ] || fail "$2 exists; a key is never overwritten." 2
      # The private half is worth every machine that trusts it: for nobody else to read, and not to be kept on a node.
      (umask 077 && openssl genpkey -algorithm ed25519 -out "$2")
      exec "$0" --public "$2" ;;
    --public)
      [ $# -ge 2 ] || fail "--public needs the name of a key file" 2
      # The last 32 bytes of the DER form are the key (RFC 8410, section 4).
      echo "$(openssl pkey -in "$2" -pubout -outform DER | tail -c 32 | base64url) ${3:-$(basename "$2" .pem)}"
      exit 0 ;;
    --key | --rid | --binary | --version | --min-kernel | --out)
      [ $# -ge 2 ] || fail "$1 needs a value" 2
      name="${1#--}"
      [ "$name" != min-kernel ] || name=kernel
      printf -v "$name" '%s' "$2"
      shift 2 ;;
    *=*) extra+=("$1"); shift ;;
    *) fail "'$1' is not understood; the first lines of $0 say what is." 2 ;;
  esac
done

[ -n "$key" ] || fail "name the operator's key with --key FILE (make bundle KEY=FILE); --new-key FILE makes one." 2
binary="${binary:-artifacts/publish/$rid/clawmesh-edge}"
[ -f "$binary" ] || fail "'$binary' is not there; make publish makes it." 3
if [ -z "$version" ]; then
  version="$("$binary" version --json 2>/dev/null | grep -o '"version":"[^"]*"' | head -n 1 | cut -d'"' -f4 || true)"
  [ -n "$version" ] || fail "'$binary' does not run here and cannot tell its version; name it with --version." 2
fi
[[ "$version" =~ ^[0-9][A-Za-z0-9.+~_-]*$ ]] || fail "version '$version' must begin with a digit and hold letters, digits and . - + ~ _ only." 2
out="${out:-artifacts/clawmesh-edge-$version-$rid.bundle}"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$out")"

entry() { # PATH FILE MODE
  printf '{"path":"%s","size":%s,"sha256":"%s","mode":"%s"}' "$1" "$(stat -c %s "$2")" "$(sha256sum "$2" | cut -d' ' -f1)" "$3"
}

files="$(entry clawmesh-edge "$binary" 0755)"
bodies=("$binary")
for pair in "${extra[@]+"${extra[@]}"}"; do
  path="${pair%%=*}" file="${pair#*=}"
  [ -f "$file" ] || fail "'$file' is not there." 3
  mode=0644
  [ ! -x "$file" ] || mode=0755
  files="$files,$(entry "$path" "$file" "$mode")"
  bodies+=("$file")
done
created="$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)"
printf '{"schema":1,"name":"clawmesh-edge","version":"%s","rid":"%s","created":"%s"%s,"files":[%s]}' \
  "$version" "$rid" "$created" "${kernel:+,\"minKernel\":\"$kernel\"}" "$files" > "$work/manifest"

# What is signed: the label, a zero, the manifest's length as four big-endian bytes, the manifest. A signature for an update is good for nothing else.
size="$(stat -c %s "$work/manifest")"
{
  printf 'clawmesh-edge/update-bundle/v1\0'
  # shellcheck disable=SC2059  # the format is made of four numbers
  printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((size >> 24 & 255)) $((size >> 16 & 255)) $((size >> 8 & 255)) $((size & 255)))"
  cat "$work/manifest"
} > "$work/signed"
openssl pkeyutl -sign -rawin -inkey "$key" -in "$work/signed" -out "$work/signature"

{
  echo "clawmesh-edge-bundle 1"
  base64url < "$work/signature"
  echo
  cat "$work/manifest"
  echo
  cat "${bodies[@]}"
} > "$work/bundle"
mv "$work/bundle" "$out"
echo "bundle: $out ($(stat -c %s "$out") bytes, version $version, $rid)"
