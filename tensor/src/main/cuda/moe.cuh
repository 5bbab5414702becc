// SPDX-License-Identifier: Apache-2.0
//
// What routing and the experts' matrix products agree on.
#pragma once

constexpr int MOE_TILE = 64; // rows of one expert that a block of a product computes
