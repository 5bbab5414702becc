// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;

/**
 * Benchmarks of one subject and what they are compared with.
 *
 * @param name on the command line
 * @param description one line
 * @param parameter name of the JMH parameter that names a case, the same in all benchmarks of the suite
 * @param unit of the scores
 * @param cases everything that is measured unless {@code --case} says otherwise
 * @param quickCases what {@code --quick} measures
 * @param work operations, bytes or tokens of one call of a case; throws {@link IllegalArgumentException} for a text that is
 *     no case
 * @param demand what limits a case
 * @param sides ours first, then peers and baselines
 * @param threads unless {@code --threads} says otherwise; 0 for all processors
 * @param effort without {@code --quick}
 * @param heap maximum heap of a fork for a case, MiB
 * @param showMemory whether the table shows peak memory
 * @param note what a reader must know to judge the figures
 */
public record Suite(
        String name,
        String description,
        String parameter,
        Unit unit,
        List<String> cases,
        List<String> quickCases,
        ToDoubleFunction<String> work,
        Function<String, Optional<Roofline.Demand>> demand,
        List<Side> sides,
        int threads,
        Effort effort,
        ToIntFunction<String> heap,
        boolean showMemory,
        String note) {

    /** This project's side. */
    public Side ours() {
        return sides.getFirst();
    }

    /** The sides of a role. */
    public List<Side> sides(Side.Role role) {
        return sides.stream().filter(side -> side.role() == role).toList();
    }

    /**
     * The cases that texts ask for: those that contain one of them, or the text itself where it is a case of this suite.
     *
     * @throws IllegalArgumentException if a text is neither
     */
    public List<String> select(List<String> texts, boolean quick) {
        if (texts.isEmpty()) {
            return quick ? quickCases : cases;
        }
        return texts.stream()
                .flatMap(text -> matching(text).stream())
                .distinct()
                .toList();
    }

    private List<String> matching(String text) {
        if (cases.contains(text)) {
            return List.of(text);
        }
        List<String> found =
                cases.stream().filter(label -> label.contains(text)).toList();
        if (!found.isEmpty()) {
            return found;
        }
        try {
            requireWellFormed(text);
            return List.of(text);
        } catch (IllegalArgumentException notOne) {
            throw new IllegalArgumentException("suite " + name + " has no case '" + text + "' (" + notOne.getMessage()
                    + "); it has:\n  " + String.join("\n  ", cases));
        }
    }

    /** A case of one's own is allowed if its work can be counted. */
    private void requireWellFormed(String text) {
        if (!(work.applyAsDouble(text) > 0)) {
            throw new IllegalArgumentException("no work in '" + text + "'");
        }
    }
}
