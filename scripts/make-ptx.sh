#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the kernels of tensor/src/main/cuda to the PTX that the library carries. Needs nvcc of CUDA 12 or 13; the tests say
# when the result is out of date.
#
# usage: scripts/make-ptx.sh [FILE]
#
# compute_80 is the oldest device with BF16 tensor cores. nvcc writes the newest PTX version, which only the newest drivers
# accept; nothing in the kernels is newer than 7.0, so that is what the file declares, and drivers since CUDA 11.0 take it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

flags='-std=c++17 -arch=compute_80 -fmad=false -ptx'
sources=tensor/src/main/cuda
target=${1:-tensor/src/main/resources/dev/jacobian/tensor/cuda/kernels.ptx}

if ! command -v nvcc >/dev/null; then
    echo 'make-ptx.sh: no nvcc on the PATH; install the CUDA toolkit (its compiler package is enough).' >&2
    exit 1
fi
hash=$(
    cd "$sources"
    { LC_ALL=C; sha256sum -- *; echo "nvcc $flags"; } | sha256sum | cut -d ' ' -f 1
)
version=$(nvcc --version | grep release)

# nvcc's choice of registers follows the addresses that it works at, and these follow the lengths of paths and variables. So it
# runs where all of that is the same on every machine, without address randomisation where that can be had.
work=$(mktemp -d /tmp/make-ptx.XXXXXX)
unfinished=$target.tmp
trap 'rm -rf "$work" "$unfinished"' EXIT
cp "$sources"/* "$work"
steady=()
if setarch -R true 2>/dev/null; then
    steady=(setarch -R)
fi
# shellcheck disable=SC2086 # the flags are words
(cd "$work" && env -i PATH="$PATH" TMPDIR="$work" ${steady[@]+"${steady[@]}"} nvcc $flags -o kernels.ptx kernels.cu)
mkdir -p "$(dirname "$target")"
{
    echo "// sha256 of sources and flags: $hash"
    echo "// made by scripts/make-ptx.sh with $version"
    # The pragma is a hint for memory checkers, newer than 7.0.
    sed -e 's/^\.version .*/.version 7.0/' -e '/\.pragma "used_bytes_mask/d' "$work/kernels.ptx"
} >"$unfinished"
mv "$unfinished" "$target"
