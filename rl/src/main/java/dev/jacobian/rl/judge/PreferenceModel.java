// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import dev.jacobian.io.Json;
import dev.jacobian.rl.offline.GeneralPreference;
import dev.jacobian.rl.reward.BatchReward.Samples;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.PreferenceFunction;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.SequenceScorer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * A general preference model (Zhang et al., arXiv 2410.02197) as the judge of pairs: it makes a vector of every completion, and two vectors
 * say who wins. Preferences may go in circles.
 *
 * <pre>{@code
 * PreferenceFunction judge = new PreferenceModel(HeldModel.resident(CausalLM.load(folder)), 0.1);
 * Task task = new RewardedTask(problems, WeightedRewards.of(PreferenceReward.winRate("preference_model", judge)), Double.NaN);
 * }</pre>
 *
 * <p>Decisions: all completions of a rollout are scored in one visit of the model. The text is what {@link RewardModel} makes of it, and what is
 * longer than the model has positions is a failure.
 */
public final class PreferenceModel implements PreferenceFunction {
    private final HeldModel model;
    private final JudgedText texts;
    private final int positions;
    private final double tau;

    /**
     * A judge.
     *
     * @param tau what scores are divided by, as in the model's training
     * @throws IllegalArgumentException if its head does not give an even number of numbers
     */
    public PreferenceModel(HeldModel model, double tau) {
        CausalLM idle = model.idle();
        if (idle.labels() < 2 || idle.labels() % 2 != 0) {
            throw new IllegalArgumentException("a preference model gives an even number of numbers"
                    + " (ForSequenceClassification with 2, 4, … labels), and this one "
                    + (idle.labels() == 0 ? "is a language model" : "has " + idle.labels() + " labels")
                    + "; train one with jacobian reward --method preference");
        }
        this.model = model;
        this.texts = new JudgedText(idle);
        this.positions = idle.config().maxPositions();
        this.tau = tau;
    }

    /** What the scores of a folder's model are divided by: what it was trained with, if its {@code run.json} says so, or else the authors' number. */
    public static double trainedTau(Path folder) {
        double usual = GeneralPreference.DEFAULT.tau();
        Path run = folder.resolve("run.json");
        return Files.isRegularFile(run)
                ? Json.read(run).path("config").path("tau").asDouble(usual)
                : usual;
    }

    @Override
    public double[][] scores(Samples group) {
        return scores(List.of(group)).getFirst();
    }

    @Override
    public List<double[][]> scores(List<Samples> groups) {
        List<int[]> sequences = new ArrayList<>();
        groups.forEach(group -> group.completions().forEach(one -> sequences.add(tokens(one))));
        Iterator<float[]> vectors =
                model.use(here -> new SequenceScorer(here).scores(sequences)).iterator();
        PreferenceFunction compared = PreferenceFunction.ofEmbeddings(
                group -> group.completions().stream()
                        .map(one -> widened(vectors.next()))
                        .toArray(double[][]::new),
                tau);
        return groups.stream().map(compared::scores).toList();
    }

    private int[] tokens(Completion completion) {
        int[] tokens = texts.tokens(
                completion.prompt(),
                completion.text(),
                completion.finishReason().isOfModel());
        if (tokens.length > positions) {
            throw new IllegalArgumentException("the preference model has " + positions + " positions, and prompt and"
                    + " completion are " + tokens.length
                    + " tokens to it; lower max_completion_length, or use a model with more");
        }
        return tokens;
    }

    private static double[] widened(float[] vector) {
        double[] wide = new double[vector.length];
        for (int k = 0; k < wide.length; k++) {
            wide[k] = vector[k];
        }
        return wide;
    }
}
