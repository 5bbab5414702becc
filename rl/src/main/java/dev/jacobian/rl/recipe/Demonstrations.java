// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.sft.SftDataset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * What a stage of supervised fine-tuning learns from, made when the stage runs.
 *
 * @param description all that decides it: what {@code stage.json} says, and what is compared when a pipeline goes on
 * @param data where it comes from, for the run's own record; empty if it is made up
 * @param make makes it
 */
public record Demonstrations(String description, List<Source> data, Function<StageContext, SftDataset> make) {
    /** Copies the list. */
    public Demonstrations {
        data = List.copyOf(data);
    }

    /** What a program makes up; a data set that is a record says itself what it is. */
    public static Demonstrations of(SftDataset made) {
        return new Demonstrations(made.toString(), List.of(), context -> made);
    }

    /** Rows that an earlier stage wrote, or a file of the user. */
    public static Demonstrations of(Source rows) {
        return new Demonstrations(
                rows.toString(), List.of(rows), context -> SftDataset.of(Rows.of(rows.in(context)), false));
    }

    /** A file or folder of the user. */
    public static Demonstrations of(Path rows) {
        return of(Source.of(rows));
    }

    /** One after the other, in turn. */
    public Demonstrations mixedWith(Demonstrations other) {
        List<Source> both = new ArrayList<>(data);
        both.addAll(other.data);
        return new Demonstrations(description + " and " + other.description, both, context -> {
            SftDataset first = make.apply(context);
            SftDataset second = other.make.apply(context);
            return (seed, index) -> (index % 2 == 0 ? first : second).example(seed, index / 2);
        });
    }
}
