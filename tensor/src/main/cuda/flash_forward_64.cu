// SPDX-License-Identifier: Apache-2.0
//
// Flash attention, forward, of heads of up to 64 numbers.
#include "flash_forward.cuh"

FLASH(64)
FLASH_PAGED(64)
FLASH_DECODE(64)
