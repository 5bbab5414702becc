// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.io.Json;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.Device;
import dev.jacobian.testing.EmulatedGpu;
import dev.jacobian.transformer.family.Families;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;

/** Where models of these tests are loaded, and models and tokens that no golden has. */
public final class TestModels {
    private TestModels() {}

    /** Where models are loaded: on the CPU, or where {@code -Djacobian.test.device} says. */
    public static ModelOptions placement() {
        return ModelOptions.DEFAULT.on(Device.parse(EmulatedGpu.device()));
    }

    /** The same, on a GPU in the arithmetic with a fixed order of sums or the default one; the CPU always has the former. */
    public static ModelOptions placement(boolean batchInvariant) {
        return placement(batchInvariant ? Arithmetic.BATCH_INVARIANT : Arithmetic.FAST);
    }

    /** The same, on a GPU in an arithmetic; on the CPU in the one that there is. */
    static ModelOptions placement(Arithmetic arithmetic) {
        ModelOptions usual = placement();
        Device device = usual.device();
        return device.equals(Device.CPU) ? usual : usual.on(device.with(arithmetic));
    }

    /** Random token ids. */
    public static int[] tokens(long seed, int length, int vocabulary) {
        return new SplittableRandom(seed).ints(length, 0, vocabulary).toArray();
    }

    /** Every model of these tests at a size that kernels split among threads. */
    public static CausalLM wideModel(Path folder) {
        String config = """
            {"model_type": "qwen3", "vocab_size": 1500, "hidden_size": 192, "intermediate_size": 320,
             "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 40,
             "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "initializer_range": 0.2, "tie_word_embeddings": false, "eos_token_id": 3}
            """;
        Json.write(folder.resolve("config.json"), Json.parse(config, "wide model"));
        return CausalLM.create(Families.read(folder), Optional.empty(), 17);
    }
}
