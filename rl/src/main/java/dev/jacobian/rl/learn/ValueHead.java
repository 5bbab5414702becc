// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.Linear;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.Optional;

/** A vector more on a policy's layers, which reads the value of every position off its hidden states: PPO with a shared trunk. */
final class ValueHead {
    private static final String FILE = "value_head.safetensors";
    private static final String NAME = "score.weight";

    private final Parameter weight; // [1, D]

    /** A fresh head as transformers initialises one: normal with the configuration's standard deviation. */
    ValueHead(CausalLM policy, long seed) {
        int width = policy.config().plan().width();
        Rng rng = new Rng(seed, 0);
        float[] values = new float[width];
        for (int i = 0; i < width; i++) {
            values[i] = (float) (policy.config().initializerRange() * rng.nextGaussian());
        }
        this.weight = Var.parameter(NAME, Tensor.of(values, 1, width).to(policy.device()));
    }

    Parameter weight() {
        return weight;
    }

    /**
     * V of chosen rows, [R].
     *
     * @param hidden [N, D] of the policy
     */
    Var values(Var hidden, int[] rows) {
        return Rows.flat(Linear.linear(Rows.gather(hidden, rows), weight, Optional.empty()));
    }

    void save(Path checkpoint) {
        SafetensorsWriter writer = new SafetensorsWriter();
        writer.add(NAME, weight.value());
        writer.write(checkpoint.resolve(FILE));
    }

    void restore(Path checkpoint) {
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint.resolve(FILE))) {
            weight.value().copyFrom(file.read(NAME));
            weight.valueChanged();
        }
    }
}
