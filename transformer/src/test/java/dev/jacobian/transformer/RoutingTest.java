// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.transformer.TestModels.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.plan.FeedForward;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The sampler and the trainer send every token to the same experts: its {@link Experts} are equal however it is computed. */
class RoutingTest {
    private static final int STEPS = 12;

    static Stream<String> mixtures() {
        return GoldenModel.all().stream()
                .filter(golden -> Families.read(golden.folder()).plan().layers().stream()
                        .anyMatch(layer -> layer.feedForward() instanceof FeedForward.Experts))
                .map(GoldenModel::name);
    }

    /** The experts of a token in every layer that has some: by layer, in the order of the router. */
    private record Experts(Map<Integer, List<Integer>> ofLayer) {}

    /** What the routers of passes chose, row after row. */
    private static final class Recorder implements RoutingListener {
        private final Map<Integer, List<List<Integer>>> rows = new HashMap<>(); // by layer

        @Override
        public void routed(int layer, ExpertOrder order) {
            int[] offsets = ints(order.offsets());
            int[] rowOfPair = ints(order.rowOfPair());
            List<List<Integer>> own = rows.computeIfAbsent(layer, none -> new ArrayList<>());
            for (int pair = 0; pair < order.pairs(); pair += order.perToken()) {
                List<Integer> experts = new ArrayList<>();
                for (int slot = 0; slot < order.perToken(); slot++) {
                    int row = rowOfPair[pair + slot];
                    int expert = Arrays.binarySearch(offsets, row);
                    for (expert = expert < 0 ? -expert - 2 : expert; offsets[expert + 1] <= row; ) {
                        expert++; // of experts without rows the offsets are equal
                    }
                    experts.add(expert);
                }
                own.add(experts);
            }
        }

        private static int[] ints(Tensor tensor) {
            return Arrays.copyOfRange(tensor.ints(), tensor.offset(), tensor.offset() + tensor.elements());
        }

        List<Experts> take() {
            int count = rows.values().stream().mapToInt(List::size).max().orElse(0);
            List<Experts> all = new ArrayList<>();
            for (int row = 0; row < count; row++) {
                Map<Integer, List<Integer>> ofLayer = new HashMap<>();
                for (Map.Entry<Integer, List<List<Integer>>> layer : rows.entrySet()) {
                    ofLayer.put(layer.getKey(), layer.getValue().get(row));
                }
                all.add(new Experts(ofLayer));
            }
            rows.clear();
            return all;
        }
    }

    @Test
    @DisplayName("all families with experts are among them")
    void families() {
        assertThat(mixtures())
                .contains("deepseek-v3", "gpt-oss", "gpt-oss-mxfp4", "mixtral", "qwen2-moe", "qwen3-moe", "qwen3-next");
    }

    @ParameterizedTest
    @MethodSource("mixtures")
    @DisplayName("sampled alone, decoded in a batch, scored alone and trained in a batch")
    void sameExperts(String name) {
        CausalLM model = CausalLM.load(TestPaths.model(name));
        Recorder recorder = new Recorder();
        model.backbone().listenToRouting(recorder);
        int vocabulary = model.config().vocabularySize();
        List<int[]> prompts = List.of(tokens(1, 5, vocabulary), tokens(2, 17, vocabulary), tokens(3, 1, vocabulary));
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(STEPS + 1)
                .ignoreEos(true)
                .seed(7)
                .build();
        List<int[]> sequences = new ArrayList<>(); // without the last token, which nobody computes
        List<List<Experts>> sampled = new ArrayList<>();
        for (int[] prompt : prompts) {
            int[] completion = new Generator(model)
                    .generate(List.of(prompt), 1, config)
                    .get(0)
                    .get(0)
                    .tokenIds();
            sampled.add(recorder.take());
            sequences.add(IntStream.concat(Arrays.stream(prompt), Arrays.stream(completion, 0, STEPS))
                    .toArray());
        }
        assertThat(decoded(model, prompts, sequences, recorder))
                .as("decoded in a batch")
                .isEqualTo(sampled);
        List<List<Experts>> alone = new ArrayList<>();
        for (int[] sequence : sequences) {
            var unused = model.logits(sequence);
            alone.add(recorder.take());
        }
        assertThat(alone).as("scored alone").isEqualTo(sampled);
        for (boolean checkpoints : new boolean[] {false, true}) {
            model.gradientCheckpointing(checkpoints);
            var loss = model.loss(sequences, sequences);
            List<Experts> trained = recorder.take();
            assertThat(trained)
                    .as("trained in a batch")
                    .isEqualTo(sampled.stream().flatMap(List::stream).toList());
            loss.backward();
            List<Experts> again = recorder.take();
            assertThat(again).as("computed again in backward").isEqualTo(checkpoints ? trained : List.of());
        }
        long different = sampled.stream().flatMap(List::stream).distinct().count();
        assertThat(different).as("tokens go different ways").isGreaterThan(3);
    }

    /** All prompts at once, then token after token of all. */
    private static List<List<Experts>> decoded(
            CausalLM model, List<int[]> prompts, List<int[]> sequences, Recorder recorder) {
        List<List<Experts>> all = new ArrayList<>();
        NoGrad.run(() -> {
            KvCache cache = model.newKvCache();
            int[] handles = prompts.stream().mapToInt(prompt -> cache.add()).toArray();
            Segments segments =
                    Segments.of(prompts.stream().mapToInt(p -> p.length).toArray());
            int[] packed = prompts.stream().flatMapToInt(Arrays::stream).toArray();
            var unused = model.hidden(packed, segments, cache, handles);
            List<Experts> rows = recorder.take();
            for (int s = 0; s < segments.count(); s++) {
                all.add(new ArrayList<>(rows.subList(segments.start(s), segments.start(s) + segments.length(s))));
            }
            try (DecodingPass pass = new DecodingPass(model, cache)) {
                for (int step = 0; step < STEPS; step++) {
                    int[] next = new int[handles.length];
                    for (int s = 0; s < next.length; s++) {
                        next[s] = sequences.get(s)[prompts.get(s).length + step];
                    }
                    unused = pass.run(next, handles);
                    List<Experts> ofStep = recorder.take();
                    for (int s = 0; s < next.length; s++) {
                        all.get(s).add(ofStep.get(s));
                    }
                }
            }
        });
        return all;
    }
}
