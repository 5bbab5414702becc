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

mkdir -p "$(dirname "$target")"
unfinished=$target.tmp
trap 'rm -f "$unfinished"' EXIT
# shellcheck disable=SC2086 # the flags are words
nvcc $flags -o "$unfinished" "$sources/kernels.cu"
{
    echo "// sha256 of sources and flags: $hash"
    echo "// made by scripts/make-ptx.sh with $version"
    sed 's/^\.version .*/.version 7.0/' "$unfinished"
} >"$unfinished.2"
mv "$unfinished.2" "$target"
