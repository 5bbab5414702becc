// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What rewards see of a completion, and which prompts a model can complete at all. */
class CompletionTextTest {
    private static final int OPEN = 259;
    private static final int CLOSE = 260;
    private static final int END = 256;

    /** The addition model with {@code <answer>} and {@code </answer>} as special tokens, as chat models have them. */
    private static CausalLM withSpecialTags(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(TestModels.additionFolder())) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path file = folder.resolve("tokenizer.json");
        ObjectNode tokenizer = (ObjectNode) Json.read(file);
        ArrayNode added = (ArrayNode) tokenizer.get("added_tokens");
        for (String tag : List.of("<answer>", "</answer>")) {
            ObjectNode token = added.get(0).deepCopy();
            added.add(token.put("id", 256 + added.size()).put("content", tag));
        }
        Json.write(file, tokenizer);
        return CausalLM.load(folder);
    }

    @Test
    @DisplayName("tags that are special tokens are in the text; the end token is not")
    void specialTags(@TempDir Path folder) throws IOException {
        CausalLM model = withSpecialTags(folder);
        int five = model.tokenizer().idOf("5").orElseThrow();
        CompletionText texts = new CompletionText(model);
        assertThat(texts.of(new int[] {OPEN, five, CLOSE, END})).isEqualTo("<answer>5</answer>");
        assertThat(texts.of(new int[] {five, 257, five, END, END})).isEqualTo("5<|im_start|>5");
        assertThat(texts.of(new int[0])).isEmpty();
    }

    @Test
    @DisplayName("an empty prompt and one that leaves no room are named before a run begins")
    void impossiblePrompts() {
        CausalLM model = TestModels.addition(); // 64 positions
        PromptCheck check = new PromptCheck(model, 16);
        assertThat(check.objection(new Problem("p", "1+2=", Map.of()))).isEmpty();
        assertThat(check.objection(new Problem("p", "1".repeat(48), Map.of()))).isEmpty();
        assertThat(check.objection(new Problem("p", "1".repeat(49), Map.of())))
                .hasValueSatisfying(wrong -> assertThat(wrong).contains("49 tokens", "up to 16", "64 positions"));
        assertThat(check.objection(new Problem("p", "", Map.of())))
                .hasValueSatisfying(wrong -> assertThat(wrong).contains("empty"));
        PromptTask task = new PromptTask("mine", List.of("1+1=", "", "2+2="), c -> Score.of(0));
        RlConfig config = RlConfig.builder().maxCompletionLength(4).build();
        assertThatThrownBy(() -> new RlTrainer(model, task, config))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("problem 'mine-1' of task 'mine'")
                .hasMessageContaining("empty");
    }
}
