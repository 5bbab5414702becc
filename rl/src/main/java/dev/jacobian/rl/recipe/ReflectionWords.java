// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.observe.Measurements;
import dev.jacobian.rl.observe.StepObserver;
import dev.jacobian.rl.observe.TrainingStep;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.regex.Pattern;

/**
 * Counts words with which a chain of thought looks again at what it has said, as DeepSeek-R1's report does to show reflection arise (arXiv
 * 2501.12948, figure 9): wait, mistake, however, but, retry, error, verify, wrong, evaluate, check, and some of their kin.
 */
public final class ReflectionWords implements StepObserver {
    /** The name of the curve: words per completion. */
    public static final String METRIC = "reflection_words";

    private static final Pattern WORDS = Pattern.compile(
            "\\b(?:wait|mistake|however|but|retry|error|verify|wrong|evaluate|check|recheck|re-check|reconsider|alternatively|let"
                + " me see)\\b|等|检查|但是",
            Pattern.CASE_INSENSITIVE);

    /** How many there are in a text. */
    public static long count(String text) {
        return WORDS.matcher(text).results().count();
    }

    @Override
    public void observe(TrainingStep step, Measurements measured) {
        long words = 0;
        long samples = 0;
        for (ScoredGroup group : step.sampled()) {
            for (String text : group.texts()) {
                words += count(text);
                samples++;
            }
        }
        if (samples > 0) {
            measured.put(METRIC, words / (double) samples);
        }
    }
}
