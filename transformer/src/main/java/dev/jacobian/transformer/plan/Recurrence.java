// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.Shape;
import java.util.List;

/**
 * A mixer that carries a state of fixed size from token to token, whatever the length of the sequence. Positions enter it by the
 * order of tokens alone.
 */
public sealed interface Recurrence extends Mixer {
    /**
     * A gated short convolution between two gates (LFM2): {@code [b, c, h] = in(x); y = out(c · convolution(b · h))}.
     *
     * @param channels C: elements of a hidden state
     * @param taps K: rows that the convolution looks at, its own among them
     * @param biases of the projections and the convolution; all or none
     */
    record ShortConvolution(int channels, int taps, Biases biases) implements Recurrence {
        @Override
        public CacheSpec cached() {
            return new CarriedStates(List.of(Shape.of(taps - 1, channels)));
        }
    }

    /**
     * Gated delta net (Yang et al., 2024, arXiv:2412.06464): queries, keys and values each go through a short convolution and SiLU;
     * queries and keys of length 1, a decay and a strength for each head drive the delta rule; its output is normed by head and gated:
     * {@code y = out(norm(delta rule) · silu(gate(x)))}.
     *
     * @param keyHeads heads of queries and keys, each shared by heads that follow each other
     * @param heads of values; a multiple of keyHeads
     * @param keyDim elements of a query and of a key
     * @param valueDim elements of a value
     * @param taps K: rows that the convolutions look at
     * @param norm of each head's output, with one weight for all heads
     */
    record GatedDeltaNet(int keyHeads, int heads, int keyDim, int valueDim, int taps, Norm norm) implements Recurrence {
        /** Elements of all queries, and of all keys. */
        public int keyWidth() {
            return keyHeads * keyDim;
        }

        /** Elements of all values. */
        public int valueWidth() {
            return heads * valueDim;
        }

        @Override
        public CacheSpec cached() {
            Shape keys = Shape.of(taps - 1, keyWidth());
            return new CarriedStates(
                    List.of(keys, keys, Shape.of(taps - 1, valueWidth()), Shape.of(heads, keyDim, valueDim)));
        }
    }
}
