// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task.catalog;

import dev.jacobian.rl.task.MixedTask;
import dev.jacobian.rl.task.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Mixtures of named tasks as a command line writes them: {@code countdown:0.7,addition@3:0.3}, a difficulty behind the at sign. */
public final class TaskMixture {
    private static final String FORM = "NAME[@DIFFICULTY]:WEIGHT, with commas between";

    private TaskMixture() {}

    /** Whether a name is that of a mixture. */
    public static boolean isOne(String name) {
        return name.contains(":") || name.contains(",");
    }

    /**
     * The mixture.
     *
     * @throws IllegalArgumentException if a task is unknown or a weight is none, or the weights do not add up to 1
     */
    public static Task parse(String text) {
        List<MixedTask.Part> parts = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            int colon = part.lastIndexOf(':');
            if (colon < 0) {
                throw new IllegalArgumentException(
                        "'" + part.strip() + "' of the mixture '" + text + "' has no weight; write " + FORM);
            }
            String name = part.substring(0, colon).strip();
            parts.add(new MixedTask.Part(
                    name, weight(name, part.substring(colon + 1).strip()), task(name)));
        }
        return new MixedTask(parts);
    }

    private static double weight(String name, String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "the weight of task '" + name + "' is '" + text + "', not a number; write " + FORM, e);
        }
    }

    private static Task task(String name) {
        int at = name.indexOf('@');
        String known = at < 0 ? name : name.substring(0, at);
        NamedTask task = Tasks.find(known)
                .orElseThrow(() -> new IllegalArgumentException(
                        "the mixture names the task '" + known + "', which there is not; there are " + Tasks.names()));
        if (at < 0) {
            return task.task();
        }
        try {
            return task.task(Optional.of(Integer.parseInt(name.substring(at + 1))), Optional.empty());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + name + "' does not name a difficulty; write " + FORM, e);
        }
    }
}
