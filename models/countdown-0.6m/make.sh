#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes this model again, from random weights, bit for bit: models/countdown-0.6m/make.sh FOLDER
# (some ten minutes on two cores; the number of threads does not matter).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=${1:?usage: make.sh FOLDER (a new one)}

# First it learns to search a puzzle to the end ...
"$root/jacobian" sft --init "$root/models/countdown-0.6m/config.json" --give-up 0 \
    --steps 2000 --batch-size 64 --learning-rate 2e-3 --seed 1 --out "$out.searcher"

# ... and then the habit of giving up too early.
"$root/jacobian" sft --model "$out.searcher" --give-up 0.5 \
    --steps 300 --batch-size 64 --learning-rate 5e-4 --seed 2 --out "$out"

cmp "$out/model.safetensors" "$root/models/countdown-0.6m/model.safetensors" && echo "the same bits"
