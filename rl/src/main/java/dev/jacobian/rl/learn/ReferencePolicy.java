// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.rl.config.ReferenceSync;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What a policy is held to or measured against: the model that training began with, or one that follows the policy at a distance.
 *
 * <p>It scores once a step and idles otherwise. So on a GPU it may lie in the host's memory ({@code offload_reference}), and
 * comes only to score, before the step's gradients exist: into their memory, which has exactly the size that its weights
 * need. Of a policy with an adapter it is the model without the adapter, which takes no memory. The scores have the same bits, since the same kernels compute them from the same numbers.
 *
 * <p>A frozen one needs nothing from a checkpoint, because a resumed run loads the same model again. One that follows is saved.
 */
public final class ReferencePolicy implements Checkpointed {
    private static final String WEIGHTS = "reference.safetensors";

    private final CausalLM weights;
    private final CausalLM policy;
    private final ReferenceSync sync;

    private ReferencePolicy(CausalLM weights, CausalLM policy, ReferenceSync sync) {
        this.weights = weights;
        this.policy = policy;
        this.sync = sync;
    }

    /**
     * The policy as it is now, for good.
     *
     * @param offload keep it in the host's memory if the policy is on a GPU
     */
    public static ReferencePolicy of(CausalLM policy, boolean offload) {
        return of(policy, offload, ReferenceSync.FROZEN);
    }

    /**
     * The policy as it is now.
     *
     * @param offload keep it in the host's memory if the policy is on a GPU
     * @param sync whether it follows
     * @throws IllegalArgumentException if it was to follow a policy with an adapter
     */
    public static ReferencePolicy of(CausalLM policy, boolean offload, ReferenceSync sync) {
        if (policy.adapter().isPresent()) {
            if (sync.syncRefModel()) {
                throw new IllegalArgumentException(
                        "sync_ref_model=true is for models that are trained whole: the reference of an adapter is the"
                                + " model without it");
            }
            return new ReferencePolicy(policy.withoutAdapter(), policy, sync);
        }
        boolean moves = offload && !policy.device().equals(Device.CPU);
        return new ReferencePolicy(moves ? policy.to(Device.CPU, DType.F32) : policy.copy(), policy, sync);
    }

    /** Shows the model, ready to compute where the policy does, to a task; the policy has no gradients then. */
    public void use(Consumer<CausalLM> task) {
        if (weights.device().equals(policy.device())) {
            task.accept(weights);
            return;
        }
        policy.parameters().forEach(Parameter::closeGrad);
        CausalLM there = weights.to(policy.device(), policy.computeType());
        try {
            task.accept(there);
        } finally {
            there.close();
        }
    }

    /** Follows the policy, if it is time to after this step: {@code reference = α policy + (1 − α) reference}. */
    public void follow(int step) {
        if (!sync.isDueAfter(step)) {
            return;
        }
        float alpha = (float) sync.refModelMixupAlpha();
        ElementwiseKernels kernels = Backends.of(weights.device()).elementwise();
        for (Parameter own : weights.parameters()) {
            Tensor target = policy.parameter(own.name()).value();
            boolean apart = !target.device().equals(weights.device());
            kernels.scale(own.value(), 1 - alpha, own.value());
            kernels.addScaled(apart ? target.to(weights.device()) : target, alpha, own.value());
            own.valueChanged();
        }
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        if (sync.syncRefModel()) {
            SafetensorsWriter writer = new SafetensorsWriter();
            weights.parameters().forEach(own -> writer.add(own.name(), own.value()));
            writer.write(checkpoint.resolve(WEIGHTS));
        }
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        if (sync.syncRefModel()) {
            try (SafetensorsFile file = SafetensorsFile.open(checkpoint.resolve(WEIGHTS))) {
                for (Parameter own : weights.parameters()) {
                    own.value().copyFrom(file.read(own.name()));
                    own.valueChanged();
                }
            }
        }
    }
}
