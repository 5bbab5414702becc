// SPDX-License-Identifier: Apache-2.0

/**
 * Work in stages, of which each begins with what earlier ones made, in one folder that can be left and gone on with.
 *
 * <p>A {@link dev.jacobian.rl.recipe.stage.Stage} does its work in a folder of its own and returns a {@link
 * dev.jacobian.rl.recipe.stage.StageResult}: figures, curves, samples, and products such as a model. A {@link
 * dev.jacobian.rl.recipe.stage.Pipeline} runs stages in order, passes over those that are finished, and refuses to mix what was made
 * with other settings.
 */
package dev.jacobian.rl.recipe.stage;
