#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brings every source file into the house format; `mvn verify` checks it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec mvn -q -B -pl .ci/format verify -Dformat=apply
