// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.family.Families;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A model of layers that GPTQ's tools would have packed is the model of the numbers that they stand for, bit for bit. */
class QuantizedCheckpointTest {
    private static final int GROUP = 8;

    @TempDir
    Path temporary;

    private Path folder(String name, String quantization) {
        Path folder = TestPaths.copyModel("qwen3", temporary.resolve(name));
        if (!quantization.isEmpty()) {
            ObjectNode config = (ObjectNode) Json.read(folder.resolve("config.json"));
            config.set("quantization_config", Json.parse(quantization.replace('\'', '"'), "test"));
            Json.write(folder.resolve("config.json"), config);
        }
        return folder;
    }

    @Test
    void gptqIsTheModelOfItsNumbers() {
        Path plain = folder("plain", "");
        Path packed = folder(
                "packed",
                "{'quant_method':'gptq','bits':4,'group_size':8,'desc_act':false,'sym':true,'damp_percent':0.1,"
                        + "'checkpoint_format':'gptq','modules_to_not_convert':['lm_head']}");
        Rng rng = new Rng(1, 1);
        SafetensorsWriter numbers = new SafetensorsWriter();
        SafetensorsWriter words = new SafetensorsWriter();
        try (CheckpointTensors tensors = CheckpointTensors.open(plain)) {
            for (String name : tensors.names()) {
                Tensor value = tensors.read(name);
                if (name.contains("_proj.weight")) {
                    quantize(name, value.extent(0), value.extent(1), rng, numbers, words);
                } else {
                    numbers.add(name, value);
                    words.add(name, value);
                }
            }
            numbers.write(plain.resolve("model.safetensors"));
            words.write(packed.resolve("model.safetensors"));
        }
        CausalLM expected = CausalLM.load(plain);
        CausalLM actual = CausalLM.load(packed);
        int[] tokens = TestModels.tokens(1, 20, expected.config().vocabularySize());
        assertBits(
                "logits",
                actual.logits(tokens).toFloatArray(),
                expected.logits(tokens).toFloatArray());

        // Saved, it is a model of numbers like any other.
        Path saved = temporary.resolve("saved");
        actual.save(saved, DType.F32);
        assertThat(Json.read(saved.resolve("config.json")).has("quantization_config"))
                .isFalse();
        assertBits(
                "logits after saving",
                CausalLM.load(saved).logits(tokens).toFloatArray(),
                expected.logits(tokens).toFloatArray());
    }

    /** Random numbers of 4 bits, as they are and packed. */
    private static void quantize(
            String name, int n, int k, Rng rng, SafetensorsWriter numbers, SafetensorsWriter words) {
        int groups = k / GROUP;
        float[] weight = new float[n * k];
        int[] packed = new int[k / 8 * n];
        int[] zeros = new int[groups * (n / 8)];
        float[] scales = new float[groups * n];
        for (int g = 0; g < groups; g++) {
            for (int j = 0; j < n; j++) {
                scales[g * n + j] = (1 + rng.nextInt(8)) / 256f;
                zeros[g * (n / 8) + j / 8] |= 7 << j % 8 * 4; // 8, less one
            }
        }
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < n; j++) {
                int q = rng.nextInt(16);
                packed[i / 8 * n + j] |= q << i % 8 * 4;
                weight[j * k + i] = scales[i / GROUP * n + j] * (q - 8);
            }
        }
        String layer = name.substring(0, name.length() - ".weight".length());
        numbers.add(name, Tensor.of(weight, n, k));
        words.add(layer + ".qweight", Tensor.of(packed, k / 8, n));
        words.add(layer + ".qzeros", Tensor.of(zeros, groups, n / 8));
        words.add(layer + ".scales", Tensor.of(scales, groups, n), DType.F16);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'quant_method':'bitsandbytes','load_in_4bit':true} | quantized by bitsandbytes, which is not read",
                "{'quant_method':'gptq','bits':3,'group_size':128} | bits is 3; 2, 4 and 8 are read",
                "{'quant_method':'gptq','bits':4,'group_size':0} | group_size is 0",
                "{'quant_method':'gptq','bits':4,'group_size':128,'checkpoint_format':'marlin'} | 'marlin'; gptq and"
                        + " gptq_v2",
                "{'quant_method':'gptq','bits':4,'group_size':128,'dynamic':{'a':{'bits':8}}} | 'dynamic'",
                "{'quant_method':'awq','bits':4,'group_size':128,'version':'gemv_fast'} | 'gemv_fast'; gemm and gemv",
                "{'quant_method':'awq','bits':4,'group_size':128,'zero_point':false} | 'zero_point'",
                "{'quant_method':'fp8','activation_scheme':'static'} | 'activation_scheme'",
                "{'quant_method':'fp8','weight_block_size':[128]} | weight_block_size is [128]",
                "{'quant_method':'fp8','weight_block_size':[128.5,128]} | weight_block_size is [128.5,128]",
            })
    void whatIsNotReadIsRefusedByName(String quantization, String message) {
        Path folder = folder("q", quantization);
        assertThatThrownBy(() -> Families.read(folder)).hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'quant_method':'fp8','fmt':'e4m3','activation_scheme':'dynamic','weight_block_size':[128,128]}",
                "{'quant_method':'awq','bits':4,'group_size':128,'version':'gemm','zero_point':true}",
                "{'quant_method':'awq','w_bit':4,'q_group_size':128,'version':'GEMM','zero_point':true}",
                "{'quant_method':'gptq','bits':8,'group_size':-1,'desc_act':true,'checkpoint_format':'gptq_v2'}",
            })
    void theFormsThatToolsWriteAreUnderstood(String quantization) {
        assertThat(Families.read(folder("q", quantization)).quantization()).isPresent();
    }
}
