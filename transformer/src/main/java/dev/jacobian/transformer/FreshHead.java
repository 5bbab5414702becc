// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A checkpoint's weights with a head that it has not: one that scores, as transformers initialises it.
 *
 * @param source all but the head
 * @param deviation standard deviation of the head's matrix; its bias is 0
 * @param seed of the head
 */
record FreshHead(Weights source, double deviation, long seed) implements Weights {
    /** What heads that score are called, and what PEFT adds to {@code modules_to_save} of adapters of such models. */
    private static final List<String> MODULES = List.of("classifier", "score");

    private static final String OF_SEQUENCES = "SEQ_CLS";
    private static final String OF_TOKENS = "TOKEN_CLS";

    /**
     * A head that is wanted.
     *
     * @param head what it is to have
     * @param seed of its weights, where the checkpoint has none
     */
    record Wanted(Head.Scores head, long seed) {
        /** The head that a saved adapter brings along; empty of one of a language model. */
        static Optional<Wanted> by(AdapterSource adapter) {
            String task = adapter.config().source().path("task_type").asText();
            boolean ofTokens = task.equals(OF_TOKENS);
            if (!(adapter instanceof AdapterSource.Saved saved) || !ofTokens && !task.equals(OF_SEQUENCES)) {
                return Optional.empty();
            }
            Path file = saved.folder().resolve(AdapterTensors.Saved.FILE);
            if (!Files.exists(file)) {
                return Optional.empty(); // which is told of when it is read
            }
            try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
                return MODULES.stream()
                        .map(module -> LoraPlan.PREFIX + module + ".weight")
                        .filter(tensors::contains)
                        .map(name -> tensors.info(name).extents())
                        .filter(extents ->
                                extents.size() == 2 && extents.getFirst() >= 1 && extents.getFirst() <= Head.MAX_LABELS)
                        .map(extents ->
                                new Wanted(new Head.Scores(extents.getFirst().intValue(), ofTokens), adapter.seed()))
                        .findFirst();
            }
        }

        /** A fresh adapter that trains the head whole beside its matrices, as PEFT's for such models do. */
        AdapterSource trainedBy(AdapterSource adapter) {
            if (!(adapter instanceof AdapterSource.Fresh fresh)) {
                return adapter;
            }
            ObjectNode config = fresh.config().source().deepCopy();
            ArrayNode saved = config.putArray("modules_to_save");
            fresh.config().saved().forEach(saved::add);
            MODULES.stream()
                    .filter(module -> !fresh.config().saved().contains(module))
                    .forEach(saved::add);
            config.put("task_type", head.bias() ? OF_TOKENS : OF_SEQUENCES);
            return new AdapterSource.Fresh(LoraConfigReader.parse(config, fresh.where()), fresh.seed());
        }
    }

    @Override
    public boolean isConcurrent() {
        return source.isConcurrent();
    }

    @Override
    public Var get(TensorSpec spec) {
        return spec.role() == Role.SCORE ? new FreshWeights(deviation, seed).get(spec) : source.get(spec);
    }

    @Override
    public Tensor narrow(TensorSpec spec) {
        return spec.role() == Role.SCORE ? get(spec).value() : source.narrow(spec);
    }
}
