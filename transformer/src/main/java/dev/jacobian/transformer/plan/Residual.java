// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/**
 * How the two branches of a layer are added to the hidden state.
 *
 * @param form where the norms stand
 * @param scale factor on each branch before it is added (1 in most families)
 */
public record Residual(Form form, float scale) {
    /** {@code h += attention(norm(h)); h += feedForward(norm(h))}, as GPT-2 introduced it. */
    public static final Residual PRE = new Residual(Form.PRE, 1);

    /** {@code h += norm(attention(h)); h += norm(feedForward(h))}. */
    public static final Residual POST = new Residual(Form.POST, 1);

    /** {@code h += norm(attention(norm(h))); h += norm(feedForward(norm(h)))}: four norms. */
    public static final Residual SANDWICH = new Residual(Form.SANDWICH, 1);

    /** {@code h += attention(norm(h)) + feedForward(norm'(h))}: both branches read the same state. */
    public static final Residual PARALLEL = new Residual(Form.PARALLEL, 1);

    /** The same with one norm for both branches. */
    public static final Residual PARALLEL_ONE_NORM = new Residual(Form.PARALLEL_ONE_NORM, 1);

    /** Where the norms stand. */
    public enum Form {
        PRE,
        POST,
        SANDWICH,
        PARALLEL,
        PARALLEL_ONE_NORM;

        /** Whether attention's branch begins with {@link Role#ATTENTION_NORM}. */
        public boolean normsAttentionInput() {
            return this != POST;
        }

        /** Whether the feed-forward's branch begins with {@link Role#FEED_FORWARD_NORM}. */
        public boolean normsFeedForwardInput() {
            return this == PRE || this == SANDWICH || this == PARALLEL;
        }

        /** Whether branches end with {@link Role#ATTENTION_POST_NORM} and {@link Role#FEED_FORWARD_POST_NORM}. */
        public boolean normsOutputs() {
            return this == POST || this == SANDWICH;
        }
    }

    /** The same with another factor. */
    public Residual scaled(float other) {
        return new Residual(form, other);
    }
}
