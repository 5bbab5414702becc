// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong, there is one line that says what, the right exit code, and no file is touched. */
class BadInputTest {
    @TempDir
    Path folder;

    private Path model;
    private Path ids;
    private Path out;

    @BeforeEach
    void setUp() throws IOException {
        model = TestPaths.copyModel("llama-gqa", folder);
        ids = Files.writeString(folder.resolve("ids.json"), "[[1, 2, 3], [4, 5]]");
        out = Files.writeString(folder.resolve("out.safetensors"), "precious");
    }

    private String logitsFailure() throws IOException {
        String message = Run.of("logits", "--model", model, "--input-ids", ids, "--out", out)
                .failure(ExitCode.FAILED);
        assertThat(Files.readString(out)).isEqualTo("precious");
        return message;
    }

    private String generateFailure() {
        return Run.of("generate", "--model", model, "--prompt", "Hello").failure(ExitCode.FAILED);
    }

    private void config(Consumer<ObjectNode> change) {
        TestJson.edit(model.resolve("config.json"), change);
    }

    // Command lines

    @Test
    void noCommand() {
        assertThat(Run.of().failure(ExitCode.USAGE)).contains("no command").contains("jacobian --help");
    }

    @Test
    void misspelledCommand() {
        assertThat(Run.of("genrate").failure(ExitCode.USAGE)).contains("'genrate'; did you mean generate?");
    }

    @Test
    void misspelledOption() {
        assertThat(Run.of("generate", "--modle", model).failure(ExitCode.USAGE))
                .contains("unknown option '--modle'; did you mean --model?")
                .contains("jacobian generate --help");
    }

    @Test
    void missingOption() {
        assertThat(Run.of("generate", "--prompt", "Hello").failure(ExitCode.USAGE))
                .contains("--model");
    }

    @Test
    void kvCacheTypes() {
        for (String command : new String[] {"generate", "eval", "chat", "serve"}) {
            assertThat(Run.of(command, "--model", model, "--kv-cache-type", "fp8")
                            .failure(ExitCode.USAGE))
                    .contains("--kv-cache-type")
                    .contains("'fp8'")
                    .contains("auto, f32, q8_0");
        }
        assertThat(Run.of("rl", "--kv-cache-type", "q8_0").failure(ExitCode.USAGE)) // samples have the trainer's bits
                .contains("--kv-cache-type");
    }

    @Test
    void weightFormats() throws IOException {
        assertThat(Run.of("generate", "--model", model, "--prompt", "Hello", "--weights", "q5")
                        .failure(ExitCode.USAGE))
                .contains("'q5'")
                .contains("f32, bf16, q8_0 or q4_0");
        assertThat(Run.of(
                                "logits",
                                "--model",
                                model,
                                "--input-ids",
                                ids,
                                "--out",
                                out,
                                "--labels",
                                ids,
                                "--gradients",
                                "--weights",
                                "bf16")
                        .failure(ExitCode.USAGE))
                .contains("--gradients")
                .contains("--weights");
        assertThat(Files.readString(out)).isEqualTo("precious");
    }

    @Test
    void valuesOutOfRange() {
        assertThat(Run.of("generate", "--model", model, "--temperature", 0).failure(ExitCode.USAGE))
                .contains("temperature");
        assertThat(Run.of("generate", "--model", model, "--top-p", 1.5).failure(ExitCode.USAGE))
                .contains("top_p");
        assertThat(Run.of("generate", "--model", model, "--max-new-tokens", 0).failure(ExitCode.USAGE))
                .contains("max_new_tokens");
        assertThat(Run.of("generate", "--model", model, "--seed", "x").failure(ExitCode.USAGE))
                .contains("--seed");
        assertThat(Run.of("doctor", "--threads", 0).failure(ExitCode.USAGE)).contains("--threads");
    }

    @Test
    void optionsThatMakeNoSenseTogether() {
        assertThat(Run.of("generate", "--model", model, "--prompt", "a", "--input-ids", ids)
                        .failure(ExitCode.USAGE))
                .contains("--prompt and --input-ids");
        assertThat(Run.of("logits", "--model", model, "--input-ids", ids, "--out", out, "--gradients")
                        .failure(ExitCode.USAGE))
                .contains("--labels");
        assertThat(Run.of("tokenize", "--model", model, "--ids", ids).failure(ExitCode.USAGE))
                .contains("--decode");
    }

    @Test
    void devices() {
        assertThat(Run.of("doctor", "--device", "tpu").failure(ExitCode.USAGE))
                .contains("'tpu'")
                .contains("cuda:N");
    }

    // Models

    @Test
    void missingFolder() throws IOException {
        model = folder.resolve("nothing-here");
        assertThat(logitsFailure()).contains("no such folder").contains("nothing-here");
        assertThat(Run.of("inspect", "--model", ids).failure(ExitCode.FAILED)).contains("is not a folder");
        assertThat(Run.of("eval", "--model", model).failure(ExitCode.FAILED)).contains("no such folder");
    }

    @Test
    void missingFiles() throws IOException {
        Files.delete(model.resolve("model.safetensors"));
        assertThat(logitsFailure()).contains("model.safetensors");
        Files.delete(model.resolve("config.json"));
        assertThat(logitsFailure()).contains("config.json");
    }

    @Test
    void truncatedSafetensors() throws IOException {
        try (FileChannel channel = FileChannel.open(model.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - 1000);
        }
        assertThat(logitsFailure()).contains("model.safetensors");
        assertThat(generateFailure()).contains("model.safetensors");
        try (FileChannel channel = FileChannel.open(model.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
            channel.truncate(4);
        }
        assertThat(logitsFailure()).contains("model.safetensors");
        try (FileChannel channel = FileChannel.open(model.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {-1, -1, -1, -1, -1, -1, -1, 127}));
        }
        assertThat(logitsFailure()).contains("model.safetensors");
    }

    @Test
    void unknownArchitecture() throws IOException {
        config(c -> c.put("model_type", "mamba"));
        assertThat(logitsFailure()).contains("mamba").contains("config.json").contains("llama");
        assertThat(Run.of("inspect", "--model", model).failure(ExitCode.FAILED)).contains("mamba");
    }

    @Test
    void unknownRopeType() throws IOException {
        config(c -> {
            c.remove("rope_parameters");
            c.put("rope_theta", 10000.0);
            c.putObject("rope_scaling").put("rope_type", "spiral").put("factor", 2.0);
        });
        assertThat(logitsFailure()).contains("spiral").contains("yarn");
    }

    @Test
    void unknownActivation() throws IOException {
        config(c -> c.put("hidden_act", "quartic"));
        assertThat(logitsFailure()).contains("quartic").contains("hidden_act");
    }

    @Test
    void unknownConfigKey() throws IOException {
        config(c -> c.put("attention_twist", 3));
        assertThat(logitsFailure()).contains("attention_twist");
    }

    @Test
    void unknownTokenizerComponent() throws IOException {
        TestJson.edit(
                model.resolve("tokenizer.json"),
                t -> t.putObject("pre_tokenizer").put("type", "Clairvoyant"));
        assertThat(generateFailure()).contains("Clairvoyant").contains("tokenizer.json");
        assertThat(Run.withInput("a", "tokenize", "--model", model).failure(ExitCode.FAILED))
                .contains("Clairvoyant");
    }

    @Test
    void noTokenizer() throws IOException {
        Files.delete(model.resolve("tokenizer.json"));
        assertThat(generateFailure()).contains("tokenizer.json");
        assertThat(Run.withInput("a", "tokenize", "--model", model).failure(ExitCode.FAILED))
                .contains("tokenizer.json");
    }

    @Test
    void halfOfAQuantizedTensor() throws Exception {
        Path quantized = TestPaths.copyModel("gpt-oss-mxfp4", model.resolveSibling("quantized"));
        Path weights = quantized.resolve("model.safetensors");
        String scales = "model.layers.0.mlp.experts.down_proj_scales";
        String bytes = new String(Files.readAllBytes(weights), StandardCharsets.ISO_8859_1);
        assertThat(bytes).contains(scales);
        Files.write(
                weights,
                bytes.replace(scales, scales.replace("scales", "scalez")).getBytes(StandardCharsets.ISO_8859_1));
        for (String command : List.of("inspect", "logits")) {
            Object[] arguments = command.equals("inspect")
                    ? new Object[] {command, "--model", quantized}
                    : new Object[] {command, "--model", quantized, "--input-ids", ids, "--out", quantized.resolve("o")};
            assertThat(Run.of(arguments).failure(ExitCode.FAILED)).contains("quantized", "down_proj");
        }
    }

    @Test
    void noRegularFiles() throws Exception {
        for (String name :
                List.of("config.json", "tokenizer_config.json", "generation_config.json", "model.safetensors")) {
            Path file = model.resolve(name);
            byte[] content = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            Files.deleteIfExists(file);
            Files.createSymbolicLink(file, Path.of("/dev/zero"));
            assertThat(generateFailure()).contains(name).contains("Only regular files");
            assertThat(Run.of("inspect", "--model", model).failure(ExitCode.FAILED))
                    .contains(name)
                    .contains("Only regular files");
            Files.delete(file);
            Files.write(file, content.length == 0 ? "{}".getBytes() : content);
        }
        Files.delete(ids);
        Files.createSymbolicLink(ids, Path.of("/dev/zero"));
        assertThat(logitsFailure()).contains("ids.json").contains("Only regular files");
    }

    private void weights(String tensor, float value) {
        Path file = model.resolve("model.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        try (SafetensorsFile old = SafetensorsFile.open(file)) {
            for (String name : old.names()) {
                Tensor read = old.read(name);
                if (name.equals(tensor)) {
                    Arrays.fill(read.floats(), value);
                }
                writer.add(name, read);
            }
        }
        writer.write(file);
    }

    @Test
    void weightsThatAreNotFinite() throws IOException {
        weights("model.layers.0.mlp.up_proj.weight", Float.NaN);
        for (String message : List.of(generateFailure(), logitsFailure())) {
            assertThat(message)
                    .contains("model.safetensors, tensor 'model.layers.0.mlp.up_proj.weight'")
                    .contains("NaN");
        }
        assertThat(Run.of("eval", "--model", model, "--task", "addition", "--problems", 2)
                        .failure(ExitCode.FAILED))
                .contains("model.layers.0.mlp.up_proj.weight");
    }

    @Test
    void logitsThatOverflow() throws IOException {
        weights("lm_head.weight", 3e38f);
        assertThat(generateFailure())
                .contains("logits for token 1 after prompt 0")
                .contains("overflow");
        assertThat(Run.of("generate", "--model", model, "--prompt", "Hello", "--greedy")
                        .failure(ExitCode.FAILED))
                .contains("overflow");
        assertThat(logitsFailure()).contains("of sequence 0").contains("overflow");
    }

    @Test
    void endTokensOutsideOfTheVocabulary() throws IOException {
        Path generation = model.resolve("generation_config.json");
        Files.writeString(generation, "{\"eos_token_id\": [1, 384]}");
        assertThat(generateFailure()).contains("generation_config.json").contains("384");
        assertThat(Run.of("inspect", "--model", model).failure(ExitCode.FAILED)).contains("384");
        Files.writeString(generation, "{}");
        for (String wrong : List.of("-1", "\"</s>\"", "[1, 2.5]", "99999999999", "{}")) {
            config(c -> c.set("eos_token_id", dev.jacobian.io.Json.parse(wrong, "wrong")));
            assertThat(generateFailure()).as(wrong).contains("config.json").contains("token");
            assertThat(Run.of("inspect", "--model", model).failure(ExitCode.FAILED))
                    .contains("config.json");
        }
    }

    @Test
    void controlCharactersAreWrittenOut() throws IOException {
        config(c -> c.put("hidden_act", "\u001b]0;pwned\u0007\u001b[2J\u009b31m\u202eFAKE"));
        Run run = Run.of("inspect", "--model", model, "--debug");
        assertThat(run.code()).isEqualTo(ExitCode.FAILED);
        assertThat(run.err())
                .contains("\\u001b]0;pwned\\u0007\\u001b[2J\\u009b31m\\u202eFAKE")
                .doesNotContain("\u001b", "\u009b", "\u202e");
        assertThat(Run.of("generate", "--model", model, "--\u001b[2J").failure(ExitCode.USAGE))
                .doesNotContain("\u001b");
    }

    @Test
    void controlCharactersInNamesAndTextAreWrittenOut() throws IOException {
        Path file = model.resolve("model.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        try (SafetensorsFile old = SafetensorsFile.open(file)) {
            old.names().forEach(name -> writer.add(name, old.read(name)));
        }
        writer.add("\u001b[31mx", Tensor.zeros(1)).write(file);
        assertThat(Run.of("inspect", "--model", model).result())
                .contains("\\u001b[31mx")
                .doesNotContain("\u001b");
        assertThat(generateFailure()).contains("\\u001b[31mx").doesNotContain("\u001b");
        Path other = TestPaths.copyModel("arith-qwen3", folder);
        TestJson.edit(other.resolve("tokenizer.json"), t -> {
            var decoders = t.objectNode().put("type", "Sequence");
            var replace = dev.jacobian.io.Json.parse(
                    "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"[0-9]\"},\"content\":\"\\u001b[2J\\u009b\"}",
                    "decoder");
            decoders.putArray("decoders").add(t.get("decoder")).add(replace);
            t.set("decoder", decoders);
        });
        Object[] args = {"generate", "--model", other, "--prompt", "1+1=", "--greedy", "--max-new-tokens", 8};
        String text = Run.of(args).result();
        assertThat(text).contains("\\u001b[2J\\u009b").doesNotContain("\u001b", "\u009b");
        Object[] json = Arrays.copyOf(args, args.length + 1);
        json[args.length] = "--json";
        Run exact = Run.of(json);
        assertThat(exact.json().get("text").textValue()).contains("\u001b[2J\u009b");
        assertThat(exact.out()).doesNotContain("\u001b", "\u009b");
    }

    @Test
    void noPrompt() {
        assertThat(Run.withInput("", "generate", "--model", model).failure(ExitCode.FAILED))
                .contains("there is no prompt")
                .contains("--prompt");
    }

    @Test
    void aHostileTokenizerIsToldFromABrokenProgram() {
        TestJson.edit(
                model.resolve("tokenizer.json"),
                t -> t.set(
                        "pre_tokenizer",
                        dev.jacobian.io.Json.parse(
                                "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a*)*\\\\1b\"},\"behavior\":\"Isolated\"}",
                                "split")));
        assertThat(Run.withInput("a".repeat(60) + "!", "tokenize", "--model", model)
                        .failure(ExitCode.FAILED))
                .contains("tokenizer.json")
                .contains("steps");
    }

    @Test
    void pathsThatAreNone() {
        assertThat(Failures.describe(new java.nio.file.InvalidPathException("a\0b", "Nul character not allowed")))
                .contains("cannot be the name of a file");
    }

    // Token ids

    @Test
    void idOutsideOfTheVocabulary() throws IOException {
        Files.writeString(ids, "[[1, 2], [3, 384]]");
        assertThat(logitsFailure()).contains("384").contains("sequence 1, position 1");
        Files.writeString(ids, "[[-1]]");
        assertThat(logitsFailure()).contains("-1");
        assertThat(Run.of("generate", "--model", model, "--input-ids", ids).failure(ExitCode.FAILED))
                .contains("-1");
    }

    @Test
    void idsThatAreNone() throws IOException {
        for (String text :
                new String[] {"", "[[1, 2", "{}", "[]", "[[]]", "[[1.5]]", "[[\"a\"]]", "[1, [2]]", "[[1], 2]"}) {
            Files.writeString(ids, text);
            assertThat(logitsFailure()).as(text).contains("ids.json");
        }
        Files.delete(ids);
        assertThat(logitsFailure()).contains("ids.json");
    }

    @Test
    void labelsOfAnotherShape() throws IOException {
        Path labels = folder.resolve("labels.json");
        for (String text :
                new String[] {"[[1, 2, 3]]", "[[1, 2, 3], [4]]", "[[1, 2, 999], [4, 5]]", "[[1, -100, -100], [4, -100]]"
                }) {
            Files.writeString(labels, text);
            Run.of("logits", "--model", model, "--input-ids", ids, "--out", out, "--labels", labels)
                    .failure(ExitCode.FAILED);
            assertThat(Files.readString(out)).isEqualTo("precious");
        }
    }

    @Test
    void promptThatIsTooLong() {
        assertThat(Run.of("generate", "--model", model, "--prompt", "a", "--max-new-tokens", 1000)
                        .failure(ExitCode.FAILED))
                .contains("128 positions");
    }

    // Output

    @Test
    void outputThatCannotBeWritten() throws IOException {
        out = Files.writeString(folder.resolve("file"), "precious");
        assertThat(Run.of("logits", "--model", model, "--input-ids", ids, "--out", out.resolve("x"))
                        .failure(ExitCode.FAILED))
                .contains("cannot write");
        assertThat(Run.of("logits", "--model", model, "--input-ids", ids, "--out", folder)
                        .failure(ExitCode.FAILED))
                .contains("it is a folder");
        assertThat(Files.readString(out)).isEqualTo("precious");
        try (var left = Files.list(folder)) {
            assertThat(left.map(p -> p.getFileName().toString()).filter(n -> n.startsWith(".")))
                    .isEmpty();
        }
    }

    @Test
    void chatTemplates() {
        assertThat(Run.of("tokenize", "--model", model, "--chat", ids).failure(ExitCode.FAILED))
                .contains("a message is an object with a 'role'");
    }

    @Test
    void debugShowsTheStackTrace() {
        Run run = Run.of("inspect", "--model", folder.resolve("no"), "--debug");
        assertThat(run.code()).isEqualTo(ExitCode.FAILED);
        assertThat(run.err()).contains("\tat dev.jacobian.cli");
    }
}
