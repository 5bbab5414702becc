// SPDX-License-Identifier: Apache-2.0

/** Exact arithmetic on expressions that a model wrote: parsed with limits, evaluated as fractions, never executed. */
package dev.jacobian.rl.arithmetic;
