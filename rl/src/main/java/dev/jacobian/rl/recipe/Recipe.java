// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A system as a value: its stages in order. Each method returns a changed copy.
 *
 * <pre>{@code
 * Recipe recipe = Recipes.named("tinyzero").on(ground);
 * recipe.with(new Given().set("rl.learning_rate", 3e-5, "mine")).pipeline(7).run(folder);
 * }</pre>
 *
 * @param name names it on the command line and in its folder
 * @param stages in order
 */
public record Recipe(String name, List<Stage> stages) {
    /** Copies the list. */
    public Recipe {
        stages = List.copyOf(stages);
    }

    /** A recipe. */
    public static Recipe of(String name, Stage... stages) {
        return new Recipe(name, List.of(stages));
    }

    /**
     * With other settings of its stages.
     *
     * @param given keys are {@code stage.key}
     * @throws FormatException for a stage or a key that there is not, or a value that is refused; with the value's origin
     */
    public Recipe with(Given given) {
        Map<String, Given> byStage = new LinkedHashMap<>();
        for (String key : given.keys()) {
            Given.Value value = given.get(key).orElseThrow();
            int dot = key.indexOf('.');
            String stage = dot < 0 ? key : key.substring(0, dot);
            if (dot < 0 || stages.stream().noneMatch(one -> one.name().equals(stage))) {
                throw new FormatException(
                        value.origin(),
                        dot < 0 ? "'" + key + "' names no stage" : "recipe '" + name + "' has no stage '" + stage + "'",
                        "Write STAGE.KEY=VALUE with one of its stages: "
                                + String.join(
                                        ", ", stages.stream().map(Stage::name).toList()));
            }
            byStage.computeIfAbsent(stage, one -> new Given()).set(key.substring(dot + 1), value);
        }
        return new Recipe(
                name,
                stages.stream()
                        .map(stage -> byStage.containsKey(stage.name()) ? stage.with(byStage.get(stage.name())) : stage)
                        .toList());
    }

    /**
     * With another stage in the place of the one that has its name.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public Recipe replacing(Stage other) {
        require(other.name());
        return new Recipe(
                name,
                stages.stream()
                        .map(stage -> stage.name().equals(other.name()) ? other : stage)
                        .toList());
    }

    /** With one more stage at the end. */
    public Recipe then(Stage last) {
        List<Stage> more = new ArrayList<>(stages);
        more.add(last);
        return new Recipe(name, more);
    }

    /**
     * Only the stages up to one.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public Recipe upTo(String last) {
        return new Recipe(name, stages.subList(0, stages.indexOf(require(last)) + 1));
    }

    /**
     * The stage of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Stage stage(String wanted) {
        return require(wanted);
    }

    private Stage require(String wanted) {
        return stages.stream()
                .filter(stage -> stage.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("recipe '" + name + "' has no stage '" + wanted
                        + "'; its stages: "
                        + String.join(", ", stages.stream().map(Stage::name).toList())));
    }

    /** Ready to run in a folder. */
    public Pipeline pipeline(long seed) {
        return new Pipeline(name, stages, seed);
    }
}
