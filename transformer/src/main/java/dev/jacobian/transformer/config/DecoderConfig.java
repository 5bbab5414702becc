// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.quantized.Quantization;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.util.Optional;

/**
 * What a config.json says.
 *
 * @param family {@code model_type}
 * @param plan what the decoder computes
 * @param maxPositions longest sequence that the model is made for
 * @param initializerRange standard deviation of fresh weights
 * @param quantization how the weights beside it are quantized, if they are
 * @param source config.json as it was read, written back on saving
 */
public record DecoderConfig(
        String family,
        DecoderPlan plan,
        int maxPositions,
        float initializerRange,
        Optional<Quantization> quantization,
        ObjectNode source) {

    /** Of a model whose weights are numbers. */
    public DecoderConfig(String family, DecoderPlan plan, int maxPositions, float initializerRange, ObjectNode source) {
        this(family, plan, maxPositions, initializerRange, Optional.empty(), source);
    }

    /** The same with another plan. */
    public DecoderConfig withPlan(DecoderPlan other) {
        return new DecoderConfig(family, other, maxPositions, initializerRange, quantization, source);
    }

    /**
     * How much of the load-balancing loss of its experts training is to add: {@code router_aux_loss_coef} if {@code
     * output_router_logits} is true, as in transformers, and the routers have such a loss; else 0.
     */
    public double routerAuxLossCoef() {
        return source.path("output_router_logits").asBoolean()
                        && plan.balancedExperts().isPresent()
                ? source.path("router_aux_loss_coef").asDouble()
                : 0;
    }

    /** V: rows of the embedding, which may exceed the tokenizer's size. */
    public int vocabularySize() {
        return plan.embedding().vocabulary();
    }

    /** D: elements of a hidden state. */
    public int hiddenSize() {
        return plan.width();
    }

    /** Number of layers. */
    public int layers() {
        return plan.layers().size();
    }

    /** Number of parameters, tied ones counted once. */
    public long parameters() {
        return plan.parameters();
    }
}
