// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * An engine over caches that keep windows or 8 bits: sequences so long that windows have let go of their beginnings, with little memory,
 * shared prompts and conversations that go on. The expectation is always the request alone.
 */
class WindowedEngineTest {
    private static CausalLM model(String name, KvCacheType type) {
        return CausalLM.load(TestPaths.model(name), ModelOptions.DEFAULT.kvCache(type));
    }

    private static void run(Engine engine) {
        while (engine.step()) {
            // until nobody is left
        }
    }

    private static Generation alone(CausalLM model, GenerationRequest request, int sample) {
        Prefix prefix = request.prefix();
        Prefix one = new Prefix(prefix.tokens(), prefix.key(), sample, prefix.continued());
        EngineConfig roomy = EngineConfig.DEFAULT
                .withMaxPrefillTokens(1 << 20)
                .withKvCacheGb(1)
                .withPrefixReuse(PrefixReuse.OFF);
        try (Engine engine = new Engine(model, roomy)) {
            Submission submission = engine.submit(
                    new GenerationRequest(one, 1, request.config(), GenerationRequest.NEVER, RequestListener.NONE));
            run(engine);
            return submission.result().join().getFirst();
        }
    }

    private static void assertSame(String where, Generation actual, Generation expected) {
        assertThat(actual.tokenIds()).as(where).containsExactly(expected.tokenIds());
        Bits.assertBits(where, actual.logProbs(), expected.logProbs());
    }

    /** Prompts of up to 90 tokens, most with a long beginning in common. */
    private static List<GenerationRequest> requests(SplittableRandom random, int vocabulary) {
        int[] common = TestModels.tokens(random.nextLong(), 70, vocabulary);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int[] own = TestModels.tokens(random.nextLong(), random.nextInt(1, 20), vocabulary);
            int shared = random.nextInt(4) == 0 ? 0 : random.nextInt(30, 71);
            int[] prompt = Arrays.copyOf(common, shared + own.length);
            System.arraycopy(own, 0, prompt, shared, own.length);
            GenerationConfig config = GenerationConfig.builder()
                    .maxNewTokens(random.nextInt(1, 36))
                    .seed(random.nextInt(3))
                    .ignoreEos(true)
                    .build();
            requests.add(new GenerationRequest(
                    new Prefix(prompt, i),
                    random.nextInt(1, 4),
                    config,
                    GenerationRequest.NEVER,
                    RequestListener.NONE));
        }
        return requests;
    }

    @GoldenModels
    @DisplayName("random traffic of long sequences in little memory, exact and of 8 bits")
    void randomTraffic(GoldenModel golden) {
        for (KvCacheType type : new KvCacheType[] {KvCacheType.AUTO, KvCacheType.Q8_0}) {
            CausalLM model = CausalLM.load(golden.folder(), ModelOptions.DEFAULT.kvCache(type));
            if (model.config().maxPositions() >= 128) {
                Workspace.poisoning()
                        .run(() -> randomTraffic(
                                model,
                                golden + " " + type,
                                7L * golden.toString().hashCode()));
            }
        }
    }

    private static void randomTraffic(CausalLM model, String name, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<GenerationRequest> requests = requests(random, model.config().vocabularySize());
        int piece = random.nextInt(3, 40);
        boolean isDivided = !model.config().plan().rotationsDependOnLength();
        long largest = requests.stream()
                .mapToLong(request -> model.newKvCache()
                        .bytesOf((int) request.longest(), isDivided ? piece : (int) request.longest()))
                .max()
                .orElseThrow();
        EngineConfig config = EngineConfig.DEFAULT
                .withMaxSequences(random.nextInt(2, 6))
                .withMaxPrefillTokens(piece)
                .withKvCacheBytes(largest + random.nextLong(largest))
                .withPrefixReuse(PrefixReuse.values()[random.nextInt(3)]);
        try (Engine engine = new Engine(model, config)) {
            List<Submission> all = new ArrayList<>();
            int steps = 0;
            while (engine.step() || all.size() < requests.size()) {
                assertThat(steps++).as("%s: comes to an end", name).isLessThan(20_000);
                if (all.size() < requests.size() && random.nextInt(5) == 0) {
                    all.add(engine.submit(requests.get(all.size())));
                }
                if (!model.config().plan().isRecurrent()) { // whose kept turns are copies of states
                    assertThat(engine.metrics().cacheBytesUsed())
                            .as("%s: within the budget", name)
                            .isLessThanOrEqualTo(config.kvCacheBytes().getAsLong());
                }
            }
            for (int r = 0; r < requests.size(); r++) {
                for (int s = 0; s < requests.get(r).samples(); s++) {
                    assertSame(
                            name + ", request " + r + ", sample " + s,
                            all.get(r).result().join().get(s),
                            alone(model, requests.get(r), s));
                }
            }
        }
    }

    @Test
    @DisplayName("a conversation that goes on finds its turns, though windows have let go of its beginning")
    void turns() {
        for (KvCacheType type : new KvCacheType[] {KvCacheType.AUTO, KvCacheType.Q8_0}) {
            CausalLM model = model("mistral-swa-f16", type);
            GenerationConfig config = GenerationConfig.builder()
                    .maxNewTokens(20)
                    .seed(3)
                    .ignoreEos(true)
                    .build();
            int vocabulary = model.config().vocabularySize();
            try (Engine engine =
                    new Engine(model, EngineConfig.DEFAULT.withKvCacheGb(1).withMaxPrefillTokens(20))) {
                int[] tokens = TestModels.tokens(1, 30, vocabulary);
                for (int turn = 0; turn < 3; turn++) {
                    GenerationRequest request = new GenerationRequest(tokens, config);
                    Submission submission = engine.submit(request);
                    run(engine);
                    Generation answer = submission.result().join().getFirst();
                    assertSame(type + ", turn " + turn, answer, alone(model, request, 0));
                    assertThat(engine.metrics().prefixHits()).isEqualTo(turn);
                    int[] next = Arrays.copyOf(tokens, tokens.length + 20 + 5);
                    System.arraycopy(answer.tokenIds(), 0, next, tokens.length, 20);
                    tokens = next;
                }
                // a part of it, which windows no longer reach back to, is computed again: the same bits
                GenerationRequest part = new GenerationRequest(Arrays.copyOf(tokens, 40), config);
                Submission submission = engine.submit(part);
                run(engine);
                assertSame(type + ", a part", submission.result().join().getFirst(), alone(model, part, 0));
            }
        }
    }

    @Test
    @DisplayName("guesses that are cut, beams and contrastive search go back in windows as in a whole cache")
    void goingBack() {
        for (KvCacheType type : new KvCacheType[] {KvCacheType.AUTO, KvCacheType.Q8_0}) {
            CausalLM model = model("mistral-swa-f16", type);
            int[] prompt = TestModels.tokens(4, 45, model.config().vocabularySize());
            System.arraycopy(prompt, 0, prompt, 22, 20); // something to look up
            GenerationRequest request = new GenerationRequest(
                    prompt,
                    GenerationConfig.builder()
                            .maxNewTokens(70)
                            .seed(5)
                            .temperature(0.6f)
                            .ignoreEos(true)
                            .build());
            CausalLM assistant =
                    CausalLM.create(model.config(), Optional.of(TestPaths.model("mistral-swa-f16")), 9); // mostly wrong
            Speculation[] speculations = {Speculation.promptLookup(9, 1), Speculation.assistant(assistant, 7)};
            Generation expected = alone(model, request, 0);
            for (Speculation speculation : speculations) {
                assertSame(
                        type + ", " + speculation.numAssistantTokens() + " guesses",
                        new SpeculativeGenerator(model, speculation)
                                .generate(List.of(request))
                                .getFirst()
                                .getFirst()
                                .generation(),
                        expected);
            }
            GenerationConfig beams = GenerationConfig.builder()
                    .maxNewTokens(60)
                    .numBeams(3)
                    .ignoreEos(true)
                    .build();
            GenerationConfig contrast = GenerationConfig.builder()
                    .maxNewTokens(60)
                    .penaltyAlpha(0.6f)
                    .topK(4)
                    .ignoreEos(true)
                    .build();
            for (GenerationConfig search : List.of(beams, contrast)) {
                Generation one = new Generator(model)
                        .generate(List.of(prompt), 1, search)
                        .get(0)
                        .get(0);
                int[] other = TestModels.tokens(8, 60, model.config().vocabularySize());
                Generation among = new Generator(model)
                        .generate(List.of(other, prompt), 1, search)
                        .get(1)
                        .get(0);
                assertSame(type + ", a search among others", among, one);
                assertThat(one.tokenIds()).hasSize(60);
            }
        }
    }
}
