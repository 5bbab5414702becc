// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.io.quantized.Awq;
import dev.jacobian.io.quantized.Fp8;
import dev.jacobian.io.quantized.Gptq;
import dev.jacobian.io.quantized.Mxfp4;
import dev.jacobian.io.quantized.Quantization;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads {@code quantization_config}.
 *
 * <p>Decisions: which layers are quantized is seen from their tensors, so lists of modules that are not count for nothing. A key
 * that could change what the stored bits mean and is not understood is an error, as everywhere in config.json.
 */
final class QuantizationReader {
    private static final String KEY = "quantization_config";

    /** Under which other tools say the same of formats that are not read. */
    private static final List<String> FOREIGN = List.of("quantization", "compression_config");

    private static final int DEFAULT_BLOCK = 128;
    private static final int MOST = 1 << 20;

    private QuantizationReader() {}

    /** How the weights are quantized; empty if they are not. */
    static Optional<Quantization> read(JsonFields config) {
        for (String key : FOREIGN) {
            if (config.find(key).isPresent()) {
                throw refusal(config.where(), "'" + key + "' says that the weights are quantized");
            }
        }
        if (config.find(KEY).isEmpty()) {
            return Optional.empty();
        }
        JsonFields fields = config.object(KEY);
        String method = fields.string("quant_method", "");
        fields.ignore("modules_to_not_convert", "ignored_layers");
        Quantization quantization = switch (method) {
            case "mxfp4" -> new Mxfp4();
            case "fp8" -> fp8(fields);
            case "gptq" -> gptq(fields);
            case "awq" -> awq(fields);
            default ->
                throw refusal(
                        fields.where(),
                        "the weights are quantized" + (method.isEmpty() ? "" : " by " + method)
                                + ", which is not read");
        };
        fields.finish();
        return Optional.of(quantization);
    }

    private static Fp8 fp8(JsonFields fields) {
        is(fields, "fmt", "\"e4m3\"");
        is(
                fields,
                "activation_scheme",
                "\"dynamic\""); // how activations would be rounded, which weights do not depend on
        fields.ignore("scale_fmt");
        if (fields.find("weight_block_size").isEmpty()) {
            return new Fp8(DEFAULT_BLOCK, DEFAULT_BLOCK);
        }
        JsonNode sides = fields.array("weight_block_size");
        int rows = sides.path(0).isInt() ? sides.path(0).intValue() : 0;
        int columns = sides.path(1).isInt() ? sides.path(1).intValue() : 0;
        if (sides.size() != 2 || rows < 1 || columns < 1) {
            throw new FormatException(
                    fields.where(),
                    "weight_block_size is " + Json.excerpt(sides),
                    "Two sides such as [128, 128] are meant");
        }
        return new Fp8(rows, columns);
    }

    private static Gptq gptq(JsonFields fields) {
        // How the weights were found, and with which kernels others compute with them.
        fields.ignore(
                "sym",
                "damp_percent",
                "damp_auto_increment",
                "true_sequential",
                "static_groups",
                "dataset",
                "tokenizer");
        fields.ignore(
                "model_name_or_path",
                "model_file_base_name",
                "model_seqlen",
                "block_name_to_quantize",
                "meta",
                "quantizer");
        fields.ignore(
                "module_name_preceding_first_block", "modules_in_block_to_quantize", "batch_size", "pad_token_id");
        fields.ignore(
                "use_cuda_fp16", "use_exllama", "disable_exllama", "exllama_config", "max_input_length", "backend");
        fields.ignore("cache_block_outputs", "lm_head", "pack_dtype", "parallel_packing");
        is(fields, "is_marlin_format", "false");
        is(fields, "dynamic", "{}");
        int bits = fields.integer("bits");
        if (bits != 2 && bits != 4 && bits != 8) {
            throw refusal(fields.where(), "bits is " + bits + "; 2, 4 and 8 are read");
        }
        String form = fields.string("checkpoint_format", "gptq");
        int version = switch (form) {
            case "gptq" -> 1;
            case "gptq_v2" -> 2;
            default -> throw refusal(fields.where(), "checkpoint_format is '" + form + "'; gptq and gptq_v2 are read");
        };
        return new Gptq(bits, groupSize(fields), fields.bool("desc_act", false), version);
    }

    private static Awq awq(JsonFields fields) {
        fields.ignore("backend", "do_fuse", "exllama_config", "fuse_max_seq_len", "modules_to_fuse", "pre_quantized");
        is(fields, "bits", "4");
        is(fields, "w_bit", "4");
        is(fields, "zero_point", "true");
        String version = fields.string("version", "gemm").toLowerCase(Locale.ROOT);
        Awq.Form form = switch (version) {
            case "gemm" -> Awq.Form.GEMM;
            case "gemv" -> Awq.Form.GEMV;
            default -> throw refusal(fields.where(), "version is '" + version + "'; gemm and gemv are read");
        };
        return new Awq(groupSize(fields), form);
    }

    private static int groupSize(JsonFields fields) {
        // AutoAWQ's own files call it otherwise.
        int size = fields.integer(fields.has("q_group_size") ? "q_group_size" : "group_size");
        if (size != -1 && (size < 1 || size > MOST)) {
            throw new FormatException(
                    fields.where(), "group_size is " + size, "A number of inputs is meant, or -1 for all");
        }
        return size;
    }

    /** A key that is understood at one value. */
    private static void is(JsonFields fields, String key, String value) {
        fields.ignoreAt(key, Json.parse(value, key));
    }

    private static FormatException refusal(String where, String what) {
        return new FormatException(where, what, "Use the checkpoint in BF16, F16 or F32 that it was made from");
    }
}
