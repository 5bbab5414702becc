// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.SequenceScorer;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Models that say what a completion is worth. */
class JudgesTest {
    private static CausalLM model(String name) {
        return CausalLM.load(TestPaths.testdata("training", "models").resolve(name));
    }

    private static Completion completion(String prompt, String text, FinishReason finish) {
        return new Completion("p", prompt, Columns.of("answer", "white"), text, new int[] {1}, finish);
    }

    private static BatchReward.Samples samples(Completion... completions) {
        return new BatchReward.Samples(List.of(completions), new double[completions.length]);
    }

    @Test
    @DisplayName("a reward model scores prompt, completion and end token; a completion that was cut off has no end")
    void rewardModel() {
        CausalLM model = model("tiny-llama-rm");
        RewardModel reward = new RewardModel(HeldModel.resident(model));
        Completion ended = completion("Snow is", " white.", FinishReason.STOP);
        Completion cut = completion("Snow is", " white.", FinishReason.LENGTH);
        List<List<Score>> scores = reward.score(List.of(samples(ended, cut), samples(ended)));
        int[] text = model.tokenizer().encode("Snow is white.", false);
        int[] whole = Arrays.copyOf(text, text.length + 1);
        whole[text.length] = 256; // the end token
        SequenceScorer scorer = new SequenceScorer(model);
        assertThat(scores.get(0).get(0))
                .isEqualTo(Score.of(scorer.scores(List.of(whole)).getFirst()[0]));
        assertThat(scores.get(0).get(1))
                .isEqualTo(Score.of(scorer.scores(List.of(text)).getFirst()[0]));
        assertThat(scores.get(1).get(0)).isEqualTo(scores.get(0).get(0));
        Score tooLong = reward.score(List.of(samples(completion("Snow", "x".repeat(400), FinishReason.LENGTH))))
                .getFirst()
                .getFirst();
        assertThat(tooLong)
                .isInstanceOfSatisfying(
                        Score.Failure.class,
                        failure -> assertThat(failure.message()).contains("the reward model has 256 positions"));
        assertThatThrownBy(() -> new RewardModel(HeldModel.resident(model("tiny-llama"))))
                .hasMessageContaining("this one is a language model; train one with jacobian reward");
    }

    @Test
    @DisplayName("a judge reasons and always gives a verdict, the same each time; its reference must be there")
    void reasoningJudge() {
        ReasoningJudge judge = new ReasoningJudge(
                HeldModel.resident(model("tiny-llama")), "{prompt} {reference} {response}\n", "answer", 8);
        List<BatchReward.Samples> groups = List.of(
                samples(completion("Snow is", " white.", FinishReason.STOP)),
                samples(completion("Is {response} snow?", " no {reference}", FinishReason.STOP)));
        List<List<Score>> scores = judge.score(groups);
        for (List<Score> group : scores) {
            assertThat(group.getFirst().orNaN()).isIn(0.0, 1.0);
        }
        assertThat(judge.score(groups)).isEqualTo(scores);
        List<List<Score>> withLong = judge.score(List.of(
                groups.get(0), samples(completion("Snow", "x".repeat(4000), FinishReason.LENGTH)), groups.get(1)));
        assertThat(List.of(withLong.get(0), withLong.get(2)))
                .as("one that is too long takes none along")
                .isEqualTo(scores);
        assertThat(withLong.get(1).getFirst().trouble().orElseThrow())
                .contains("which is more than the judge's")
                .contains("take a judge with more, or shorten the answers");
        assertThatThrownBy(() -> judge.requireUsable(Columns.NONE)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ReasoningJudge(HeldModel.resident(model("tiny-llama-rm")), "answer", 8))
                .hasMessageContaining("use it as a RewardModel");
    }
}
