// SPDX-License-Identifier: Apache-2.0

/**
 * Text to trees: one spelling of characters, tokens, recursive descent, units, dates, number words.
 */
package dev.jacobian.rl.math.reading;
