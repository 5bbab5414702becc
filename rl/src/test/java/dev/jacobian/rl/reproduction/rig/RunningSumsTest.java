// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The task, its demonstrations and the models that are made of them. */
class RunningSumsTest {
    private static final RunningSums TASK = new RunningSums(3, 6);

    private static double reward(SftExample example) {
        int sum = example.prompt()
                .chars()
                .filter(Character::isDigit)
                .map(digit -> digit - '0')
                .sum();
        Problem problem = new Problem("p", example.prompt(), Map.of("answer", "" + sum % 10));
        Completion completion = problem.completion(example.completion(), new int[1], FinishReason.STOP);
        return TASK.rewards().score(completion).total().orNaN();
    }

    @Test
    @DisplayName("held-out problems differ, and no training problem is one of them")
    void heldOut() {
        Set<String> heldOut = new HashSet<>();
        TASK.evalProblems(300).forEach(problem -> heldOut.add(problem.id()));
        assertThat(heldOut).hasSize(300);
        for (Problem problem : TASK.trainProblems(7, 0, 2000)) {
            assertThat(heldOut).doesNotContain(problem.id());
        }
        assertThatThrownBy(() -> new RunningSums(2, 2).evalProblems(300)).hasMessageContaining("allow more terms");
        assertThatThrownBy(() -> new RunningSums(1, 2)).hasMessageContaining("from 2 to 8");
    }

    @Test
    @DisplayName("who does not slip is always right, in the right form; who slips is wrong as often as slips say")
    void traces() {
        Trace sure = new Trace(3, 6, 0, 0.5, 3);
        Trace careless = new Trace(4, 4, 0.2, 0, 1);
        int right = 0;
        for (int i = 0; i < 2000; i++) {
            assertThat(reward(sure.example(1, i))).isEqualTo(1);
            right += reward(careless.example(1, i)) == 1 ? 1 : 0;
        }
        double expected = Math.pow(0.8, 3); // and a few slips that cancel each other
        assertThat(right / 2000.0).isBetween(expected - 0.02, expected + 0.08);
        Completion completion = new Problem("p", "123:::::=", Map.of("answer", "6"))
                .completion(sure.example(1, 0).completion(), new int[1], FinishReason.STOP);
        assertThat(FormatReward.DEFAULT.score(completion).orNaN()).isEqualTo(1);
    }

    @Test
    @DisplayName("checking mends slips; a loop says everything as often as it is told to")
    void checking() {
        Trace once = new Trace(4, 4, 0.2, 0, 1);
        Trace checked = new Trace(4, 4, 0.2, 1, 3);
        double plain = 0;
        double mended = 0;
        for (int i = 0; i < 2000; i++) {
            plain += reward(once.example(2, i));
            mended += reward(checked.example(2, i));
        }
        assertThat(mended).isGreaterThan(plain);
        Trace loop = new Trace(3, 3, 0, 1, 4, false, 1, 0);
        assertThat(loop.example(1, 0).completion().split("wait", -1)).hasSize(4);
    }

    @Test
    @DisplayName("claimed answers are right half of the time, and their traces say so")
    void claimed() {
        ClaimedSums claims = new ClaimedSums(3, 5);
        int right = 0;
        for (int i = 0; i < 1000; i++) {
            SftExample example = claims.example(1, i);
            boolean isRight = ClaimedSums.isRight(example.prompt());
            assertThat(example.completion()).endsWith(isRight ? "<answer>y</answer>" : "<answer>n</answer>");
            right += isRight ? 1 : 0;
        }
        assertThat(right).isBetween(440, 560);
        assertThat(claims.evalProblems(50)).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("a workshop makes a model once, and the same bits in another folder")
    void workshop(@TempDir Path folder) {
        TinyModel recipe = new TinyModel(16, 1, new Trace(3, 4, 0.1, 0, 1), 3, 4, 1e-3);
        List<String> said = new ArrayList<>();
        Workshop workshop = new Workshop(folder.resolve("a"), said::add);
        CausalLM first = workshop.model(recipe, 1);
        CausalLM again = workshop.model(recipe, 1);
        CausalLM other = new Workshop(folder.resolve("b"), said::add).model(recipe, 1);
        assertThat(said).hasSize(2);
        for (int p = 0; p < first.parameters().size(); p++) {
            Tensor value = first.parameters().get(p).value();
            assertThat(again.parameters().get(p).value().toFloatArray()).isEqualTo(value.toFloatArray());
            assertThat(other.parameters().get(p).value().toFloatArray()).isEqualTo(value.toFloatArray());
        }
        String text = "385:::::=<think>31666666wait31666666</think><answer>6</answer>";
        int[] ids = first.tokenizer().encodePrompt(text);
        assertThat(ids).hasSize(9 + 1 + 8 + 1 + 8 + 1 + 1 + 1 + 1);
        assertThat(first.tokenizer().decode(ids, false)).isEqualTo(text);
    }
}
