// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** How experts are chosen for a token, and how much each counts; of equally good ones the lower comes first. */
public sealed interface Router {
    /** k: experts of a token. */
    int perToken();

    /**
     * The likeliest by a softmax over all experts (Shazeer et al., 2017, arXiv:1701.06538), weighted by it.
     *
     * @param normalized whether a token's weights are divided by their sum: the softmax over the chosen alone (Mixtral)
     * @param bias whether the logits have one (gpt-oss)
     */
    record Softmax(int perToken, boolean normalized, boolean bias) implements Router {}

    /**
     * The best by a sigmoid of each logit plus a correction, which no gradient reaches and which the weights do not contain
     * (DeepSeek-AI, 2024, arXiv:2412.19437). Experts form groups of equal size, of which those count whose two best have the
     * largest sum; experts of the others are judged as 0.
     *
     * @param normalized whether a token's weights are divided by their sum
     * @param scale factor on the weights
     * @param groups as which experts compete first; 1 for none
     * @param keptGroups groups in which experts are chosen
     */
    record Sigmoid(int perToken, boolean normalized, float scale, int groups, int keptGroups) implements Router {}
}
