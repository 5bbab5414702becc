// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** What a tensor is for: the module of a decoder that it belongs to. */
public enum Role {
    EMBEDDING,
    /** Learned positions, added to embeddings. */
    POSITION_EMBEDDING,
    /** Before attention. */
    ATTENTION_NORM,
    QUERY,
    KEY,
    VALUE,
    /** Attention's projection back. */
    OUTPUT,
    /** Factor on attention's output before it is projected back. */
    OUTPUT_GATE,
    /** Queries of the delta rule. */
    DELTA_QUERY,
    /** Keys of the delta rule. */
    DELTA_KEY,
    /** Values of the delta rule. */
    DELTA_VALUE,
    /** Factor on what the delta rule gives. */
    DELTA_GATE,
    /** How far a state is corrected. */
    DELTA_STRENGTH,
    /** How fast a state fades: what depends on the token. */
    DELTA_DECAY,
    /** How fast a state fades: what does not. */
    DELTA_DECAY_BIAS,
    /** How fast a state fades: logarithm of the rate. */
    DELTA_LOG_RATE,
    /** The convolution of queries. */
    DELTA_QUERY_TAPS,
    /** The convolution of keys. */
    DELTA_KEY_TAPS,
    /** The convolution of values. */
    DELTA_VALUE_TAPS,
    /** Of what the delta rule gives, before the gate. */
    DELTA_NORM,
    /** The delta rule's projection back. */
    DELTA_OUTPUT,
    /** Factor before a short convolution. */
    CONVOLUTION_IN_GATE,
    /** Factor after a short convolution. */
    CONVOLUTION_OUT_GATE,
    /** What goes through a short convolution. */
    CONVOLUTION_INPUT,
    /** The convolution itself. */
    CONVOLUTION_TAPS,
    /** A short convolution's projection back. */
    CONVOLUTION_OUTPUT,
    /** Queries projected down. */
    QUERY_LATENT,
    QUERY_LATENT_NORM,
    /** Elements of queries that are not rotated. */
    QUERY_PLAIN,
    /** Elements of queries that are. */
    QUERY_ROTARY,
    /** Keys and values projected down. */
    KEY_VALUE_LATENT,
    KEY_VALUE_LATENT_NORM,
    /** Elements of keys that are not rotated. */
    KEY_PLAIN,
    /** Elements of keys that are, which all heads share. */
    KEY_ROTARY,
    /** Scores of keys without a value, one for each head. */
    SINKS,
    QUERY_NORM,
    KEY_NORM,
    /** After attention, before its result is added. */
    ATTENTION_POST_NORM,
    /** Before the feed-forward. */
    FEED_FORWARD_NORM,
    GATE,
    UP,
    DOWN,
    /** Logits by which experts are chosen. */
    ROUTER,
    /** What {@link Router.Sigmoid} adds for the choice alone. */
    ROUTER_CORRECTION,
    EXPERT_GATE,
    EXPERT_UP,
    EXPERT_DOWN,
    /** Of the feed-forward beside the experts. */
    SHARED_GATE,
    SHARED_UP,
    SHARED_DOWN,
    /** The number by which its output is multiplied. */
    SHARED_WEIGHT,
    /** After the feed-forward, before its result is added. */
    FEED_FORWARD_POST_NORM,
    FINAL_NORM,
    /** Logits of tokens. */
    HEAD,
    /** Numbers per position that are no logits of tokens. */
    SCORE
}
