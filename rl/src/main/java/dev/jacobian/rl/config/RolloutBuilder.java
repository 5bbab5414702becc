// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

/**
 * Sets keys of a configuration from Java: those that decide which problems and groups a run with rollouts learns from.
 *
 * @param <B> the builder's own type
 */
public abstract class RolloutBuilder<B extends RolloutBuilder<B>> extends ConfigBuilder<B> {
    /** For the builders of configurations. */
    protected RolloutBuilder() {}

    /** Sets: which problems are sampled. */
    public final B curriculum(CurriculumConfig.Kind value) {
        return set("curriculum", value);
    }

    /** Sets: problems that a curriculum chooses from, of a task that makes them up. */
    public final B curriculumPool(int value) {
        return set("curriculum_pool", value);
    }

    /** Sets: steps until the curriculum has come to the hardest, or to hard ones only. */
    public final B curriculumSteps(int value) {
        return set("curriculum_steps", value);
    }

    /** Sets: share of the problems, the easiest, to begin with. */
    public final B curriculumStart(double value) {
        return set("curriculum_start", value);
    }

    /** Sets: difficulty from which on a problem is hard. */
    public final B curriculumThreshold(double value) {
        return set("curriculum_threshold", value);
    }

    /** Sets: column that says how hard a problem is. */
    public final B difficultyColumn(String value) {
        return set("difficulty_column", value);
    }

    /** Sets: success rate that is taken at least. */
    public final B curriculumFloor(double value) {
        return set("curriculum_floor", value);
    }

    /** Sets: what of a success rate remains when a new group is seen. */
    public final B successDecay(double value) {
        return set("success_decay", value);
    }

    /** Sets: column with the tag by which a mixture draws. */
    public final B mixtureColumn(String value) {
        return set("mixture_column", value);
    }

    /** Sets: share of each tag. */
    public final B mixtureWeights(Arguments value) {
        return set("mixture_weights", value);
    }

    /** Sets: whether groups that teach nothing are replaced. */
    public final B dynamicSampling(boolean value) {
        return set("dynamic_sampling", value);
    }

    /** Sets: how often a step asks for groups at most. */
    public final B dynamicSamplingMaxWaves(int value) {
        return set("dynamic_sampling_max_waves", value);
    }

    /** Sets: where a step's groups come from. */
    public final B buffer(BufferConfig.Kind value) {
        return set("buffer", value);
    }

    /** Sets: groups that are kept at most. */
    public final B bufferSize(int value) {
        return set("buffer_size", value);
    }

    /** Sets: optimizer steps that a group may be old. */
    public final B bufferMaxAge(int value) {
        return set("buffer_max_age", value);
    }

    /** Sets: share of a step's groups that are sampled for it. */
    public final B bufferFresh(double value) {
        return set("buffer_fresh", value);
    }

    /** Sets: largest importance weight of a replayed token. */
    public final B bufferImportance(double value) {
        return set("buffer_importance", value);
    }
}
