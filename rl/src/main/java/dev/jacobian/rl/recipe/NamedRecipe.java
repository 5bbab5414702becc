// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A system that the library has a recipe of.
 *
 * @param name on the command line
 * @param paper what describes it
 * @param summary what it does, in a sentence
 * @param takes what it can use of a ground beside model and problems: {@code demonstrations}, {@code solutions}, {@code student}
 * @param make its stages on some ground
 */
public record NamedRecipe(
        String name, String paper, String summary, List<String> takes, Function<Ground, Recipe> make) {
    static final String DEMONSTRATIONS = "demonstrations";
    static final String SOLUTIONS = "solutions";
    static final String STUDENT = "student";

    public NamedRecipe {
        takes = List.copyOf(takes);
    }

    /**
     * The recipe for a model and its problems.
     *
     * @throws IllegalArgumentException if it is given what it would not look at, or lacks what it needs
     */
    public Recipe on(Ground ground) {
        require(DEMONSTRATIONS, ground.demonstrations());
        require(SOLUTIONS, ground.solutions());
        require(STUDENT, ground.student());
        return make.apply(ground);
    }

    private void require(String what, Optional<Path> given) {
        if (given.isPresent() && !takes.contains(what)) {
            throw new IllegalArgumentException("recipe " + name + " has no use for --" + what + "; it takes "
                    + (takes.isEmpty() ? "a model and data alone" : "--" + String.join(", --", takes)));
        }
    }
}
