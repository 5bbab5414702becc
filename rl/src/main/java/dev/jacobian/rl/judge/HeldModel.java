// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import java.util.function.Function;

/**
 * A model beside the one that is trained, which scores once a step and idles otherwise. Resident it stays where it computes; offloaded it
 * lies in the host's memory and comes to a device only to score. The scores have the same bits.
 */
public final class HeldModel {
    private final CausalLM weights;
    private final Device device;
    private final DType computeType;

    private HeldModel(CausalLM weights, Device device, DType computeType) {
        this.weights = weights;
        this.device = device;
        this.computeType = computeType;
    }

    /** A model that stays where it is. */
    public static HeldModel resident(CausalLM model) {
        return new HeldModel(model, model.device(), model.computeType());
    }

    /**
     * A model that lies in the host's memory.
     *
     * @param onHost on the CPU
     * @param device where it computes
     * @throws IllegalArgumentException if it is not on the CPU
     */
    public static HeldModel offloaded(CausalLM onHost, Device device, DType computeType) {
        if (!onHost.device().equals(Device.CPU)) {
            throw new IllegalArgumentException(
                    "a model that is offloaded lies in the host's memory, and this one is on " + onHost.device());
        }
        return new HeldModel(onHost, device, computeType);
    }

    /** The model where it lies: what does not compute can be asked of it. */
    public CausalLM idle() {
        return weights;
    }

    /** What a task makes of the model where it computes. */
    <T> T use(Function<CausalLM, T> task) {
        if (weights.device().equals(device)) {
            return task.apply(weights);
        }
        CausalLM there = weights.to(device, computeType);
        try {
            return task.apply(there);
        } finally {
            there.close();
        }
    }
}
