// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufType;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.GgufExport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code convert} writes, llama.cpp loads, and its greedy text is ours: the oracle for the names, orders and keys of every
 * architecture. It comes as a package of npm; without npm, or where the package cannot be had, this is skipped.
 */
class LlamaCppTest {
    private static final String VERSION = "3.22.1"; // as in jmh/bench

    /** Logits this close may be turned round there, where keys and values are F16. */
    private static final float CLOSE = 0.05f;

    @TempDir
    Path folder;

    private final Map<String, Case> cases = new LinkedHashMap<>();

    /** A model for llama.cpp, and what is asked of it. */
    private record Case(
            Path file, List<int[]> prompts, List<int[]> continuations, List<String> texts, List<int[]> ids) {}

    @Test
    @DisplayName("the same greedy tokens in every architecture, and the same ids of texts")
    void sameText() throws Exception {
        Path node = install();
        for (String name : List.of(
                "llama-gqa",
                "llama-bias-linear",
                "llama-llama3rope-bf16",
                "llama-mha-tied",
                "mistral-swa-f16",
                "mixtral",
                "qwen2-sharded",
                "qwen2-yarn",
                "qwen3",
                "qwen3-yarn",
                "qwen3-moe",
                "gemma",
                "phi3",
                "olmo2",
                "granite",
                "smollm3",
                "glm4",
                "gpt2",
                "gpt2-hubnames",
                "gpt-neox",
                "starcoder2",
                "stablelm",
                "stablelm-parallel",
                "cohere",
                "cohere2",
                "deepseek-v3",
                "lfm2",
                "ministral",
                "ministral3",
                "olmo3",
                "qwen3-next")) {
            add(name, GgufType.F32, config -> {});
        }
        for (String name :
                List.of("qwen3.5", "qwen3-next", "deepseek", "deepseek-lite", "lfm2", "ministral3", "olmo3", "glm")) {
            add("fresh-" + name, FreshModels.save(name, folder), GgufType.F32, config -> {});
        }
        // The same weights under configurations that keys can say.
        add("gemma2", GgufType.F32, config -> config.put("query_pre_attn_scalar", 16));
        add("gemma3-text", GgufType.F32, config -> config.put("query_pre_attn_scalar", 16));
        add("gpt-oss", GgufType.F32, config -> config.remove("rope_scaling")); // llama.cpp rounds the ramp of YaRN
        add("llama-gqa", GgufType.F16, config -> {});
        add("llama-gqa", GgufType.BF16, config -> {});
        // 8-bit products are of rounded activations there, so what is close can be further apart.
        add("llama-gqa", GgufType.Q8_0, config -> {});

        Map<String, JsonNode> answers = ask(node);
        List<String> wrong = new ArrayList<>();
        int compared = 0;
        for (Map.Entry<String, Case> entry : cases.entrySet()) {
            JsonNode answer = answers.get(entry.getKey());
            if (answer.has("error")) {
                wrong.add(entry.getKey() + ": " + answer.get("error").asText());
                continue;
            }
            Case asked = entry.getValue();
            for (int i = 0; i < asked.prompts().size(); i++) {
                int[] theirs = TestJson.ints(answer.get("continuations").get(i));
                if (!Arrays.equals(theirs, asked.continuations().get(i))) {
                    wrong.add(entry.getKey() + ", prompt " + i + ": " + Arrays.toString(theirs) + " for "
                            + Arrays.toString(asked.continuations().get(i)));
                }
                compared += theirs.length;
            }
            for (int i = 0; i < asked.texts().size(); i++) {
                assertThat(TestJson.ints(answer.get("ids").get(i)))
                        .as(entry.getKey() + ": " + asked.texts().get(i))
                        .isEqualTo(asked.ids().get(i));
            }
        }
        assertThat(wrong).isEmpty();
        cases.forEach((name, asked) -> {
            if (name.startsWith("fresh-")) {
                assertThat(asked.continuations()).as(name).anyMatch(tokens -> tokens.length > 3);
            }
        });
        assertThat(compared).isGreaterThan(500);
    }

    private void add(String name, GgufType type, Consumer<ObjectNode> change) throws IOException {
        add(name, TestPaths.copyModel(name, folder.resolve("copy-" + cases.size())), type, change);
    }

    private void add(String name, Path copy, GgufType type, Consumer<ObjectNode> change) throws IOException {
        // The folder names the model, and of one named Phi-3 llama.cpp expects Phi-3's tokens.
        Path from = Files.move(
                copy,
                Files.createDirectory(folder.resolve("model-" + cases.size())).resolve("model"));
        ObjectNode config = (ObjectNode) Json.read(from.resolve("config.json"));
        change.accept(config);
        Json.write(from.resolve("config.json"), config);
        boolean own = Files.exists(from.resolve("tokenizer.json"));
        if (!own) {
            writeTokenizer(from, config.path("vocab_size").intValue());
        }
        Path file = folder.resolve(name + "-" + type + ".gguf");
        boolean windowless =
                GgufExport.write(from, file, type).remarks().stream().anyMatch(remark -> remark.contains("window"));
        CausalLM model = CausalLM.load(file);
        List<int[]> prompts = new ArrayList<>();
        List<int[]> continuations = new ArrayList<>();
        for (int p = 0; p < 4; p++) {
            int[] prompt = new int[windowless ? 3 : 5 + p];
            for (int i = 0; i < prompt.length; i++) {
                prompt[i] = (7 + 31 * i * (p + 1) + 11 * p) % (model.config().vocabularySize() - 20);
            }
            prompts.add(prompt);
            continuations.add(greedy(model, prompt, windowless ? 4 : 12));
        }
        List<String> texts = own && !name.startsWith("mistral")
                ? List.of(
                        "Hello, world! It's 1234.", "  two  spaces\n\nand lines", "caf\u00e9 \u4f60\u597d \ud83d\ude00")
                : List.of();
        List<int[]> ids = texts.stream()
                .map(text -> model.tokenizer().encode(text, false))
                .toList();
        cases.put(file.getFileName().toString(), new Case(file, prompts, continuations, texts, ids));
    }

    /** Greedy tokens up to one that is not clear. */
    private static int[] greedy(CausalLM model, int[] prompt, int count) {
        int vocabulary = model.config().vocabularySize();
        int[] tokens = Arrays.copyOf(prompt, prompt.length + count);
        for (int at = prompt.length; at < tokens.length; at++) {
            float[] logits = model.logits(Arrays.copyOf(tokens, at)).toFloatArray();
            int last = (at - 1) * vocabulary;
            int best = 0;
            for (int i = 1; i < vocabulary; i++) {
                best = logits[last + i] > logits[last + best] ? i : best;
            }
            float second = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < vocabulary; i++) {
                second = i == best ? second : Math.max(second, logits[last + i]);
            }
            if (logits[last + best] - second < CLOSE) {
                return Arrays.copyOfRange(tokens, prompt.length, at);
            }
            tokens[at] = best;
        }
        return Arrays.copyOfRange(tokens, prompt.length, tokens.length);
    }

    /** The binding wants a tokenizer: each id a token, none of which is ever merged. */
    private static void writeTokenizer(Path folder, int vocabulary) {
        ObjectNode json = Json.object();
        json.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", false);
        json.putObject("decoder").put("type", "ByteLevel");
        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.putArray("merges");
        ObjectNode tokens = model.putObject("vocab");
        for (int id = 0; id < vocabulary; id++) {
            tokens.put(id < 90 && id != 1 ? Character.toString('!' + id) : "token" + id, id);
        }
        Json.write(folder.resolve("tokenizer.json"), json);
        Json.write(
                folder.resolve("tokenizer_config.json"),
                Json.object().put("bos_token", "token1").put("eos_token", "token1"));
    }

    private Map<String, JsonNode> ask(Path node) throws Exception {
        StringBuilder questions = new StringBuilder();
        cases.values().forEach(asked -> {
            ObjectNode question = Json.object().put("model", asked.file().toString());
            ArrayNode prompts = question.putArray("prompts");
            asked.prompts().forEach(prompt -> Arrays.stream(prompt).forEach(prompts.addArray()::add));
            ArrayNode tokens = question.putArray("tokens");
            asked.continuations().forEach(continuation -> tokens.add(continuation.length));
            asked.texts().forEach(question.putArray("texts")::add);
            questions.append(question).append('\n');
        });
        Path input = folder.resolve("questions.jsonl");
        Files.writeString(input, questions);
        Path output = folder.resolve("answers.txt");
        Process process = new ProcessBuilder("node", "greedy.mjs")
                .directory(node.toFile())
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(folder.resolve("errors.txt").toFile())
                .start();
        assertThat(process.waitFor(300, TimeUnit.SECONDS)).as("node ends").isTrue();
        Map<String, JsonNode> answers = new LinkedHashMap<>();
        List<String> names = List.copyOf(cases.keySet());
        Files.readAllLines(output).stream()
                .filter(line -> line.startsWith("answer "))
                .forEach(line ->
                        answers.put(names.get(answers.size()), Json.parse(line.substring("answer ".length()), "node")));
        assertThat(answers.keySet())
                .as(() -> "what node said: " + read(folder.resolve("errors.txt")))
                .containsExactlyElementsOf(names);
        return answers;
    }

    private static String read(Path file) {
        try {
            String text = Files.readString(file);
            return text.substring(Math.max(0, text.length() - 2000));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder with the binding, fetched once. */
    private static Path install() throws Exception {
        String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        String platform = switch (system) {
            case "Linux amd64" -> "linux-x64";
            case "Linux aarch64" -> "linux-arm64";
            case "Mac OS X aarch64" -> "mac-arm64-metal";
            case "Mac OS X x86_64" -> "mac-x64";
            default -> "";
        };
        assumeThat(platform)
                .as("llama.cpp is not tested: node-llama-cpp has nothing for " + system)
                .isNotEmpty();
        assumeThat(runs("node", "--version") && runs("npm", "--version"))
                .as("llama.cpp is not tested: there is no npm or no node here")
                .isTrue();
        Path node = TestPaths.project().resolve("transformer/target/node-llama-cpp");
        Path marker = node.resolve("version");
        Files.createDirectories(node);
        try (InputStream script = LlamaCppTest.class.getResourceAsStream("greedy.mjs")) {
            Files.write(
                    node.resolve("greedy.mjs"), Objects.requireNonNull(script).readAllBytes());
        }
        if (Files.exists(marker) && Files.readString(marker).equals(VERSION)) {
            return node;
        }
        Files.writeString(node.resolve("package.json"), "{\"private\": true}", StandardCharsets.UTF_8);
        Path log = node.resolve("npm.log");
        Process npm = new ProcessBuilder(
                        "npm",
                        "install",
                        "--omit=optional",
                        "--ignore-scripts",
                        "--no-audit",
                        "--no-fund",
                        "node-llama-cpp@" + VERSION,
                        "@node-llama-cpp/" + platform + "@" + VERSION)
                .directory(node.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean done = npm.waitFor(180, TimeUnit.SECONDS) && npm.exitValue() == 0;
        npm.destroy();
        assumeThat(done)
                .as("llama.cpp is not tested: npm cannot install node-llama-cpp " + VERSION + ": " + read(log))
                .isTrue();
        Files.writeString(marker, VERSION);
        return node;
    }

    private static boolean runs(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException absent) {
            return false;
        }
    }
}
