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
    /** One number per position. */
    SCORE
}
