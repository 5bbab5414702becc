// SPDX-License-Identifier: Apache-2.0

/**
 * A model's weights as values that travel: {@link dev.jacobian.rl.weights.WeightImage} is what they are at one moment, cut into pieces
 * that are known by their content; {@link dev.jacobian.rl.weights.WeightDelta} is what leads from one image to a later one, without loss;
 * {@link dev.jacobian.rl.weights.WeightAssembly} puts an image together from pieces that come in any order.
 *
 * <p>Nothing here knows who sends, or how.
 */
package dev.jacobian.rl.weights;
