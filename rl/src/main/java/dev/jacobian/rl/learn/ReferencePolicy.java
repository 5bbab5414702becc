// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import java.util.function.Consumer;

/**
 * The model that training began with: the policy's drift is measured against it, and an anchor may pull towards it.
 *
 * <p>It scores once a step and idles otherwise. So on a GPU it may lie in the host's memory ({@code offload_reference}), and
 * comes only to score, before the step's gradients exist: into their memory, which has exactly the size that its weights
 * need. Of a policy with an adapter it is the model without the adapter, which takes no memory. The scores have the same bits, since the same kernels compute them from the same numbers.
 */
public final class ReferencePolicy {
    private final CausalLM weights;
    private final CausalLM policy;

    private ReferencePolicy(CausalLM weights, CausalLM policy) {
        this.weights = weights;
        this.policy = policy;
    }

    /**
     * The policy as it is now.
     *
     * @param offload keep it in the host's memory if the policy is on a GPU
     */
    public static ReferencePolicy of(CausalLM policy, boolean offload) {
        if (policy.adapter().isPresent()) {
            return new ReferencePolicy(policy.withoutAdapter(), policy);
        }
        boolean moves = offload && !policy.device().equals(Device.CPU);
        return new ReferencePolicy(moves ? policy.to(Device.CPU, DType.F32) : policy.copy(), policy);
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
}
