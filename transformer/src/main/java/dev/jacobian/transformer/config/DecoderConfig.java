// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Everything that decides the numbers of a decoder, whatever family it comes from.
 *
 * @param family {@code model_type} of config.json
 * @param vocabularySize V: rows of the embedding, which may exceed the tokenizer's size
 * @param hiddenSize D
 * @param intermediateSize width of the MLP
 * @param layers number of layers
 * @param heads query heads H
 * @param kvHeads key and value heads; divides H
 * @param headDim elements of a head; H · headDim need not be D
 * @param normEpsilon ε of RMSNorm
 * @param rope rotary frequencies
 * @param maxPositions longest sequence that the model is made for
 * @param tiedEmbeddings whether the head is the embedding
 * @param qkvBias biases on the query, key and value projections
 * @param outputBias bias on the attention's output projection
 * @param mlpBias biases in the MLP
 * @param qkNorm RMSNorm on each head of queries and keys before rotation
 * @param windows per layer the distance at which keys are no longer seen, 0 for no limit
 * @param initializerRange standard deviation of fresh weights
 * @param source config.json as it was read, written back on saving
 */
public record DecoderConfig(
        String family,
        int vocabularySize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        float normEpsilon,
        RopeConfig rope,
        int maxPositions,
        boolean tiedEmbeddings,
        boolean qkvBias,
        boolean outputBias,
        boolean mlpBias,
        boolean qkNorm,
        List<Integer> windows,
        float initializerRange,
        ObjectNode source) {

    /** Number of parameters, tied ones counted once. */
    public long parameters() {
        long attention = (long) hiddenSize * headDim * (2L * heads + 2L * kvHeads)
                + (qkvBias ? (long) headDim * (heads + 2 * kvHeads) : 0)
                + (outputBias ? hiddenSize : 0)
                + (qkNorm ? 2L * headDim : 0);
        long mlp = 3L * hiddenSize * intermediateSize + (mlpBias ? 2L * intermediateSize + hiddenSize : 0);
        long embeddings = (long) vocabularySize * hiddenSize * (tiedEmbeddings ? 1 : 2);
        return embeddings + layers * (attention + mlp + 2L * hiddenSize) + hiddenSize;
    }
}
