// SPDX-License-Identifier: Apache-2.0
//
// Flash attention, backward, of heads of up to 128 numbers.
#include "flash_backward.cuh"

FLASH_QUERY_GRADIENT(128)
FLASH_KEY_GRADIENT(128)
