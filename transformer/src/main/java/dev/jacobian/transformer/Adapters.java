// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;

/** Puts adapters on models, and models and adapters together. */
final class Adapters {
    private Adapters() {}

    /**
     * A model with an adapter.
     *
     * @param plan of the adapter, made from the names of whole checkpoints
     * @param held the weights of the base model
     */
    static CausalLM adapted(
            DecoderConfig config,
            LoraPlan plan,
            CheckpointFiles files,
            Weights held,
            ModelOptions options,
            AdapterSource source) {
        TensorSpec head = LoraPlan.tiedHead(config.plan());
        return switch (source) {
            case AdapterSource.Fresh fresh ->
                new CausalLM(
                        config,
                        files,
                        new LoraWeights(
                                held,
                                plan,
                                head,
                                AdapterTensors.fresh(plan, fresh.seed()),
                                options.device(),
                                fresh.seed()),
                        options);
            case AdapterSource.Saved saved -> {
                try (AdapterTensors.Saved tensors = AdapterTensors.Saved.open(saved.folder())) {
                    LoraWeights weights = new LoraWeights(held, plan, head, tensors, options.device(), saved.seed());
                    CausalLM model = new CausalLM(config, files, weights, options);
                    for (TensorSpec spec : plan.ends()) {
                        tensors.requireSame(spec, one -> weights.baseOf(one).numbers(options.device()));
                    }
                    tensors.requireAllUsed();
                    yield model;
                }
            }
        };
    }

    /** A plain model of what an adapted one computes. */
    static CausalLM merged(DecoderConfig config, CheckpointFiles files, LoraWeights adapted) {
        boolean untied = config.plan().head() instanceof Head.TiedTokens && changesEither(config.plan(), adapted);
        DecoderConfig plain = untied ? untied(config) : config;
        Weights sums = spec -> {
            TensorSpec own = untied && spec.role() == Role.HEAD ? adapted.tiedHead() : spec;
            Tensor table = spec.role() == Role.EMBEDDING
                    ? adapted.sum(spec).orElseGet(() -> adapted.numbers(spec))
                    : adapted.numbers(own);
            Tensor here = table.to(Device.CPU);
            return Weights.parameter(spec, here == table ? here.copy() : here);
        };
        return new CausalLM(plain, files, sums, ModelOptions.DEFAULT);
    }

    private static boolean changesEither(DecoderPlan plan, LoraWeights adapted) {
        LoraPlan lora = adapted.plan();
        TensorSpec embedding = plan.tensors().getFirst();
        TensorSpec head = adapted.tiedHead();
        return lora.target(embedding).isPresent()
                || lora.target(head).isPresent()
                || lora.whole(embedding).isPresent()
                || lora.whole(head).isPresent();
    }

    /** The same model with a head of its own. */
    private static DecoderConfig untied(DecoderConfig config) {
        Head.Logits logits = ((Head.TiedTokens) config.plan().head()).logits();
        ObjectNode source = config.source().deepCopy();
        source.put("tie_word_embeddings", false);
        return new DecoderConfig(
                config.family(),
                config.plan().withHead(new Head.Tokens(logits)),
                config.maxPositions(),
                config.initializerRange(),
                config.quantization(),
                source);
    }
}
