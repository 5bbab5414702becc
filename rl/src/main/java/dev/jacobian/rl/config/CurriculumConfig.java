// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import java.util.EnumSet;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/** Which problems are sampled, and when. A setting that the chosen curriculum does not read is an error. */
public record CurriculumConfig(
        @Setting(
                value = "in_order",
                doc = "which problems are sampled: the task's own order; uniform: each of the list once an epoch;"
                        + " easy_to_hard: the easiest first, then ever more; uniform_then_hard: all of them, later hard"
                        + " ones only; prioritized: in proportion to 1 - s, s the problem's success rate so far;"
                        + " inverse_success: to 1 / s; mixture: tags by their weights")
        Kind curriculum,

        @Setting(
                value = "null",
                doc = "problems that a curriculum other than in_order chooses from, where a task makes them up and"
                        + " has no list; null: 1024")
        OptionalInt curriculumPool,

        @Setting(
                value = "null",
                doc = "steps until easy_to_hard has come to the hardest, or uniform_then_hard to hard ones only; null:"
                        + " half of max_steps")
        OptionalInt curriculumSteps,

        @Setting(value = "null", doc = "share of the problems, the easiest, that easy_to_hard begins with; null: 0.1")
        OptionalDouble curriculumStart,

        @Setting(
                value = "null",
                doc = "difficulty from which on a problem is hard for uniform_then_hard: of difficulty_column, or 1 -"
                        + " success rate so far where no column is named")
        OptionalDouble curriculumThreshold,

        @Setting(
                value = "",
                doc = "column with a number that rises with a problem's difficulty; pass_rate, which 'jacobian prompts"
                        + " difficulty' writes, falls and is read as 1 - pass_rate")
        String difficultyColumn,

        @Setting(
                value = "null",
                doc = "success rate that inverse_success takes at least, so that a problem nobody solves is not drawn"
                        + " without end; null: 0.05")
        OptionalDouble curriculumFloor,

        @Setting(
                value = "null",
                doc = "what of a problem's success rate remains when a new group of it is seen; 0: the last group alone"
                        + " counts; null: 0.5")
        OptionalDouble successDecay,

        @Setting(value = "", doc = "column with the tag by which curriculum=mixture draws")
        String mixtureColumn,

        @Setting(value = "null", doc = "share of each tag, such as algebra=0.7,geometry=0.3; they add up to 1")
        Arguments mixtureWeights) {
    /** Samplers of problems. */
    public enum Kind {
        /** The task's own order. */
        IN_ORDER,
        /** Each problem once an epoch, in random order. */
        UNIFORM,
        /** The easiest first, then ever more. */
        EASY_TO_HARD,
        /** All, later hard ones only. */
        UNIFORM_THEN_HARD,
        /** In proportion to 1 − s. */
        PRIORITIZED,
        /** In proportion to 1 / s. */
        INVERSE_SUCCESS,
        /** Tags by weight. */
        MIXTURE;

        private String label() {
            return "curriculum=" + name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    public CurriculumConfig {
        requireAtLeast("curriculum_pool", 1, curriculumPool.orElse(1));
        requireAtLeast("curriculum_steps", 1, curriculumSteps.orElse(1));
        double start = curriculumStart.orElse(1);
        require(start > 0 && start <= 1, "curriculum_start must be a share above 0 and up to 1, got " + start);
        double floor = curriculumFloor.orElse(1);
        require(floor > 0 && floor <= 1, "curriculum_floor must be a success rate above 0 and up to 1, got " + floor);
        double decay = successDecay.orElse(0);
        require(decay >= 0 && decay < 1, "success_decay must be from 0 up to but not 1, got " + decay);
        Set<Kind> pooled = EnumSet.complementOf(EnumSet.of(Kind.IN_ORDER));
        Set<Kind> phased = EnumSet.of(Kind.EASY_TO_HARD, Kind.UNIFORM_THEN_HARD);
        only(curriculumPool.isPresent(), "curriculum_pool", curriculum, pooled);
        only(curriculumSteps.isPresent(), "curriculum_steps", curriculum, phased);
        only(curriculumStart.isPresent(), "curriculum_start", curriculum, EnumSet.of(Kind.EASY_TO_HARD));
        only(curriculumThreshold.isPresent(), "curriculum_threshold", curriculum, EnumSet.of(Kind.UNIFORM_THEN_HARD));
        only(!difficultyColumn.isEmpty(), "difficulty_column", curriculum, pooled);
        only(curriculumFloor.isPresent(), "curriculum_floor", curriculum, EnumSet.of(Kind.INVERSE_SUCCESS));
        only(successDecay.isPresent(), "success_decay", curriculum, pooled);
        only(!mixtureColumn.isEmpty(), "mixture_column", curriculum, EnumSet.of(Kind.MIXTURE));
        only(!mixtureWeights.values().isEmpty(), "mixture_weights", curriculum, EnumSet.of(Kind.MIXTURE));
        require(
                curriculum != Kind.EASY_TO_HARD || !difficultyColumn.isEmpty(),
                "curriculum=easy_to_hard sorts by difficulty_column; name the column (pass_rate, which 'jacobian"
                        + " prompts difficulty' writes, or a label)");
        require(
                curriculumSteps.isEmpty() || curriculumStart.orElse(0) < 1,
                "curriculum_steps has no effect with curriculum_start=1, which begins with all problems; lower that, or"
                        + " leave curriculum_steps out");
        double threshold = curriculumThreshold.orElse(1);
        require(
                !difficultyColumn.isEmpty() || threshold > 0 && threshold <= 1,
                "curriculum_threshold must be above 0 and up to 1 where no difficulty_column is named, got " + threshold
                        + ": a problem's difficulty is 1 - its success rate then, so every problem would be hard, or"
                        + " none");
        require(
                curriculum != Kind.UNIFORM_THEN_HARD || curriculumThreshold.isPresent(),
                "curriculum=uniform_then_hard needs curriculum_threshold, the difficulty from which on a problem is"
                        + " hard");
        require(
                curriculum != Kind.MIXTURE
                        || !mixtureColumn.isEmpty() && !mixtureWeights.values().isEmpty(),
                "curriculum=mixture needs mixture_column and mixture_weights");
        requireShares(mixtureWeights);
    }

    private static void only(boolean given, String key, Kind chosen, Set<Kind> readers) {
        require(
                !given || readers.contains(chosen),
                key + " has no effect with " + chosen.label() + "; it is read by "
                        + String.join(", ", readers.stream().map(Kind::label).toList()));
    }

    private static void requireShares(Arguments weights) {
        double sum = 0;
        for (String tag : weights.values().keySet().stream().sorted().toList()) {
            double share = weights.number("mixture_weights", tag, 0);
            require(share >= 0, "mixture_weights: the share of '" + tag + "' must not be negative, got " + share);
            sum += share;
        }
        require(
                weights.values().isEmpty() || Math.abs(sum - 1) < 1e-6,
                "mixture_weights must add up to 1, but they make " + sum);
    }
}
