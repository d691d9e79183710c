#!/usr/bin/env bash
# Makes rollout.ptx from rollout.cu:  make-ptx.sh [CLANG]
# Any machine with clang 19 will do; neither CUDA nor a GPU is needed. On Debian 12 the packages clang-19, libclang-cpp19, libllvm19 and
# libclang-common-19-dev are enough, unpacked anywhere with `dpkg -x`.
set -euo pipefail
cd "$(dirname "$0")"

clang="${1:-clang-19}"
# Contraction off: only what the source calls a fused multiply-add is one, as on the other engines.
"$clang" -x cuda --cuda-device-only --cuda-gpu-arch=sm_53 --cuda-feature=+ptx60 -nocudainc -nocudalib -O3 -ffp-contract=off -S rollout.cu -o rollout.ptx
# Half of the text is comments and white space, and it travels in the binary.
sed -i -E -e 's@//.*$@@' -e 's/[ \t]+/ /g' -e 's/^ //; s/ $//' -e '/^$/d' rollout.ptx
# A test compares the two, so that no stale image is shipped.
echo "// made from rollout.cu $(sha256sum rollout.cu | cut -d ' ' -f 1)" >>rollout.ptx
wc -c rollout.ptx
