// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The weights of a file that names and lays out its tensors otherwise than the model, which is saved under names of its own. */
final class RenamedWeights implements Weights {
    private final Weights source;
    private final Map<TensorSpec, TensorSpec> inFile = new HashMap<>();

    /**
     * Weights under other names.
     *
     * @param source by the specs of {@code stored}
     * @param plan of the model
     * @param stored the same plan with the names of the file
     */
    RenamedWeights(Weights source, DecoderPlan plan, DecoderPlan stored) {
        this.source = source;
        List<TensorSpec> own = plan.tensors(); // both in the same order
        List<TensorSpec> theirs = stored.tensors();
        for (int i = 0; i < own.size(); i++) {
            inFile.put(own.get(i), theirs.get(i));
        }
    }

    private TensorSpec inFile(TensorSpec spec) {
        TensorSpec found = inFile.get(spec);
        if (found == null) {
            throw new IllegalArgumentException("the plan has no tensor " + spec.name());
        }
        return found;
    }

    @Override
    public boolean isConcurrent() {
        return source.isConcurrent();
    }

    @Override
    public Var get(TensorSpec spec) {
        return Weights.parameter(spec, source.get(inFile(spec)).value());
    }

    @Override
    public Optional<QuantizedMatrix> blocks(TensorSpec spec, WeightFormat format) {
        return source.blocks(inFile(spec), format);
    }

    @Override
    public Tensor narrow(TensorSpec spec) {
        return source.narrow(inFile(spec));
    }
}
