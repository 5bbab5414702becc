// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.PreferenceFunction;
import dev.jacobian.rl.reward.PreferenceReward;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.SequenceScorer;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.plan.Head;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A general preference model as the judge of pairs. */
class PreferenceModelTest {
    private static final double TAU = 0.1;

    private static CausalLM language() {
        return CausalLM.load(TestPaths.testdata("training", "models").resolve("tiny-llama"));
    }

    private static CausalLM model() {
        return language().withFreshHead(new Head.Scores(4, false), 3);
    }

    private static Completion completion(String text) {
        return new Completion("p", "Snow is", Columns.NONE, text, new int[] {1}, FinishReason.STOP);
    }

    private static BatchReward.Samples samples(String... texts) {
        return new BatchReward.Samples(
                Arrays.stream(texts).map(PreferenceModelTest::completion).toList(), new double[texts.length]);
    }

    @Test
    @DisplayName(
            "a pair's score is that of the two vectors over τ; groups are judged alike together and alone; win rates"
                    + " are means of it")
    void scores() {
        CausalLM model = model();
        PreferenceModel judge = new PreferenceModel(HeldModel.resident(model), TAU);
        String[] texts = {" white.", " black.", " cold, they say."};
        double[][] vectors = new double[3][];
        for (int i = 0; i < 3; i++) {
            int[] text = model.tokenizer().encode("Snow is" + texts[i], false);
            int[] whole = Arrays.copyOf(text, text.length + 1);
            whole[text.length] = 256; // the end token
            float[] vector = new SequenceScorer(model).scores(List.of(whole)).getFirst();
            vectors[i] = new double[] {vector[0], vector[1], vector[2], vector[3]};
        }
        List<double[][]> together = judge.scores(List.of(samples(texts), samples(texts[1], texts[0])));
        for (int i = 0; i < 3; i++) {
            double wins = 0;
            for (int j = 0; j < 3; j++) {
                double expected = PreferenceFunction.score(vectors[i], vectors[j]) / TAU;
                assertThat(together.getFirst()[i][j]).isCloseTo(expected, within(1e-12));
                wins += 1 / (1 + Math.exp(-expected)) / 3;
            }
            Score rate = PreferenceReward.winRate("judge", judge)
                    .score(samples(texts))
                    .get(i);
            assertThat(rate.orNaN()).isCloseTo(wins, within(1e-12)).isNotEqualTo(0.5);
        }
        assertThat(together.get(1)[1][0]).isEqualTo(together.getFirst()[0][1]);
        assertThat(judge.scores(samples(texts[1], texts[0]))[1][0]).isEqualTo(together.get(1)[1][0]);
    }

    @Test
    @DisplayName(
            "against somebody else's samples a reward is the mean over those alone; who plays against itself draws")
    void against() {
        PreferenceModel judge = new PreferenceModel(HeldModel.resident(model()), TAU);
        PreferenceReward reward = PreferenceReward.winRate("judge", judge);
        List<Completion> own = samples(" white.", " black.").completions();
        List<Completion> others = samples(" black.", " a word.").completions();
        double[] got = reward.against(List.of(own), List.of(others)).getFirst();
        double[][] scores = judge.scores(samples(" white.", " black.", " black.", " a word."));
        for (int i = 0; i < 2; i++) {
            double expected = (1 / (1 + Math.exp(-scores[i][2])) + 1 / (1 + Math.exp(-scores[i][3]))) / 2;
            assertThat(got[i]).isCloseTo(expected, within(1e-12));
        }
        assertThat(reward.against(List.of(own.subList(1, 2)), List.of(others.subList(0, 1)))
                        .getFirst())
                .containsExactly(reward.draw());
        assertThat(PreferenceReward.score("judge", judge)
                        .against(List.of(own.subList(1, 2)), List.of(others.subList(0, 1)))
                        .getFirst())
                .containsExactly(0);
    }

    @Test
    @DisplayName("a model whose head has no even number of numbers is refused, and so is a text beyond its positions")
    void refused() {
        assertThatThrownBy(() -> new PreferenceModel(HeldModel.resident(language()), TAU))
                .hasMessageContaining(
                        "this one is a language model; train one with jacobian reward --method preference");
        CausalLM reward = CausalLM.load(TestPaths.testdata("training", "models").resolve("tiny-llama-rm"));
        assertThatThrownBy(() -> new PreferenceModel(HeldModel.resident(reward), TAU))
                .hasMessageContaining("this one has 1 labels");
        PreferenceModel judge = new PreferenceModel(HeldModel.resident(model()), TAU);
        assertThatThrownBy(() -> judge.scores(samples("x".repeat(400))))
                .hasMessageContaining("the preference model has 256 positions");
    }
}
