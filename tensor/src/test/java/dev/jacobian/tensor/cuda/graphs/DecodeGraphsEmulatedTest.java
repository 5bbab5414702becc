// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DecodeStep;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Replays;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.CudaBackend;
import dev.jacobian.tensor.cuda.emulation.EmulatedTestBase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Decoding with graphs and without: the same bits, over a small model of everything that changes from step to step. Its layers
 * look rows up, rotate, append and attend; they have no weights but the table.
 */
class DecodeGraphsEmulatedTest extends EmulatedTestBase {
    private static final int LAYERS = 2;
    private static final int HEAD_DIM = 8;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int VOCABULARY = 50;
    private static final int POSITIONS = 600;

    /** A model, a cache, what replays its steps, and the hidden states of every step so far. */
    private final class Decoding implements AutoCloseable {
        private final Rng rng = new Rng(3, 5);
        private final Device device = DecodeGraphsEmulatedTest.this.device;
        private final CudaBackend backend = DecodeGraphsEmulatedTest.this.backend;
        private final DType type;
        private final int window;
        private final Tensor table; // [V, H · headDim]
        private Tensor cos = angles(); // [P, headDim / 2]
        private Tensor sin = angles(); // [P, headDim / 2]
        private final KvCache cache;
        private final Replays replays = backend.replaying().newReplays(Replays.Use.DECODING);
        private final boolean steps; // or decodes as any rows
        private final List<float[]> states = new ArrayList<>();
        private final List<Long> pieces = new ArrayList<>(); // given to the driver for each step
        private int tokens; // so far

        Decoding(DType type, int window, boolean steps) {
            this.steps = steps;
            this.type = type;
            this.window = window;
            this.table =
                    Numbers.normal(rng, VOCABULARY, HEADS * HEAD_DIM).to(device).to(type);
            this.cache = backend.attention().newKvCache(LAYERS, KV_HEADS, HEAD_DIM, type);
        }

        private Tensor angles() {
            return Numbers.normal(rng, POSITIONS, HEAD_DIM / 2).to(device);
        }

        /** Computes positions anew, as a table that grows does. */
        void replaceAngles() {
            cos = angles();
            sin = angles();
        }

        private Tensor layers(int[] tokens, int[] positions, int[] sequences, Segments segments) {
            int n = tokens.length;
            Tensor h = made(n, HEADS * HEAD_DIM); // [N, H · headDim]
            backend.rows().gatherRows(table, tokens, h);
            for (int layer = 0; layer < LAYERS; layer++) {
                Tensor rotated = made(n, HEADS * HEAD_DIM); // [N, H · headDim]
                backend.positions().rotary(h, RotaryForm.whole(HEAD_DIM), cos, sin, positions, false, rotated);
                Tensor keys = rotated.slice(1, 0, KV_HEADS * HEAD_DIM).contiguous(); // [N, kvHeads · headDim]
                Tensor values = h.slice(1, 0, KV_HEADS * HEAD_DIM).contiguous(); // [N, kvHeads · headDim]
                cache.append(layer, sequences, segments, keys, values);
                Tensor mixed = made(n, HEADS * HEAD_DIM); // [N, H · headDim]
                backend.attention()
                        .attention(
                                rotated,
                                new CachedRows(cache, layer, sequences, segments),
                                new AttentionForm(HEAD_DIM, 0.5f, window),
                                mixed,
                                null);
                Tensor next = made(n, HEADS * HEAD_DIM); // [N, H · headDim]
                backend.elementwise().add(h, mixed, next);
                h = next;
            }
            return h;
        }

        private Tensor made(int... extents) {
            return Workspace.tensor(device, type, dev.jacobian.tensor.Shape.of(extents));
        }

        private int[] someTokens(int n) {
            return IntStream.range(0, n)
                    .map(i -> (7 + tokens++ * 17 + i) % VOCABULARY)
                    .toArray();
        }

        /** Appends a prompt of each length to a sequence of its own. */
        int[] prompts(int... lengths) {
            int[] sequences =
                    IntStream.range(0, lengths.length).map(i -> cache.add()).toArray();
            Segments segments = Segments.of(lengths);
            Workspace.inner(() -> {
                states.add(layers(someTokens(segments.rows()), segments.positions(), sequences, segments)
                        .toFloatArray());
                cache.advance(sequences, segments);
            });
            return sequences;
        }

        /** One token for each sequence. */
        void step(int... sequences) {
            int[] ids = someTokens(sequences.length);
            Workspace.inner(() -> {
                long before = fake.piecesGiven();
                Tensor state = steps ? replayed(ids, sequences) : asAnyRows(ids, sequences); // [n, H · headDim]
                cache.advance(sequences, ones(sequences.length));
                backendDone();
                pieces.add(fake.piecesGiven() - before);
                assertThat(state.extent(0)).isEqualTo(sequences.length);
                states.add(state.toFloatArray());
            });
        }

        private Tensor replayed(int[] ids, int[] sequences) {
            DecodeStep step = cache.step(sequences);
            int[] tokens = Arrays.copyOf(ids, step.rows()); // [N]
            List<int[]> integers = new ArrayList<>(step.integers());
            integers.add(tokens);
            return replays.run(
                            step.shape(),
                            List.of(cos, step.memory()),
                            integers,
                            () -> layers(tokens, step.positions(), step.sequences(), ones(step.rows())))
                    .slice(0, 0, ids.length);
        }

        private Tensor asAnyRows(int[] ids, int[] sequences) {
            int[] positions = Arrays.stream(sequences).map(cache::length).toArray(); // [n]
            return layers(ids, positions, sequences, ones(ids.length));
        }

        private static Segments ones(int count) {
            int[] ones = new int[count];
            Arrays.fill(ones, 1);
            return Segments.of(ones);
        }

        @Override
        public void close() {
            replays.close();
        }

        void steps(int count, int... sequences) {
            for (int i = 0; i < count; i++) {
                step(sequences);
            }
        }
    }

    /** Everything asked for has been given to the driver. */
    private void backendDone() {
        backend.engine().run(() -> {});
    }

    @FunctionalInterface
    private interface Script {
        void run(Decoding decoding);
    }

    /**
     * Runs a script with graphs, without them, and, where the number of rows changes no sum, without steps, in batches that are not
     * rounded up; compares the bits of all states.
     */
    private Decoding compare(DType type, int window, Script script) {
        Decoding graphs = run("true", type, window, script);
        assertSameStates(graphs, run("false", type, window, script));
        if (type == DType.F32 || device.arithmetic() == Arithmetic.BATCH_INVARIANT) {
            try (Decoding plain = new Decoding(type, window, false)) {
                script.run(plain);
                assertSameStates(graphs, plain);
            }
        }
        return graphs;
    }

    private static void assertSameStates(Decoding actual, Decoding expected) {
        assertThat(actual.states).hasSameSizeAs(expected.states);
        for (int i = 0; i < expected.states.size(); i++) {
            assertThat(bits(actual.states.get(i))).as("step " + i).isEqualTo(bits(expected.states.get(i)));
        }
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        return bits;
    }

    private Decoding run(String graphs, DType type, int window, Script script) {
        System.setProperty("jacobian.cuda.graphs", graphs);
        return new Workspace().compute(() -> {
            try (Decoding decoding = new Decoding(type, window, true)) {
                script.run(decoding);
                return decoding;
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"F32,0,false", "F32,9,true", "BF16,0,true", "BF16,7,false"})
    void sequencesThatEndOneByOne(DType type, int window, boolean fixedOrder) {
        inFixedOrder(fixedOrder);
        compare(type, window, decoding -> {
            List<Integer> running = new ArrayList<>();
            Arrays.stream(decoding.prompts(3, 16, 1, 30, 15, 2, 5, 7, 9, 11, 4)).forEach(running::add);
            SplittableRandom random = new SplittableRandom(4);
            while (!running.isEmpty()) {
                decoding.steps(
                        1 + random.nextInt(4), running.stream().mapToInt(s -> s).toArray());
                decoding.cache.release(running.remove(random.nextInt(running.size())));
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void sequencesThatCrossPagesStretchesAndTheWidthOfTheTable(boolean fixedOrder) {
        inFixedOrder(fixedOrder);
        // 250 to 262 tokens: a second stretch of 256 keys, and a seventeenth page
        compare(DType.F32, 0, decoding -> decoding.steps(12, decoding.prompts(250, 3)));
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void forks(boolean fixedOrder) {
        inFixedOrder(fixedOrder);
        compare(DType.F32, 0, decoding -> {
            int[] prompts = decoding.prompts(5, 16, 33);
            int[] forks = IntStream.range(0, 9)
                    .map(i -> decoding.cache.fork(prompts[i % 3], new int[] {5, 16, 33}[i % 3]))
                    .toArray();
            decoding.steps(5, forks);
            // Of a sequence that goes on beside it, of a shorter past, and of a fork that has not been written to.
            int beside = decoding.cache.fork(forks[0], 10);
            int earlier = decoding.cache.fork(forks[2], 3);
            int waiting = decoding.cache.fork(forks[1], 20);
            int ofWaiting = decoding.cache.fork(waiting, 18);
            decoding.step(forks[0], beside, earlier, waiting);
            decoding.step(forks[0], beside, earlier, waiting, ofWaiting);
            decoding.steps(3, forks[0], beside, earlier, waiting, ofWaiting);
        });
    }

    @Test
    void aForkThatWaitsForATokenOfTheSameStep() {
        compare(DType.F32, 0, decoding -> {
            int[] parents = decoding.prompts(7, 8);
            decoding.steps(3, parents);
            int fork = decoding.cache.fork(parents[0], 11); // the parent has 10
            decoding.step(parents[0], parents[1], fork);
            decoding.steps(4, parents[0], parents[1], fork);
        });
    }

    @Test
    void poolsThatGrowUnderTheGraphs() {
        // 64 pages are made at first: 30 sequences of two pages each begin a third one after 33 tokens.
        compare(DType.F32, 0, decoding -> {
            int[] lengths = new int[30];
            Arrays.fill(lengths, 29);
            decoding.steps(7, decoding.prompts(lengths));
        });
    }

    @Test
    void othersConstants() {
        compare(DType.F32, 0, decoding -> {
            int[] sequences = decoding.prompts(4, 6);
            decoding.steps(4, sequences);
            decoding.replaceAngles();
            decoding.steps(4, sequences);
        });
    }

    @Test
    void twoArithmeticsTakeTurns() {
        List<Decoding> alone = new ArrayList<>();
        for (boolean fixedOrder : new boolean[] {false, true}) {
            inFixedOrder(fixedOrder);
            alone.add(run("true", DType.F32, 0, decoding -> decoding.steps(12, decoding.prompts(290, 61))));
        }
        new Workspace().run(() -> {
            List<Decoding> both = new ArrayList<>();
            List<int[]> sequences = new ArrayList<>();
            for (boolean fixedOrder : new boolean[] {false, true}) {
                inFixedOrder(fixedOrder);
                both.add(new Decoding(DType.F32, 0, true));
                sequences.add(both.getLast().prompts(290, 61));
            }
            for (int step = 0; step < 12; step++) {
                for (int i = 0; i < 2; i++) {
                    both.get(i).step(sequences.get(i));
                }
            }
            for (int i = 0; i < 2; i++) {
                assertSameStates(both.get(i), alone.get(i));
                assertThat(both.get(i).pieces.subList(2, 12)).as("replayed").containsOnly(3L);
            }
            both.forEach(Decoding::close);
        });
        assertThat(bits(alone.get(0).states.getLast()))
                .as("keys are split in one of them")
                .isNotEqualTo(bits(alone.get(1).states.getLast()));
    }

    @Test
    void moreShapesThanAreKept() {
        compare(DType.F32, 0, decoding -> {
            int[] sequences = decoding.prompts(1, 2, 3, 4, 5, 6, 7, 8);
            for (int round = 0; round < 4; round++) {
                for (int n = 1; n <= 6; n++) {
                    decoding.step(Arrays.copyOf(sequences, n));
                }
            }
        });
    }

    @Test
    void aStepIsOneUploadAndOneLaunch() {
        // and the event that marks the upload's end
        Decoding decoding = compare(DType.F32, 0, d -> d.steps(5, d.prompts(3, 9, 14)));
        assertThat(decoding.pieces.get(0)).as("computed").isGreaterThan(15);
        assertThat(decoding.pieces.subList(2, 5)).as("replayed").containsOnly(3L);
    }

    @Test
    void aBatchThatShrinksWithinItsRoundingIsReplayed() {
        Decoding decoding = compare(DType.F32, 0, d -> {
            int[] sequences = d.prompts(IntStream.range(1, 41).toArray());
            for (int n = 40; n > 32; n--) {
                d.step(Arrays.copyOf(sequences, n));
            }
        });
        assertThat(decoding.pieces.subList(2, 8)).containsOnly(3L);
    }

    @Test
    void theSwitchTurnsCapturingOff() {
        Decoding decoding = run("false", DType.F32, 0, d -> d.steps(4, d.prompts(3)));
        assertThat(decoding.pieces).allMatch(pieces -> pieces > 10);
    }

    @Test
    void withoutAScopeNothingIsCaptured() {
        try (Decoding decoding = new Decoding(DType.F32, 0, true)) {
            decoding.steps(4, decoding.prompts(3));
            assertThat(decoding.pieces).allMatch(pieces -> pieces > 10);
        }
    }

    @Test
    void aDriverThatRefusesIsAskedOnce() {
        for (String function : List.of("cuStreamBeginCapture", "cuGraphInstantiate")) {
            CapturedWork.forgetRefusal();
            Decoding decoding = compare(DType.F32, 0, d -> {
                if (Boolean.getBoolean("jacobian.cuda.graphs")) {
                    fake.inject(function, 0, CUresult.CUDA_ERROR_NOT_SUPPORTED);
                }
                int[] sequences = d.prompts(3, 5);
                d.steps(4, sequences);
                d.steps(3, sequences[0]);
            });
            assertThat(decoding.pieces).as(function).allMatch(pieces -> pieces > 10);
            assertThat(CapturedWork.isRefused()).isTrue();
        }
    }

    private static int roundedRows(int rows) {
        return RoundedShape.of(rows, 1).rows();
    }

    @Test
    void shapesAreRoundedLittle() {
        assertThat(IntStream.rangeClosed(1, 20).map(DecodeGraphsEmulatedTest::roundedRows))
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 10, 10, 12, 12, 14, 14, 16, 16, 20, 20, 20, 20);
        for (int n = 1; n < 3000; n++) {
            assertThat(roundedRows(n)).isBetween(n, n + n / 4);
        }
        assertThat(IntStream.of(0, 1, 16, 17, 32, 33, 1000)
                        .map(pages -> RoundedShape.of(1, pages).pages()))
                .containsExactly(16, 16, 16, 32, 32, 64, 1024);
    }
}
