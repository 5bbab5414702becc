// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.node.ObjectNode;
import module java.base;
import module dev.jacobian.io;
import module dev.jacobian.rl;
import module dev.jacobian.transformer;

/**
 * 22: a longer context in two phases.
 *
 * <p>Kimi k1.5 is fine-tuned on sequences of up to 32k tokens first and of 128k then, an epoch each, with a learning rate that begins at half
 * in the second phase and falls to a tenth in each. The same road at a scale of seconds: 240 tokens, then 1,920. Between the phases the
 * base of the rotations is raised, so that positions eight times as far apart turn no further than the model knows. With activation
 * checkpointing a longer sequence takes little more memory for each token than one hidden state a layer.
 */
class LongContextInTwoPhases {
    private static final int SHORT = 240;
    private static final int LONG = 1920;
    private static final Path OUT = Path.of("out");

    void main() throws IOException {
        Files.createDirectories(OUT);
        CausalLM first = phase("first", CausalLM.load(Path.of("models/countdown-0.6m")), documents(64, SHORT), SHORT, 1e-3);
        tell("after the first phase", first);

        Path folder = OUT.resolve("first");
        ObjectNode config = (ObjectNode) Json.read(folder.resolve("config.json"));
        config.put("rope_theta", 80_000).put("max_position_embeddings", 2048);
        Json.write(folder.resolve("config.json"), config);

        CausalLM second = phase("second", CausalLM.load(folder), documents(32, LONG), LONG, 5e-4);
        tell("after the second phase", second);
    }

    /** One pass over the documents; the learning rate falls to a tenth along a cosine. */
    private static CausalLM phase(String name, CausalLM model, List<String> documents, int maxLength, double learningRate)
            throws IOException {
        Path data = Files.write(OUT.resolve(name + ".jsonl"), documents);
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .numTrainEpochs(1)
                .maxLength(maxLength)
                .perDeviceTrainBatchSize(4)
                .gradientCheckpointing(true)
                .learningRate(learningRate)
                .lrSchedulerType(LrScheduler.COSINE_WITH_MIN_LR)
                .lrSchedulerKwargs(new Arguments(Map.of("min_lr_rate", 0.1)))
                .warmupSteps(0)
                .build();
        Examples<Demonstration> examples = Examples.read(Sft.DEFAULT, model, config, data, false);
        new OfflineTrainer<>(model, Sft.DEFAULT, examples, config).train();
        model.save(OUT.resolve(name));
        return model;
    }

    /** Documents of at least so many tokens: sums, one after the other. */
    private static List<String> documents(int count, int tokens) {
        return IntStream.range(0, count)
                .mapToObj(d -> IntStream.range(0, tokens / 4)
                        .mapToObj(i -> "%d + %d\n".formatted((d + i) % 7 + 1, (d * 3 + i * 5) % 11 + 1))
                        .collect(Collectors.joining()))
                .map(text -> Json.compact(Json.object().put("text", text)))
                .toList();
    }

    /** Prints how well a model foretells the tokens near the beginning of long documents, and those that are farther than it saw first. */
    private static void tell(String when, CausalLM model) {
        List<int[]> documents = documents(4, LONG).stream()
                .map(row -> model.tokenizer().encode(Json.parse(row, "a row").get("text").textValue(), false))
                .map(tokens -> Arrays.copyOf(tokens, Math.min(tokens.length, LONG)))
                .toList();
        IO.println("%s: loss %.2f up to token %d, %.2f behind"
                .formatted(when, loss(model, documents, 0, SHORT), SHORT, loss(model, documents, SHORT, LONG)));
    }

    private static float loss(CausalLM model, List<int[]> documents, int from, int to) {
        List<int[]> labels = documents.stream().map(int[]::clone).toList();
        labels.forEach(one -> {
            Arrays.fill(one, 0, from, -100); // which do not count
            Arrays.fill(one, Math.min(to, one.length), one.length, -100);
        });
        return NoGrad.compute(() -> model.loss(documents, labels).value().item());
    }
}

/* Prints:
after the first phase: loss 1.21 up to token 240, 1.52 behind
after the second phase: loss 0.97 up to token 240, 1.04 behind
*/
