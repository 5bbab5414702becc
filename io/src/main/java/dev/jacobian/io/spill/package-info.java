// SPDX-License-Identifier: Apache-2.0
/**
 * Lists that may be larger than memory: a {@link dev.jacobian.io.spill.SpillingList} has its elements as bytes, first in memory and
 * beyond a bound in a temporary file, and makes an element of them when it is asked for one.
 */
package dev.jacobian.io.spill;
