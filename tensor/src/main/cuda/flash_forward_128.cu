// SPDX-License-Identifier: Apache-2.0
//
// Flash attention, forward, of heads of up to 128 numbers.
#include "flash_forward.cuh"

FLASH(128)
FLASH_PAGED(128)
FLASH_DECODE(128)
