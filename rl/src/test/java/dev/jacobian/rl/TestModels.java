// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.testing.EmulatedGpu;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Small trained models for tests. */
public final class TestModels {
    private TestModels() {}

    static Path additionFolder() {
        return TestPaths.model("arith-qwen3");
    }

    /** A 103K-parameter Qwen3 that adds two numbers right a third of the time. */
    public static CausalLM addition() {
        return CausalLM.load(additionFolder());
    }

    /**
     * The same on the GPU that {@code jacobian.test.device} names, batch-invariant; skips the test where the emulated one was not
     * built.
     */
    public static CausalLM addition(DType computeType) {
        return addition(computeType, Arithmetic.BATCH_INVARIANT);
    }

    /** The same in any arithmetic. */
    public static CausalLM addition(DType computeType, Arithmetic arithmetic) {
        return onDevice(additionFolder(), computeType, arithmetic);
    }

    /** A checkpoint on that GPU. */
    public static CausalLM onDevice(Path folder, DType computeType, Arithmetic arithmetic) {
        EmulatedGpu.require();
        Device device = Device.parse(System.getProperty("jacobian.test.device")).with(arithmetic);
        return CausalLM.load(folder, ModelOptions.DEFAULT.on(device).computingIn(computeType));
    }

    /** The bits of all weights, one parameter after another. */
    public static List<Integer> bits(CausalLM model) {
        List<Integer> bits = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            for (float value : parameter.value().toFloatArray()) {
                bits.add(Float.floatToRawIntBits(value));
            }
        }
        return bits;
    }
}
