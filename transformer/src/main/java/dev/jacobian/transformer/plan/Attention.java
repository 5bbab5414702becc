// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.KvShape;

/** Attention: a position weighs the values of those that it sees by how their keys meet its query. */
public sealed interface Attention extends Mixer {
    /** Heads whose keys and values a cache holds. */
    int kvHeads();

    /** Elements of a key in the cache. */
    int headDim();

    /**
     * Causal attention of query heads of which groups share a key and a value head (Ainslie et al., 2023, arXiv:2305.13245);
     * as many groups as heads is multi-head attention, one group multi-query attention.
     *
     * @param heads query heads H
     * @param kvHeads key and value heads; divides H
     * @param headDim elements of a head; H · headDim need not be D
     * @param scale factor on scores
     * @param softCap c of scores {@code c · tanh(s / c)} (Gemma 2), 0 for none
     * @param window distance at which keys are no longer seen, 0 for no limit
     * @param positions how the position of a token enters
     * @param headNorm norm of queries and keys before their rotation
     * @param biases of the four projections; {@link Biases#INPUTS} are those of queries, keys and values
     * @param sinks whether each query head has a score of its own, of a key without a value, among those that it weighs (gpt-oss)
     */
    record Grouped(
            int heads,
            int kvHeads,
            int headDim,
            float scale,
            float softCap,
            int window,
            Positions positions,
            HeadNorm headNorm,
            Biases biases,
            boolean sinks)
            implements Attention {
        /** The usual form: scale {@code headDim^-0.5}, no window, no norm, no biases. */
        public static Grouped of(int heads, int kvHeads, int headDim, Positions positions) {
            return new Grouped(
                    heads,
                    kvHeads,
                    headDim,
                    usualScale(headDim),
                    0,
                    0,
                    positions,
                    new HeadNorm.None(),
                    Biases.NONE,
                    false);
        }

        /** {@code headDim^-0.5}. */
        static float usualScale(int headDim) {
            return (float) (1 / Math.sqrt(headDim));
        }

        @Override
        public CacheSpec cached() {
            return new KvShape(kvHeads, headDim, window, KvCacheType.AUTO);
        }

        /** The same with another factor on scores. */
        public Grouped scale(float other) {
            return new Grouped(heads, kvHeads, headDim, other, softCap, window, positions, headNorm, biases, sinks);
        }

        /** The same with scores under a cap. */
        public Grouped softCap(float other) {
            return new Grouped(heads, kvHeads, headDim, scale, other, window, positions, headNorm, biases, sinks);
        }

        /** The same seeing as far as a window. */
        public Grouped window(int other) {
            return new Grouped(heads, kvHeads, headDim, scale, softCap, other, positions, headNorm, biases, sinks);
        }

        /** The same with other positions. */
        public Grouped positions(Positions other) {
            return new Grouped(heads, kvHeads, headDim, scale, softCap, window, other, headNorm, biases, sinks);
        }

        /** The same with a norm of queries and keys. */
        public Grouped headNorm(HeadNorm other) {
            return new Grouped(heads, kvHeads, headDim, scale, softCap, window, positions, other, biases, sinks);
        }

        /** The same with biases. */
        public Grouped biases(Biases other) {
            return new Grouped(heads, kvHeads, headDim, scale, softCap, window, positions, headNorm, other, sinks);
        }

        /** The same with a sink for each head. */
        public Grouped withSinks() {
            return new Grouped(heads, kvHeads, headDim, scale, softCap, window, positions, headNorm, biases, true);
        }
    }

    /**
     * Grouped attention whose output, heads side by side, is multiplied by the sigmoid of a projection before it is projected back
     * (Qiu et al., 2025, arXiv:2505.06708).
     */
    record Gated(Grouped grouped) implements Attention {
        @Override
        public int kvHeads() {
            return grouped.kvHeads();
        }

        @Override
        public int headDim() {
            return grouped.headDim();
        }

        @Override
        public CacheSpec cached() {
            return grouped.cached();
        }
    }

    /**
     * Multi-head latent attention (DeepSeek-AI, 2024, arXiv:2405.04434): queries, and keys together with values, are projected down
     * and up again. A part of each query and key is rotated; that of keys is projected from the input and shared by all heads.
     *
     * <p>Decision: a cache holds the keys and values of all heads, not what they are projected up from. Values that are shorter than
     * keys, or the other way round, are held with zeros behind them.
     *
     * @param heads H, of queries, keys and values
     * @param queryRank elements that queries are projected down to, 0 if they are projected at once
     * @param keyValueRank elements that keys and values are projected down to
     * @param plainDim elements of a query or key that are not rotated
     * @param rotary of the others, all of which it turns
     * @param valueDim elements of a value
     * @param scale factor on scores
     * @param norm of what was projected down
     * @param bias whether the projections down and that of the output have a bias
     */
    record Latent(
            int heads,
            int queryRank,
            int keyValueRank,
            int plainDim,
            Positions.Rotary rotary,
            int valueDim,
            float scale,
            Norm norm,
            boolean bias)
            implements Attention {
        @Override
        public int kvHeads() {
            return heads;
        }

        /** The same with another rotation. */
        public Latent rotary(Positions.Rotary other) {
            return new Latent(heads, queryRank, keyValueRank, plainDim, other, valueDim, scale, norm, bias);
        }

        /** Elements of a query or key. */
        public int keyDim() {
            return plainDim + rotary.dimensions();
        }

        @Override
        public int headDim() {
            return Math.max(keyDim(), valueDim);
        }

        @Override
        public CacheSpec cached() {
            return new KvShape(heads, headDim());
        }
    }
}
