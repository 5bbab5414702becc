#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains the bundled model on Countdown with each online method and prints the table of docs/methods.md.
#
#   scripts/methods-table.sh [--steps N] [--seeds "0 1 2"] [--methods "grpo opo"] [--write]
#
# Every method sees the same number of samples. --write puts the table into docs/methods.md between its two marks.
set -euo pipefail
cd "$(dirname "$0")/.."

steps=80 seeds="0" methods="" write=no
while [ $# -gt 0 ]; do
    case $1 in
        --steps) steps=$2; shift 2 ;;
        --seeds) seeds=$2; shift 2 ;;
        --methods) methods=$2; shift 2 ;;
        --write) write=yes; shift ;;
        *) echo "unknown option $1; see the head of this script" >&2; exit 2 ;;
    esac
done
if [ -z "$methods" ]; then
    # the online methods alone: those for recorded data come behind, as "offline_methods"
    methods=$(./jacobian methods --json | tail -1 | sed 's/"shared_settings".*//' | grep -o '{"name":"[^"]*"' | cut -d'"' -f4)
fi

runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
number() { sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p"; }

table="| method | pass@1 before | after | points | samples | seeds |
| --- | --- | --- | --- | --- | --- |"
for method in $methods; do
    results=""
    for seed in $seeds; do
        echo "$method, seed $seed ..." >&2
        line=$(./jacobian rl --algorithm "$method" --steps "$steps" --seed "$seed" --json --out "$runs/$method-$seed" | tail -1)
        results+="$(number 'pass@1_before' <<<"$line") $(number 'pass@1_after' <<<"$line") $(number samples <<<"$line")"$'\n'
        rm -rf "$runs/$method-$seed"
    done
    table+=$'\n'$(awk -v method="$method" 'NF == 3 {
            n++; before += $1; after += $2; samples = $3
            if (n == 1 || $2 < least) least = $2
            if (n == 1 || $2 > most) most = $2
        } END {
            if (n == 0) { printf "| `%s` | failed | | | | |", method; exit }
            spread = n > 1 ? sprintf(" (%.1f to %.1f)", 100 * least, 100 * most) : ""
            printf "| `%s` | %.1f %% | %.1f %%%s | %+.1f | %d | %d |", method, 100 * before / n, 100 * after / n, spread,
                100 * (after - before) / n, samples, n
        }' <<<"$results")
done
echo "$table"
if [ $write = yes ]; then
    T=$table awk '/<!-- table of online methods -->/ { print; print ""; print ENVIRON["T"]; print ""; inside = 1; next }
        /<!-- end of the table -->/ { inside = 0 }
        !inside' docs/methods.md > "$runs/methods.md"
    cp "$runs/methods.md" docs/methods.md
fi
