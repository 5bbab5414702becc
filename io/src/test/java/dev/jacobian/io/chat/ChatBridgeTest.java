// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What stands between two turns is what the template writes there, as tokens, and never depends on what was said before. */
class ChatBridgeTest {
    private static final String CHATML = """
        {%- for m in messages -%}
        <|im_start|>{{ m.role }}
        {{ m.content }}{% for c in m.tool_calls %}
        <tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>
        {% endfor -%}
        {%- if add_generation_prompt %}<|im_start|>assistant
        {% endif -%}\
        """;

    private static final Tokenizer TOKENIZER = Tokenizer.load(TestPaths.model("arith-qwen3"));
    private static final int END = TOKENIZER.idOf("<|im_end|>").orElseThrow();
    private static final int OTHER_END = TOKENIZER.idOf("<|endoftext|>").orElseThrow();

    private static ChatBridge bridge(String template, Chat chat) {
        ChatTemplate source = ChatTemplate.of(template, TOKENIZER.config(), "test");
        return ChatBridge.of(source, chat, TOKENIZER, Set.of(END, OTHER_END));
    }

    private static Chat chat() {
        return Chat.of(Json.object().arrayNode().add(ChatBridge.user("?")), "test");
    }

    private static Chat withTools() {
        return chat().withTools(Json.object().arrayNode().add(Json.object()));
    }

    private static int[] encode(String text) {
        return TOKENIZER.encode(text, false);
    }

    @Test
    @DisplayName("a user's message, one or several answers of tools; the chosen end token is not repeated, another is"
            + " completed")
    void pieces() {
        ChatBridge bridge = bridge(CHATML, withTools());
        String user = "\n<|im_start|>user\n 1 + 1?<|im_end|>\n<|im_start|>assistant\n";
        assertThat(bridge.behind(END, List.of(ChatBridge.user(" 1 + 1?")))).isEqualTo(encode(user));
        assertThat(bridge.behind(OTHER_END, List.of(ChatBridge.user(" 1 + 1?"))))
                .isEqualTo(encode("<|im_end|>" + user));
        assertThat(bridge.behind(END, List.of(ChatBridge.tool("sum", 0, "2"), ChatBridge.tool("sum", 1, "3"))))
                .isEqualTo(encode("\n<|im_start|>tool\n2<|im_end|>\n<|im_start|>tool\n3<|im_end|>\n"
                        + "<|im_start|>assistant\n"));
        assertThat(bridge.mostCalls()).isGreaterThan(1);
    }

    @Test
    @DisplayName("a template whose piece between turns is not fixed is refused with the reason")
    void refused() {
        assertRefused(
                "{% for m in messages %}{{ loop.index }} {{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}",
                "depends on how long the conversation is: once \"3 user: an observation<|im_end|>\", once \"5 user:"
                        + " an");
        assertRefused(
                "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
                "it ends an assistant's turn with none of the model's end tokens [<|endoftext|>, <|im_end|>]");
        assertRefused(
                "{% for m in messages %}{{ m.content | upper }}<|im_end|>{% endfor %}",
                "does not write what the assistant says as it is");
        assertRefused(
                "{{ messages[0].content }}{{ messages[1].content }}<|im_end|>",
                "it leaves out what is said in messages of the role \"user\"");
        assertThatThrownBy(() -> bridge(
                        "{% for m in messages %}{% if m.role != 'tool' %}{{ m.content }}{% for c in m.tool_calls %}"
                                + "{{ c | tojson }}{% endfor %}<|im_end|>{% endif %}{% endfor %}",
                        withTools()))
                .hasMessageContaining("it leaves out what is said in messages of the role \"tool\"");
    }

    private static void assertRefused(String template, String reason) {
        assertThatThrownBy(() -> bridge(template, chat()))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(reason)
                .hasMessageContaining("put one that does into the model's folder");
    }

    // Templates of published models

    /** Those that cannot be used without tools, and those whose golden names no end token that they write. */
    private static final Set<String> REFUSED = Set.of(
            "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use",
            "NousResearch-Hermes-3-Llama-3.1-8B-tool_use",
            "fireworks-ai-llama-3-firefunction-v2",
            "NVIDIA-Nemotron-Nano-v2",
            "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
            "llama-cpp-rwkv-world",
            "ort-chatglm",
            "ort-nvidia-mistral");

    /** Those whose models know no tools, write calls in a form of their own, or want arguments as text. */
    private static final Set<String> REFUSED_WITH_TOOLS = Set.of(
            "NVIDIA-Nemotron-Nano-v2",
            "deepseek-ai-DeepSeek-R1-Distill-Llama-8B",
            "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
            "deepseek-ai-DeepSeek-V3.1",
            "fireworks-ai-llama-3-firefunction-v2",
            "google-gemma-2-2b-it",
            "llama-cpp-deepseek-r1",
            "llama-cpp-rwkv-world",
            "meetkai-functionary-medium-v3.1",
            "microsoft-Phi-3.5-mini-instruct",
            "mistral-instruct-v0.1-like",
            "openai-gpt-oss-120b",
            "ort-chatglm",
            "ort-gemma-3-chat",
            "ort-gemma-4",
            "ort-nvidia-mistral",
            "ort-phi-3-medium",
            "ort-phi-3-mini",
            "ort-phi-4-base",
            "tinyllama-chat");

    @Test
    @DisplayName(
            "real templates: behind the chosen tokens stands what the template writes there, or it is refused for a"
                    + " known reason")
    void published() throws IOException {
        Path root = TestPaths.shared("golden", "chat");
        JsonNode index = Json.read(root.resolve("index.json"));
        Map<String, String> refused = new TreeMap<>();
        Map<String, String> refusedWithTools = new TreeMap<>();
        int followed = 0;
        for (Map.Entry<String, JsonNode> entry : index.get("templates").properties()) {
            String name = entry.getKey();
            Map<String, String> special = new LinkedHashMap<>();
            Json.read(root.resolve(name + ".json"))
                    .get("special_tokens")
                    .properties()
                    .forEach(token ->
                            special.put(token.getKey(), token.getValue().textValue()));
            Tokenizer tokenizer =
                    tokenizer(Files.readString(root.resolve("templates").resolve(name + ".jinja")), special);
            ChatTemplate template = ChatTemplate.require(tokenizer.config(), name);
            try {
                ChatBridge bridge = ChatBridge.of(template, chat(), tokenizer, ends(tokenizer));
                followed += follows(bridge, template, tokenizer) ? 1 : 0;
            } catch (FormatException e) {
                refused.put(name, e.what());
            }
            try {
                ChatBridge.of(template, chat().withTools(index.get("tools")), tokenizer, ends(tokenizer));
            } catch (FormatException e) {
                refusedWithTools.put(name, e.what());
            }
        }
        assertThat(refused.keySet()).isEqualTo(REFUSED);
        assertThat(followed).isGreaterThanOrEqualTo(24);
        assertThat(refusedWithTools.keySet()).isEqualTo(REFUSED_WITH_TOOLS);
    }

    private static Set<Integer> ends(Tokenizer tokenizer) {
        Set<Integer> ends = new LinkedHashSet<>();
        tokenizer.eosId().ifPresent(ends::add);
        for (String end : List.of("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<turn|>")) {
            tokenizer.idOf(end).ifPresent(ends::add);
        }
        return ends;
    }

    /** A vocabulary of bytes with all that looks like a special token in a template. */
    private static Tokenizer tokenizer(String template, Map<String, String> special) {
        ObjectNode json = (ObjectNode) Json.read(TestPaths.model("arith-qwen3").resolve("tokenizer.json"));
        Set<String> tokens = new LinkedHashSet<>(special.values());
        Matcher mark = Pattern.compile("<[|｜][^|｜>\\s]+[|｜]>|<\\w+>|\\[/?[A-Z_]+]|<(turn\\||\\|turn)>")
                .matcher(template);
        while (mark.find()) {
            tokens.add(mark.group());
        }
        ArrayNode added = json.putArray("added_tokens");
        int id = 256;
        for (String token : tokens) {
            added.addObject()
                    .put("id", id++)
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        return Tokenizer.of(json, "bytes", new TokenizerConfig(special, Map.of("default", template), Json.object()));
    }

    /** Whether the tokens so far, a turn and the bridge are the tokens of the whole; of a template that writes earlier turns anew they are not. */
    private static boolean follows(ChatBridge bridge, ChatTemplate template, Tokenizer tokenizer) {
        ArrayNode messages = Json.object().arrayNode().add(ChatBridge.user("2 and 3?"));
        int[] tokens = render(template, messages, tokenizer);
        List<Integer> wrong = new ArrayList<>();
        for (int turn = 0; turn < 3; turn++) {
            String said = "It is " + turn;
            messages.add(Json.object().put("role", "assistant").put("content", said));
            ObjectNode next = ChatBridge.user("and " + turn + "?");
            messages.add(next);
            int[] whole = render(template, messages, tokenizer);
            int[] behind = bridge.behind(-1, List.of(next));
            tokens = Stream.of(tokens, tokenizer.encode(said, false), behind)
                    .flatMapToInt(IntStream::of)
                    .toArray();
            if (!Arrays.equals(tokens, whole)) {
                wrong.add(turn);
            }
        }
        return wrong.isEmpty();
    }

    private static int[] render(ChatTemplate template, ArrayNode messages, Tokenizer tokenizer) {
        return template.render(Chat.of(messages, "test").withGenerationPrompt(true))
                .encode(tokenizer);
    }
}
