#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the kernels of tensor/src/main/cuda to the PTX that the library carries: a text for each .cu file, compressed so that
# it drowns no search, and an index that says which text has which kernel. Needs nvcc of CUDA 12 or 13; the tests say when the
# result is out of date. To read a text: gzip -dc NAME.ptx.gz
#
# usage: scripts/make-ptx.sh [FOLDER]
#
# A text that is there is kept if its sources, the two lines of flags and edits below, and nvcc are still those that it names;
# delete it to have it anew.
#
# compute_80 is the oldest device with BF16 tensor cores. nvcc writes the newest PTX version, which only the newest drivers
# accept; nothing in the kernels is newer than 7.0, so that is what the texts declare, and drivers since CUDA 11.0 take them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C # the order of files

flags='-std=c++17 -arch=compute_80 -fmad=false -ptx'
# The pragma is a hint for memory checkers, newer than 7.0; the comments are a twentieth of the text and say nothing.
edits='s/^\.version .*/.version 7.0/; /\.pragma "used_bytes_mask/d; /^[[:space:]]*\/\//d'
sources=$PWD/tensor/src/main/cuda
target=${1:-tensor/src/main/resources/dev/jacobian/tensor/cuda/kernels}

if ! command -v nvcc >/dev/null; then
    echo 'make-ptx.sh: no nvcc on the PATH; install the CUDA toolkit (its compiler package is enough).' >&2
    exit 1
fi
version=$(nvcc --version | grep release)
mkdir -p "$target"
target=$(cd "$target" && pwd)
work=$(mktemp -d /tmp/make-ptx.XXXXXX)
trap 'rm -rf "$work"' EXIT
cp "$sources"/* "$work"
cd "$work"

# A source and all that it includes, and what those include, in order.
with_headers() { # FILE...
    local files=$* more
    while
        # shellcheck disable=SC2086 # files are words
        more=$({
            printf '%s\n' $files
            sed -n 's/^#include "\(.*\.cuh\)"$/\1/p' $files
        } | sort -u)
        [ "$more" != "$files" ]
    do files=$more; done
    printf '%s\n' "$files"
}

header() { # FILE
    local hash
    hash=$({
        with_headers "$1" | xargs sha256sum --
        echo "nvcc $flags"
        echo "sed $edits"
    } | sha256sum | cut -d ' ' -f 1)
    echo "// sha256 of sources, flags and edits: $hash"
    echo "// made by scripts/make-ptx.sh with $version"
}

text() { # NAME
    gzip -dc "$target/$1.ptx.gz"
}

names=()
stale=()
for source in *.cu; do
    name=${source%.cu}
    names+=("$name")
    header "$source" >"$name.header"
    [ "$(text "$name" 2>/dev/null | sed -n '1,2p')" = "$(cat "$name.header")" ] || stale+=("$name")
done

# nvcc's choice of registers follows the addresses that it works at, and these follow the lengths of paths and variables. So it
# runs where all of that is the same on every machine, without address randomisation where that can be had.
steady=()
if setarch -R true 2>/dev/null; then
    steady=(setarch -R)
fi
printf '%s\n' ${stale[@]+"${stale[@]}"} |
    env -i PATH="$PATH" TMPDIR="$work" ${steady[@]+"${steady[@]}"} xargs -r -P "$(nproc)" -I NAME \
        sh -c "nvcc $flags -o NAME.ptx NAME.cu"

for name in ${stale[@]+"${stale[@]}"}; do
    # -n: neither a name nor a time, so that the same text gives the same file.
    {
        cat "$name.header"
        sed -e "$edits" "$name.ptx"
    } | gzip -9 -n >"$name.finished"
    mv "$name.finished" "$target/$name.ptx.gz"
done
for file in "$target"/*.ptx.gz; do
    [ -f "$(basename "$file" .ptx.gz).cu" ] || rm -- "$file"
done
for name in "${names[@]}"; do
    text "$name" | sed -n "s/^\.visible \.entry \([A-Za-z0-9_]*\)(.*/\1 $name/p"
done | sort >index
mv index "$target/index.txt"
