// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.PromptTokens;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data sets of conversations, from the file to the trainers. */
class ConversationalDataTest {
    private static final String MARKED = """
        {%- for m in messages -%}
        {%- if m.role == 'assistant' %}{% generation %}{{ m.content }}.{% endgeneration %}{% else %}{{ m.content }}={% endif -%}
        {%- endfor -%}\
        """;

    @TempDir
    Path folder;

    private Path copy;

    @BeforeEach
    void model() throws IOException {
        copy = TestPaths.copyModel("arith-qwen3", folder);
        Files.writeString(copy.resolve("chat_template.jinja"), MARKED);
    }

    private CausalLM load() {
        return CausalLM.load(copy);
    }

    private Path data(String... rows) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), String.join("\n", rows) + "\n");
    }

    private static double train(CausalLM model, Path data, boolean assistantOnly) {
        OfflineConfig config =
                OfflineConfig.builder(Sft.DEFAULT).perDeviceTrainBatchSize(2).build();
        Given given = new Given();
        given.set("assistant_only_loss", assistantOnly, "test");
        given.set("max_steps", 1, "test");
        return OfflineTrainer.sft(model, SftDataset.jsonl(data), config.with(given))
                .train();
    }

    /** The loss of a conversation is that of the text that its template makes of it: where the same tokens are learned. */
    @Test
    void aConversationIsLearnedLikeItsText() throws IOException {
        double chat = train(
                load(),
                data(
                        "{\"prompt\": [{\"role\": \"user\", \"content\": \"1+2\"}], \"completion\": [{\"role\":"
                                + " \"assistant\", \"content\": \"3\"}]}",
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"4+4\"}, {\"role\": \"assistant\","
                                + " \"content\": \"8\"}]}"),
                true);
        double same = train(
                load(),
                data(
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"1+2\"}, {\"role\": \"assistant\","
                                + " \"content\": \"3\"}]}",
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"4+4\"}, {\"role\": \"assistant\","
                                + " \"content\": \"8\"}]}"),
                true);
        assertThat(chat).isEqualTo(same).isPositive();
        double everything = train(
                load(),
                data(
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"1+2\"}, {\"role\": \"assistant\","
                                + " \"content\": \"3\"}]}",
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"4+4\"}, {\"role\": \"assistant\","
                                + " \"content\": \"8\"}]}"),
                false);
        assertThat(everything).isNotEqualTo(chat);
    }

    @Test
    void badRowsAreNamedBeforeTheFirstStep() throws IOException {
        CausalLM model = load();
        Path refused = data(
                "{\"messages\": [{\"role\": \"user\", \"content\": \"1\"}, {\"role\": \"assistant\", \"content\":"
                        + " \"2\"}]}",
                "{\"messages\": [{\"role\": \"user\"}, {\"role\": \"assistant\", \"content\": {\"a\": []}}]}",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"only asks\"}]}");
        assertThatThrownBy(() -> train(model, refused, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("data.jsonl, row 3", "no token to learn from");
        assertThatThrownBy(() -> SftDataset.jsonl(
                        data("{\"messages\": [{\"role\": \"user\"}], \"prompt\": \"a\", \"completion\": \"b\"}")))
                .hasMessageContainingAll("data.jsonl, row 1", "'messages' and also 'prompt'");
        assertThatThrownBy(() -> SftDataset.jsonl(data("{\"messages\": [{\"content\": \"x\"}]}")))
                .hasMessageContainingAll("data.jsonl, row 1, messages", "'role'");
        assertThatThrownBy(() -> SftDataset.jsonl(data("{\"messages\": []}")))
                .hasMessageContainingAll("data.jsonl, row 1", "at least one message");
        Path mixed = data(
                "{\"messages\": [{\"role\": \"user\", \"content\": \"1\"}, {\"role\": \"assistant\", \"content\":"
                        + " \"2\"}]}",
                "{\"prompt\": \"1+1=\", \"completion\": \"2\"}");
        assertThatThrownBy(() -> train(model, mixed, true))
                .hasMessageContainingAll("data.jsonl, row 2", "assistant_only_loss is of conversations");
        assertThatThrownBy(() -> SftDataset.jsonl(data("{\"messages\": [{\"role\": \"user\"}], \"tools\": \"[{\"}")))
                .hasMessageContainingAll("data.jsonl, row 1, tools", "not valid JSON", "Give a list of schemas")
                .hasMessageNotContaining("fetch");
        Files.delete(copy.resolve("chat_template.jinja"));
        Files.writeString(copy.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|endoftext|>\"}");
        Path good = data("{\"messages\": [{\"role\": \"user\", \"content\": \"1\"}]}");
        CausalLM bare = load();
        assertThatThrownBy(() -> train(bare, good, false))
                .hasMessageContainingAll("data.jsonl, row 1", "there is no chat template");
    }

    @Test
    void promptsOfATaskAreRendered() throws IOException {
        Files.writeString(
                copy.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ m.content }}{{ '=' if m.role == 'user' }}{% endfor %}"
                        + "{% if add_generation_prompt %}{{ hint }}{% endif %}");
        CausalLM model = load();
        JsonlTask task = JsonlTask.of(data(
                "{\"prompt\": [{\"role\": \"user\", \"content\": \"1+2\"}], \"answer\": \"3\","
                        + " \"chat_template_kwargs\": {\"hint\": \"0\"}}",
                "{\"prompt\": [{\"role\": \"user\", \"content\": \"5+5\"}, {\"role\": \"assistant\", \"content\":"
                        + " \"1\"}], \"answer\": \"10\"}"));
        PromptTokens tokens = new PromptTokens(model);
        assertThat(task.allProblems())
                .extracting(problem -> model.tokenizer().decode(tokens.of(problem), false))
                .containsExactlyInAnyOrder("1+2=0", "5+5=1");
        Problem first = task.allProblems().getFirst();
        assertThat(new PromptCheck(model, 4).objection(first)).isEmpty();
    }
}
