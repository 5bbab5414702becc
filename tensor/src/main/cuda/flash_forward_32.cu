// SPDX-License-Identifier: Apache-2.0
//
// Flash attention, forward, of heads of up to 32 numbers.
#include "flash_forward.cuh"

FLASH(32)
FLASH_PAGED(32)
FLASH_DECODE(32)
