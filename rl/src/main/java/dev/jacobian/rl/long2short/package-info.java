// SPDX-License-Identifier: Apache-2.0
/**
 * From long thoughts to short ones (Kimi k1.5, section 2.4): what a model with long chains of thought knows, with fewer tokens.
 *
 * <p>{@link dev.jacobian.rl.long2short.LongToShort} is a {@linkplain dev.jacobian.rl.recipe.Recipe recipe} of the four ways, and {@link dev.jacobian.rl.long2short.TradeOff} says which is
 * best. How answers become data is in {@link dev.jacobian.rl.selection}, merging in {@code dev.jacobian.transformer.merge}.
 */
package dev.jacobian.rl.long2short;
