// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import java.util.function.Function;

/**
 * A system that the library has a recipe of.
 *
 * @param name on the command line
 * @param paper what describes it
 * @param summary what it does, in a sentence
 * @param make its stages on some ground
 */
public record NamedRecipe(String name, String paper, String summary, Function<Ground, Recipe> make) {
    /** The recipe for a model and its problems. */
    public Recipe on(Ground ground) {
        return make.apply(ground);
    }
}
