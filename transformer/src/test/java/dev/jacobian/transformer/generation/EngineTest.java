// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Whatever joins, leaves, is set aside or shared: the bits of each sequence alone. */
class EngineTest {
    /** Limits that change nothing: one sequence, its prompt in one piece, memory enough, nothing kept. */
    private static final EngineConfig ALONE = EngineConfig.DEFAULT
            .withMaxSequences(1)
            .withMaxPrefillTokens(1 << 20)
            .withKvCacheGb(1)
            .withPrefixReuse(PrefixReuse.OFF);

    private static CausalLM model(String name) {
        return CausalLM.load(TestPaths.model(name));
    }

    private static void run(Engine engine) {
        while (engine.step()) {
            // until nobody is left
        }
    }

    private static long bytesOf(CausalLM model, int tokens) {
        return model.newKvCache().bytesOf(tokens);
    }

    /** Each continuation of a request by an engine that has nothing else to do. */
    private static List<Generation> alone(CausalLM model, GenerationRequest request) {
        List<Generation> all = new ArrayList<>();
        for (int sample = 0; sample < request.samples(); sample++) {
            Prefix prefix = request.prefix();
            try (Engine engine = new Engine(model, ALONE)) {
                Submission one = engine.submit(new GenerationRequest(
                        new Prefix(prefix.tokens(), prefix.key(), prefix.sample() + sample, prefix.continued()),
                        1,
                        request.config(),
                        request.pauseAfter(),
                        RequestListener.NONE));
                run(engine);
                all.add(one.result().join().getFirst());
            }
        }
        return all;
    }

    private static void assertSame(String where, Generation actual, Generation expected) {
        assertThat(actual.tokenIds()).as(where).containsExactly(expected.tokenIds());
        assertThat(actual.finishReason()).as(where).isEqualTo(expected.finishReason());
        Bits.assertBits(where, actual.logProbs(), expected.logProbs());
        assertThat(actual.topLogProbs()).as(where).isEqualTo(expected.topLogProbs());
    }

    /** The beginning of what the sequence alone becomes. */
    private static void assertBeginning(String where, Generation actual, Generation expected) {
        int n = actual.tokenIds().length;
        assertThat(actual.tokenIds()).as(where).containsExactly(Arrays.copyOf(expected.tokenIds(), n));
        Bits.assertBits(where, actual.logProbs(), Arrays.copyOf(expected.logProbs(), n));
    }

    /** Requests of all kinds, many with a beginning in common. */
    private static List<GenerationRequest> requests(SplittableRandom random, int vocabulary, int count) {
        int[] common = TestModels.tokens(random.nextLong(), 20, vocabulary);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] own = TestModels.tokens(random.nextLong(), random.nextInt(1, 16), vocabulary);
            int[] prompt = own;
            if (random.nextInt(3) > 0) {
                prompt = Arrays.copyOf(common, 20 + own.length);
                System.arraycopy(own, 0, prompt, 20, own.length);
            }
            GenerationConfigBuilder config = GenerationConfig.builder()
                    .maxNewTokens(random.nextInt(1, 14))
                    .seed(random.nextInt(3))
                    .ignoreEos(random.nextBoolean());
            switch (random.nextInt(5)) {
                case 0 -> config.doSample(false);
                case 1 -> config.temperature(0.7f).topK(20);
                case 2 -> config.repetitionPenalty(1.3f).topLogProbs(2);
                case 3 -> config.processor((tokens, logits) -> logits[tokens.get(0)] += 1f);
                default -> config.temperature(1.1f);
            }
            int pause = random.nextInt(4) == 0 ? random.nextInt(1, 6) : GenerationRequest.NEVER;
            requests.add(new GenerationRequest(
                    new Prefix(prompt, random.nextInt(4)),
                    random.nextInt(1, 4),
                    config.build(),
                    pause,
                    RequestListener.NONE));
        }
        return requests;
    }

    @GoldenModels
    @DisplayName("random arrivals, cancellations, preemptions and shared beginnings on 1 and 2 threads")
    void randomTraffic(GoldenModel golden) {
        CausalLM model = CausalLM.load(golden.folder());
        int threads = ComputePool.threads();
        try {
            for (int round = 0; round < 2; round++) {
                ComputePool.setThreads(1 + round);
                String name = golden + " round " + round;
                long seed = 31L * golden.toString().hashCode() + round;
                if (round == 0) {
                    randomTraffic(model, name, seed);
                } else { // in one scope, whose arrays are NaN when they come back
                    Workspace.poisoning().run(() -> randomTraffic(model, name, seed));
                }
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    /** With odd seeds there is memory for copies of those who are set aside. */
    private static EngineMetrics randomTraffic(CausalLM model, String name, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<GenerationRequest> requests = requests(random, model.config().vocabularySize(), 8);
        long largest = requests.stream()
                .mapToLong(request -> bytesOf(model, (int) request.longest()))
                .max()
                .orElseThrow();
        PrefixReuse reuse = PrefixReuse.values()[random.nextInt(3)];
        EngineConfig config = EngineConfig.DEFAULT
                .withMaxSequences(random.nextInt(2, 6))
                .withMaxPrefillTokens(random.nextInt(3, 40))
                .withKvCacheBytes(largest + random.nextLong(largest))
                .withPrefixReuse(reuse)
                .withSwapBytes(seed % 2 == 0 ? 0 : new SplittableRandom(seed).nextLong(3 * largest));
        List<Submission> submissions = new ArrayList<>();
        try (Engine engine = new Engine(model, config)) {
            int steps = 0;
            while (engine.step() || submissions.size() < requests.size()) {
                assertThat(steps++).as("%s: comes to an end", name).isLessThan(10_000);
                if (submissions.size() < requests.size() && random.nextInt(3) == 0) {
                    submissions.add(engine.submit(requests.get(submissions.size())));
                }
                if (!submissions.isEmpty() && random.nextInt(20) == 0) {
                    submissions.get(random.nextInt(submissions.size())).cancel();
                }
            }
            EngineMetrics metrics = engine.metrics();
            assertThat(metrics.finished())
                    .isEqualTo(requests.stream()
                            .mapToInt(GenerationRequest::samples)
                            .sum());
            assertThat(metrics.running() + metrics.waiting() + metrics.prefilling())
                    .isZero();
            if (reuse == PrefixReuse.OFF) {
                assertThat(metrics.cacheBytesUsed())
                        .as("%s leaves nothing behind", name)
                        .isZero();
            }
            for (int r = 0; r < requests.size(); r++) {
                List<Generation> expected = alone(model, requests.get(r));
                List<Generation> actual = submissions.get(r).result().join();
                for (int s = 0; s < expected.size(); s++) {
                    String where = name + ", " + config + ", request " + r + ", sample " + s;
                    if (actual.get(s).finishReason() == FinishReason.CANCELLED) {
                        assertBeginning(where, actual.get(s), expected.get(s));
                    } else {
                        assertSame(where, actual.get(s), expected.get(s));
                    }
                }
            }
            return metrics;
        }
    }

    @Test
    @DisplayName("the same where rotations depend on the length of a sequence")
    void outgrownRotations() {
        CausalLM model = CausalLM.load(TestPaths.testdata("longrope", "phi3-longrope")); // others beyond 16 tokens
        for (int seed = 0; seed < 4; seed++) {
            randomTraffic(model, "phi3-longrope with seed " + seed, seed);
        }
    }

    @Test
    @DisplayName("the random traffic sets sequences aside and shares beginnings")
    void trafficIsRandomEnough() {
        CausalLM model = model("llama-gqa");
        long preemptions = 0;
        long hits = 0;
        long swapped = 0;
        for (int seed = 0; seed < 12; seed++) {
            EngineMetrics metrics = randomTraffic(model, "llama-gqa with seed " + seed, seed);
            assertThat(metrics.swappedBack()).isLessThanOrEqualTo(seed % 2 == 0 ? 0 : metrics.preemptions());
            swapped += metrics.swappedBack();
            preemptions += metrics.preemptions();
            hits += metrics.prefixHits();
        }
        assertThat(preemptions).isGreaterThan(5);
        assertThat(hits).isGreaterThan(8);
        assertThat(swapped).isPositive();
    }

    private static GenerationConfig sampling(int tokens, long seed) {
        return GenerationConfig.builder()
                .maxNewTokens(tokens)
                .ignoreEos(true)
                .seed(seed)
                .build();
    }

    @Test
    @DisplayName("the default budget is planned for models with few positions too")
    void fewPositions() {
        CausalLM model = model("gpt2"); // 64 positions
        try (Engine engine = new Engine(model, EngineConfig.DEFAULT)) {
            Submission whole = engine.submit(new GenerationRequest(
                    TestModels.tokens(1, 60, model.config().vocabularySize()), GenerationConfig.greedy(4)));
            while (engine.step()) {
                // until it has ended
            }
            assertThat(whole.result().join().getFirst().tokenIds()).hasSizeBetween(1, 4);
        }
    }

    @Test
    @DisplayName("a long prompt is computed in pieces, and who runs gets a token in every step meanwhile")
    void pieces() {
        CausalLM model = model("llama-gqa");
        int vocabulary = model.config().vocabularySize();
        AtomicInteger heard = new AtomicInteger();
        RequestListener counts = new RequestListener() {
            @Override
            public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
                heard.incrementAndGet();
            }
        };
        try (Engine engine =
                new Engine(model, EngineConfig.DEFAULT.withMaxPrefillTokens(4).withKvCacheGb(1))) {
            Submission running =
                    engine.submit(new GenerationRequest(new int[] {5, 6}, sampling(30, 1)).withListener(counts));
            engine.step();
            assertThat(heard).hasValue(1);
            Submission late =
                    engine.submit(new GenerationRequest(TestModels.tokens(1, 41, vocabulary), sampling(2, 1)));
            for (int step = 0; step < 11; step++) {
                assertThat(late.isDone()).isFalse();
                assertThat(engine.metrics().running()).isEqualTo(1);
                engine.step();
                assertThat(heard).hasValue(2 + step);
            }
            assertThat(engine.metrics().prefilledTokens()).isEqualTo(2 + 41);
            assertThat(engine.metrics().running()).isEqualTo(2);
            run(engine);
            assertThat(running.result().join().getFirst().tokenIds()).hasSize(30);
            assertThat(late.result().join().getFirst().tokenIds()).hasSize(2);
        }
    }

    @Test
    @DisplayName("a place that becomes free is filled in the next step")
    void slots() {
        CausalLM model = model("llama-gqa");
        try (Engine engine =
                new Engine(model, EngineConfig.DEFAULT.withMaxSequences(4).withKvCacheGb(1))) {
            for (int i = 0; i < 60; i++) {
                int tokens = i % 8 == 0 && i < 32 ? 16 : 2;
                engine.submit(new GenerationRequest(new int[] {i}, sampling(tokens, i)));
            }
            run(engine);
            EngineMetrics metrics = engine.metrics();
            assertThat(metrics.generatedTokens()).isEqualTo(4 * 16 + 56 * 2);
            assertThat(metrics.slotOccupancy()).isGreaterThan(0.9);
        }
    }

    /** New tokens of sequences with a heavy tail: log-normal, the longest 16 times the median, somewhere in the middle. */
    private static int[] heavyTail(int sequences, int median, long seed) {
        Rng rng = new Rng(seed, 0);
        int[] lengths = new int[sequences];
        for (int s = 0; s < sequences; s++) {
            lengths[s] = (int) Math.clamp(Math.round(median * Math.exp(rng.nextGaussian())), 1, 16L * median);
        }
        lengths[sequences / 2] = 16 * median;
        return lengths;
    }

    @Test
    @DisplayName(
            "on a heavy tail of lengths 90 % of the places are busy until the last tenth, in a third fewer steps than"
                    + " waves")
    void heavyTail() {
        CausalLM model = model("llama-gqa");
        int slots = 16;
        int[] lengths = heavyTail(320, 3, 5);
        int inWaves = 0; // steps of waves, each as long as its longest
        for (int from = 0; from < lengths.length; from += slots) {
            inWaves += Arrays.stream(lengths, from, from + slots).max().orElseThrow();
        }
        try (Engine engine =
                new Engine(model, EngineConfig.DEFAULT.withMaxSequences(slots).withKvCacheGb(1))) {
            for (int i = 0; i < lengths.length; i++) {
                engine.submit(new GenerationRequest(new int[] {1 + i % 50}, sampling(lengths[i], i)));
            }
            EngineMetrics untilTail = engine.metrics();
            while (engine.step()) {
                if (engine.metrics().finished() <= lengths.length * 9 / 10) {
                    untilTail = engine.metrics();
                }
            }
            assertThat(untilTail.finished()).isBetween(lengths.length * 8L / 10, lengths.length * 9L / 10);
            assertThat(untilTail.slotOccupancy()).isGreaterThan(0.9);
            EngineMetrics metrics = engine.metrics();
            assertThat(metrics.generatedTokens())
                    .isEqualTo(Arrays.stream(lengths).asLongStream().sum());
            assertThat(metrics.steps()).isLessThan(inWaves * 2L / 3);
        }
    }

    @Test
    @DisplayName(
            "two thousand sequences that come at random into a tenth of the memory they want: the bits of each alone,"
                    + " never more than the budget, on 1 and 2 threads")
    void thousands() {
        CausalLM model = model("llama-gqa");
        int vocabulary = model.config().vocabularySize();
        SplittableRandom random = new SplittableRandom(17);
        int[] common = TestModels.tokens(3, 20, vocabulary);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            int[] prompt = Arrays.copyOf(common, random.nextInt(2) == 0 ? 22 : 3);
            prompt[prompt.length - 1] = random.nextInt(vocabulary);
            requests.add(new GenerationRequest(
                    new Prefix(prompt, i), 4, sampling(i < 420 ? 1 + i % 4 : 40, 5), 100, RequestListener.NONE));
        }
        long budget = 40 * bytesOf(model, 2 * KvCache.PAGE);
        EngineConfig config = EngineConfig.DEFAULT.withMaxPrefillTokens(64).withKvCacheBytes(budget);
        List<List<Generation>> expected = new ArrayList<>();
        try (Engine one = new Engine(model, ALONE)) {
            for (GenerationRequest request : requests) {
                expected.add(together(one, request));
            }
        }
        int threads = ComputePool.threads();
        try {
            for (int t = 1; t <= 2; t++) {
                ComputePool.setThreads(t);
                List<Submission> submissions = new ArrayList<>();
                boolean swaps = t == 2;
                try (Engine engine = new Engine(model, config.withSwapBytes(swaps ? budget / 4 : 0))) {
                    while (engine.step() || submissions.size() < requests.size()) {
                        int more = Math.min(random.nextInt(40), requests.size() - submissions.size());
                        for (int i = 0; i < more; i++) {
                            submissions.add(engine.submit(requests.get(submissions.size())));
                        }
                        assertThat(engine.metrics().cacheBytesUsed()).isLessThanOrEqualTo(budget);
                    }
                    assertThat(engine.metrics().finished()).isEqualTo(2000);
                    assertThat(engine.metrics().preemptions()).isPositive();
                    assertThat(engine.metrics().swappedBack() > 0).isEqualTo(swaps);
                }
                for (int r = 0; r < requests.size(); r++) {
                    for (int s = 0; s < 4; s++) {
                        assertSame(
                                "request " + r + ", sample " + s + ", " + t + " threads",
                                submissions.get(r).result().join().get(s),
                                expected.get(r).get(s));
                    }
                }
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    /** The samples of a request one after the other, in an engine that has nothing else to do. */
    private static List<Generation> together(Engine engine, GenerationRequest request) {
        Submission submission = engine.submit(request);
        run(engine);
        return submission.result().join();
    }

    @Test
    @DisplayName("prompts that begin alike are computed once, also when they come together; samples wait for places")
    void shared() {
        CausalLM model = model("llama-gqa");
        int vocabulary = model.config().vocabularySize();
        int[] common = TestModels.tokens(7, 32, vocabulary);
        try (Engine engine =
                new Engine(model, EngineConfig.DEFAULT.withMaxSequences(4).withKvCacheGb(1))) {
            List<Submission> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int[] prompt = Arrays.copyOf(common, 35);
                prompt[34] = i;
                all.add(engine.submit(new GenerationRequest(prompt, sampling(5, i)).withSamples(6)));
            }
            run(engine);
            EngineMetrics metrics = engine.metrics();
            assertThat(metrics.prefilledTokens()).isEqualTo(35 + 3 + 3);
            assertThat(metrics.reusedTokens()).isEqualTo(64);
            assertThat(metrics.prefixHits()).isEqualTo(2);
            for (Submission submission : all) {
                List<Generation> expected = alone(model, submission.request());
                for (int s = 0; s < 6; s++) {
                    assertSame(submission + ", " + s, submission.result().join().get(s), expected.get(s));
                }
            }
            // the next turn of a conversation
            Generation answer = all.getFirst().result().join().getFirst();
            int[] turn = Arrays.copyOf(all.getFirst().request().prefix().tokens(), 35 + 5 + 20);
            System.arraycopy(answer.tokenIds(), 0, turn, 35, 5);
            Submission next = engine.submit(new GenerationRequest(turn, sampling(4, 1)));
            run(engine);
            assertThat(engine.metrics().reusedTokens()).isEqualTo(64 + 32);
            assertSame(
                    "turn",
                    next.result().join().getFirst(),
                    alone(model, next.request()).getFirst());
            // the very same once more: a token is left to compute
            Submission again = engine.submit(next.request());
            run(engine);
            assertThat(engine.metrics().reusedTokens()).isEqualTo(64 + 32 + 48);
            assertSame(
                    "again",
                    again.result().join().getFirst(),
                    next.result().join().getFirst());
        }
    }

    @Test
    @DisplayName("kept beginnings are forgotten when weights change, and let go when memory is wanted")
    void forgotten() {
        CausalLM model = model("llama-gqa");
        int vocabulary = model.config().vocabularySize();
        GenerationRequest request = new GenerationRequest(TestModels.tokens(7, 40, vocabulary), sampling(5, 1));
        long one = bytesOf(model, 48);
        try (Engine engine = new Engine(model, EngineConfig.DEFAULT.withKvCacheBytes(2 * one))) {
            engine.submit(request);
            run(engine);
            long kept = engine.metrics().cacheBytesUsed();
            assertThat(kept).isEqualTo(bytesOf(model, 32));
            model.parameters().getFirst().value().floats()[0] += 1f;
            model.parameters().getFirst().valueChanged();
            Submission second = engine.submit(request);
            run(engine);
            assertThat(engine.metrics().prefixHits()).isZero();
            assertSame(
                    "after a change",
                    second.result().join().getFirst(),
                    alone(model, request).getFirst());
            for (int i = 0; i < 4; i++) {
                Submission other = engine.submit(
                        new GenerationRequest(TestModels.tokens(100 + i, 40, vocabulary), sampling(5, 1)));
                run(engine);
                assertThat(other.result().join().getFirst().finishReason()).isEqualTo(FinishReason.LENGTH);
                assertThat(engine.metrics().cacheBytesUsed()).isLessThanOrEqualTo(2 * one);
            }
            assertThat(engine.metrics().preemptions()).isZero();
        }
    }

    @Test
    @DisplayName("a failing processor or listener fails its own request alone")
    void failures() {
        CausalLM model = model("llama-gqa");
        RequestListener broken = new RequestListener() {
            @Override
            public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
                if (sample == 1) {
                    throw new IllegalStateException("listener");
                }
            }
        };
        GenerationConfig processed = GenerationConfig.builder()
                .maxNewTokens(6)
                .processor((tokens, logits) -> {
                    if (tokens.newTokens() == 3) {
                        throw new IllegalStateException("processor");
                    }
                })
                .build();
        GenerationConfig nothingLeft = GenerationConfig.builder()
                .maxNewTokens(6)
                .processor((tokens, logits) -> Arrays.fill(logits, Float.NEGATIVE_INFINITY))
                .build();
        GenerationConfig notANumber =
                GenerationConfig.builder().temperature(1e-38f).maxNewTokens(3).build();
        try (Engine engine = new Engine(model, EngineConfig.DEFAULT.withKvCacheGb(1))) {
            GenerationRequest good = new GenerationRequest(new int[] {5, 9}, sampling(8, 2)).withSamples(2);
            Submission fine = engine.submit(good);
            List<Submission> bad = List.of(
                    engine.submit(good.withListener(broken)),
                    engine.submit(new GenerationRequest(new int[] {4}, processed)),
                    engine.submit(new GenerationRequest(new int[] {4}, nothingLeft)),
                    engine.submit(new GenerationRequest(new int[] {4}, notANumber)));
            run(engine);
            List<String> messages = List.of("listener", "processor", "rule out every token", "after prompt 4");
            for (int i = 0; i < bad.size(); i++) {
                assertThat(bad.get(i).result().exceptionNow()).hasMessageContaining(messages.get(i));
            }
            for (int s = 0; s < 2; s++) {
                assertSame(
                        "the good one",
                        fine.result().join().get(s),
                        alone(model, good).get(s));
            }
            assertThat(engine.metrics().running()).isZero();
        }
    }

    @Test
    @DisplayName("what can never be done is refused at once, with what would help")
    void refused() {
        CausalLM model = model("llama-gqa");
        long one = bytesOf(model, 3 * KvCache.PAGE);
        try (Engine engine = new Engine(model, EngineConfig.DEFAULT.withKvCacheBytes(one))) {
            assertThatThrownBy(() -> engine.submit(new GenerationRequest(new int[17], sampling(32, 1))))
                    .isInstanceOf(NeverFitsException.class)
                    .hasMessageContainingAll("17 tokens", "32 new ones", "KV cache", "kv_cache_gb");
            Submission fits = engine.submit(new GenerationRequest(new int[17], sampling(31, 1)));
            Submission also = engine.submit(new GenerationRequest(new int[3], sampling(45, 1)).withSamples(3));
            run(engine);
            assertThat(fits.result().join().getFirst().tokenIds()).hasSize(31);
            for (int s = 0; s < 3; s++) {
                assertSame(
                        "alone with the memory",
                        also.result().join().get(s),
                        alone(model, also.request()).get(s));
            }
            assertThatThrownBy(() -> engine.submit(new GenerationRequest(new int[0], sampling(1, 1))))
                    .hasMessageContaining("is empty");
        }
        assertThatThrownBy(() -> EngineConfig.DEFAULT.withMaxSequences(0)).hasMessageContaining("max_sequences");
        assertThatThrownBy(() -> EngineConfig.DEFAULT.withMaxPrefillTokens(0))
                .hasMessageContaining("max_prefill_tokens");
        assertThatThrownBy(() -> EngineConfig.DEFAULT.withKvCacheGb(0)).hasMessageContaining("kv_cache_gb");
        assertThatThrownBy(() -> new GenerationRequest(new int[1], sampling(1, 1)).withSamples(0))
                .hasMessageContaining("sample");
    }
}
