// SPDX-License-Identifier: Apache-2.0

/**
 * The systems that reports describe, whole, each on a page: {@link dev.jacobian.rl.recipe.TinyZero}, {@link
 * dev.jacobian.rl.recipe.R1Zero} and the others are short files that put stages together. {@link dev.jacobian.rl.recipe.Recipes} knows them
 * all, {@link dev.jacobian.rl.recipe.Recipe} is one as a value whose stages and settings can be changed, and {@link
 * dev.jacobian.rl.recipe.Ground} is what it works on.
 *
 * <p>Stages are in files of their own: {@link dev.jacobian.rl.recipe.SftStage}, {@link dev.jacobian.rl.recipe.RlStage} and the rest over the
 * library's trainers. How they become a folder that can be left and gone on with is the matter of {@link dev.jacobian.rl.recipe.stage}.
 */
package dev.jacobian.rl.recipe;
