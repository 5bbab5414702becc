// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.RepetitionConfig;
import dev.jacobian.transformer.generation.StopConfig;

/** Samples of a rollout that run in circles: when they are stopped, and what that costs. */
public record RepetitionStop(
        @Setting(
                value = "0",
                doc = "stop a sample at whose end a run of at most so many tokens stands repetition_count times in a"
                        + " row; 0 for no such rule")
        int repetitionNgram,

        @Setting(
                value = "0",
                doc = "how often, where the run is repetition_ngram tokens long; shorter ones fill as many")
        int repetitionCount,

        @Setting(value = "0.0", doc = "taken off the reward of a sample that was stopped so")
        double repetitionStopPenalty) {
    public RepetitionStop {
        requireAtLeast("repetition_stop_penalty", 0, repetitionStopPenalty);
        require(Double.isFinite(repetitionStopPenalty), "repetition_stop_penalty must be finite");
        RepetitionConfig rule = new RepetitionConfig(repetitionNgram, repetitionCount);
        require(
                !rule.isNone() || repetitionStopPenalty == 0,
                "repetition_stop_penalty is for samples that repetition_ngram and repetition_count stop; set them too");
    }

    /** Whether samples are stopped so. */
    public boolean isOn() {
        return repetitionNgram > 0;
    }

    /** Refuses a rule that no completion is long enough for. */
    public void requireFor(int maxCompletionLength) {
        long least = rule().tokens();
        require(
                least < maxCompletionLength,
                "repetition_ngram times repetition_count (" + least
                        + ") stops nothing, because no completion goes on beyond max_completion_length ("
                        + maxCompletionLength + ") tokens; lower one of them");
    }

    /** The same sampling, stopped by this rule. */
    public GenerationConfig with(GenerationConfig usual) {
        StopConfig stop = usual.stop();
        return !isOn()
                ? usual
                : new GenerationConfig(
                        usual.length(),
                        usual.sampling(),
                        usual.penalties(),
                        usual.tokens(),
                        usual.search(),
                        new StopConfig(stop.eosTokenIds(), stop.ignoreEos(), stop.stopStrings(), rule()),
                        usual.topLogProbs(),
                        usual.processors(),
                        usual.seed());
    }

    private RepetitionConfig rule() {
        return new RepetitionConfig(repetitionNgram, repetitionCount);
    }
}
