#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches JCuda, which the launcher needs for --device cuda, from Maven Central into .jcuda: four jars, 10 MB. The driver
# and cuBLAS are NVIDIA's; ./jacobian doctor says whether they are there.
#
# usage: scripts/gpu-libs.sh [MAVEN-OPTION...], for instance -o to take them from Maven's repository without a network
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "gpu-libs.sh: JCuda has native libraries for Linux on x86-64 only, not for $(uname -s) on $(uname -m)." >&2
    exit 1
fi
mvn=${JACOBIAN_MVN:-mvn}
if ! command -v "$mvn" >/dev/null; then
    echo "gpu-libs.sh: Maven is needed, and '$mvn' is not on PATH; set JACOBIAN_MVN to it." >&2
    exit 1
fi

# Under another name first: the launcher takes the folder as soon as it is there.
unfinished=$PWD/.jcuda.tmp.$$
trap 'rm -rf "$unfinished"' EXIT
# Maven resets the terminal's colours even where it sets none, and with -q there is nothing else to hear unless it fails.
if ! said=$("$mvn" -B -q -Dstyle.color=never "$@" -f cli/pom.xml dependency:copy@jcuda -Djcuda.folder="$unfinished" 2>&1); then
    printf '%s\n' "$said" | sed $'s/\x1b\\[[0-9;]*m//g' >&2
    exit 1
fi
rm -rf .jcuda
mv "$unfinished" .jcuda
echo "JCuda is in $PWD/.jcuda; ./jacobian doctor shows what it finds." >&2
