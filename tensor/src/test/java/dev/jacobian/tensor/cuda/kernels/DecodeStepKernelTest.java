// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;

/** The end of a decoding step without the host: sample, log-probability, advance, several times over. */
class DecodeStepKernelTest extends KernelTestBase {
    private static final int V = 40;
    private static final int MAX_TOKENS = 6;
    private static final long SEED = 77;

    /** What one sequence is to the host. */
    private static final class Sequence {
        int token = 5;
        int position;
        int count;
        int state;
        int limit;
        int[] coordinates;
    }

    @Test
    void samplesUntilTheEnd() {
        int[] endTokens = {3, 17};
        for (int s : new int[] {1, 5, 300}) {
            check(s, endTokens, s < 10 ? MAX_TOKENS + 1 : 3);
            check(s, new int[0], 2);
        }
    }

    private void check(int s, int[] endTokens, int steps) {
        Sequence[] sequences = new Sequence[s];
        for (int i = 0; i < s; i++) {
            sequences[i] = new Sequence();
            sequences[i].position = 10 + i;
            sequences[i].limit = 1 + rng.nextInt(MAX_TOKENS);
            sequences[i].coordinates = new int[] {i, 0, 1, 0};
        }
        EmulatedMemory chosen = device.copy(new int[s]);
        EmulatedMemory logProbs = device.allocate(DType.F32, s);
        EmulatedMemory stats = device.allocate(DType.F32, 2 * s);
        EmulatedMemory limits = device.copy(ints(sequences, x -> x.limit));
        EmulatedMemory tokens = device.copy(ints(sequences, x -> x.token));
        EmulatedMemory positions = device.copy(ints(sequences, x -> x.position));
        EmulatedMemory lengths = device.copy(ints(sequences, x -> x.position + 1));
        EmulatedMemory counts = device.copy(new int[s]);
        EmulatedMemory states = device.copy(new int[s]);
        EmulatedMemory running = device.copy(-1);
        EmulatedMemory coordinates = device.copy(Arrays.stream(sequences)
                .flatMapToInt(x -> Arrays.stream(x.coordinates))
                .toArray());
        EmulatedMemory outTokens = device.copy(new int[s * MAX_TOKENS]);
        EmulatedMemory outLogProbs = device.copy(Tensor.zeros(s * MAX_TOKENS));
        int[] expectedTokens = new int[s * MAX_TOKENS];
        Tensor expectedLogProbs = Tensor.zeros(s * MAX_TOKENS);

        for (int step = 0; step < steps; step++) {
            Tensor values = normal(rng, s, V).copy(); // [S, V]
            EmulatedMemory logits = device.copy(values);
            device.launch("sample_f32", s, 1, 256, logits, V, 1f, SEED, coordinates, chosen);
            device.launch("log_probs_f32", s, 1, 256, logits, V, 1f, chosen, logProbs, null, stats);
            device.launch(
                    "advance_decode",
                    1,
                    1,
                    256,
                    chosen,
                    logProbs,
                    device.copy(endTokens),
                    endTokens.length,
                    limits,
                    MAX_TOKENS,
                    s,
                    tokens,
                    positions,
                    lengths,
                    counts,
                    coordinates,
                    outTokens,
                    outLogProbs,
                    states,
                    running);
            int stillRunning = advance(sequences, values, endTokens, expectedTokens, expectedLogProbs);

            String what = s + " sequences, step " + step;
            assertThat(outTokens.readInts()).as(what).containsExactly(expectedTokens);
            assertSame(outLogProbs, expectedLogProbs, DType.F32, what);
            assertThat(tokens.readInts()).as(what).containsExactly(ints(sequences, x -> x.token));
            assertThat(positions.readInts()).as(what).containsExactly(ints(sequences, x -> x.position));
            assertThat(lengths.readInts()).as(what).containsExactly(ints(sequences, x -> x.position + 1));
            assertThat(counts.readInts()).as(what).containsExactly(ints(sequences, x -> x.count));
            assertThat(states.readInts()).as(what).containsExactly(ints(sequences, x -> x.state));
            assertThat(running.readInts()).as(what).containsExactly(stillRunning);
        }
    }

    /** What the host would do; returns how many go on. */
    private int advance(
            Sequence[] sequences, Tensor logits, int[] endTokens, int[] expectedTokens, Tensor expectedLogProbs) {
        int s = sequences.length;
        int[] coordinates = Arrays.stream(sequences)
                .flatMapToInt(x -> Arrays.stream(x.coordinates))
                .toArray();
        int[] chosen = reference.sampling().sample(logits, 1, SEED, coordinates);
        Tensor logProbs = Tensor.zeros(s);
        reference.softmax().logProbs(logits, 1, chosen, logProbs, null, Tensor.zeros(s, 2));
        int running = 0;
        for (int i = 0; i < s; i++) {
            Sequence sequence = sequences[i];
            if (sequence.state != 0) {
                continue;
            }
            expectedTokens[i * MAX_TOKENS + sequence.count] = chosen[i];
            expectedLogProbs.floats()[i * MAX_TOKENS + sequence.count] = logProbs.floats()[i];
            sequence.count++;
            int token = chosen[i];
            boolean ended = Arrays.stream(endTokens).anyMatch(end -> end == token);
            if (ended) {
                sequence.state = 1;
            } else if (sequence.count == sequence.limit) {
                sequence.state = 2;
            } else {
                sequence.token = chosen[i];
                sequence.position++;
                sequence.coordinates[3]++;
                running++;
            }
        }
        return running;
    }

    private static int[] ints(Sequence[] sequences, ToIntFunction<Sequence> field) {
        return Arrays.stream(sequences).mapToInt(field).toArray();
    }
}
