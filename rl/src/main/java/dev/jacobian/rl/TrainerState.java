// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.learn.Critic;
import dev.jacobian.rl.learn.KlControl;
import dev.jacobian.rl.run.RunDirectory;

/**
 * Where a run stands. Together with weights, optimizer moments and configuration this is all that a resumed run needs.
 *
 * @param step rollouts learned from; in TRL's terms optimizer steps
 * @param tokens tokens computed in rollouts so far
 * @param samples completions sampled so far
 * @param passAt1Before held-out pass@1 before training
 * @param differenceMax largest sampler–trainer log-probability difference so far
 * @param seconds time spent so far
 */
record TrainerState(int step, long tokens, long samples, double passAt1Before, double differenceMax, double seconds) {
    static final TrainerState START = new TrainerState(0, 0, 0, 0, 0, 0);

    /**
     * Reads what {@link #toJson} wrote, strictly: a number that is missing, of another kind, negative or impossible is an error.
     *
     * @throws FormatException naming the file and the field
     */
    static TrainerState read(RunDirectory.Restored restored) {
        JsonFields fields = restored.state();
        TrainerState state = new TrainerState(
                restored.step(),
                fields.count("tokens"),
                fields.count("samples"),
                fields.quantity("pass@1_before"),
                fields.quantity("sampling_logp_difference_max"),
                fields.quantity("seconds"));
        fields.ignore(
                "updates",
                "optimizer_steps",
                RunParts.METHOD,
                RunParts.CURRICULUM,
                RunParts.BUFFER,
                RunParts.UNDER_WAY,
                QueuedBatches.NAME,
                Critic.NAME,
                KlControl.COEFFICIENT);
        fields.finish();
        if (state.passAt1Before > 1 || state.step > 0 && state.samples == 0) {
            throw new FormatException(
                    fields.where(),
                    "step, samples and pass@1_before do not fit together: " + state,
                    RunDirectory.EARLIER);
        }
        return state;
    }

    /** The trainer's own fields of {@code trainer_state.json}. */
    ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("tokens", tokens);
        json.put("samples", samples);
        json.put("pass@1_before", passAt1Before);
        json.put("sampling_logp_difference_max", differenceMax);
        json.put("seconds", seconds);
        return json;
    }

    TrainerState advanced(long moreTokens, long moreSamples) {
        return new TrainerState(
                step + 1, tokens + moreTokens, samples + moreSamples, passAt1Before, differenceMax, seconds);
    }

    TrainerState withPassAt1Before(double value) {
        return new TrainerState(step, tokens, samples, value, differenceMax, seconds);
    }

    TrainerState withDifference(double value) {
        return new TrainerState(step, tokens, samples, passAt1Before, Math.max(differenceMax, value), seconds);
    }

    TrainerState withSeconds(double value) {
        return new TrainerState(step, tokens, samples, passAt1Before, differenceMax, value);
    }
}
