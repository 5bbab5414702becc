// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.io.FormatException;
import dev.jacobian.transformer.plan.CheckpointNames;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How llama.cpp has a family: its name there, what its tensors are called, in what order the rows of queries and keys lie, and what
 * config.json says that keys do not.
 *
 * @param name {@code general.architecture}
 * @param family {@code model_type} of config.json
 * @param epsilon config.json's name for what norms add
 * @param rms whether norms are without a mean, which decides what the key is called
 * @param names of tensors; those that depend on sizes of the model have theirs from {@link GgufNames#of}
 * @param neighbours whether rows of queries and keys lie so that neighbours are rotated together, where this house rotates halves
 * @param fixed what config.json of the family says in all its models (JSON)
 */
record GgufArchitecture(
        String name,
        String family,
        String epsilon,
        boolean rms,
        CheckpointNames names,
        boolean neighbours,
        Map<String, String> fixed) {
    private static final String SILU = "\"silu\"";
    private static final String TANH = "\"gelu_pytorch_tanh\"";

    /** All that are read and written. Several families may share a name; the first that fits a file is taken. */
    static final List<GgufArchitecture> ALL = List.of(
            rms("llama", "llama").swapped().with("hidden_act", SILU),
            rms("llama", "mixtral").swapped().with("hidden_act", SILU).with("sliding_window", "null"),
            rms("qwen2", "qwen2").with("hidden_act", SILU),
            rms("qwen3", "qwen3").with("hidden_act", SILU),
            rms("qwen2moe", "qwen2_moe").with("hidden_act", SILU),
            rms("qwen3moe", "qwen3_moe").with("hidden_act", SILU),
            rms("gemma", "gemma").with("hidden_activation", TANH).with("hidden_act", TANH),
            rms("gemma2", "gemma2").with("hidden_activation", TANH),
            rms("gemma3", "gemma3_text").with("hidden_activation", TANH),
            rms("phi3", "phi3").named(GgufNames.FUSED).with("hidden_act", SILU),
            rms("olmo2", "olmo2").with("hidden_act", SILU),
            rms("olmo2", "olmo3").with("hidden_act", SILU),
            rms("mistral3", "ministral3").swapped().with("hidden_act", SILU).with("sliding_window", "null"),
            rms("mistral3", "llama").swapped().with("hidden_act", SILU),
            rms("deepseek2", "deepseek_v3")
                    .with("hidden_act", SILU)
                    .with("attention_bias", "false")
                    .with("rope_interleave", "true")
                    .with("scoring_func", "\"sigmoid\""),
            rms("lfm2", "lfm2"),
            rms("qwen3next", "qwen3_next").with("hidden_act", SILU).with("attention_bias", "false"),
            rms("qwen35", "qwen3_5_text").with("hidden_act", SILU).with("attention_bias", "false"),
            rms("chatglm", "glm").named(GgufNames.FUSED_GATE).with("hidden_act", SILU),
            rms("granite", "granite").swapped().with("hidden_act", SILU),
            rms("smollm3", "smollm3").swapped().with("hidden_act", SILU),
            rms("glm4", "glm4").named(GgufNames.FUSED_GATE).with("hidden_act", SILU),
            rms("gpt-oss", "gpt_oss").named(GgufNames.GPT_OSS).with("hidden_act", SILU),
            layer("gpt2", "gpt2", "layer_norm_epsilon")
                    .named(GgufNames.FUSED_QKV)
                    .with("hidden_act", "\"gelu_new\""),
            layer("gptneox", "gpt_neox", "layer_norm_eps")
                    .named(GgufNames.FUSED_QKV)
                    .with("hidden_act", "\"gelu\""),
            layer("starcoder2", "starcoder2", "norm_epsilon")
                    .with("hidden_act", TANH)
                    .with("use_bias", "true"),
            layer("stablelm", "stablelm", "layer_norm_eps").with("hidden_act", SILU),
            layer("nemotron", "nemotron", "norm_eps").with("hidden_act", "\"relu2\""),
            layer("command-r", "cohere", "layer_norm_eps").with("hidden_act", SILU),
            layer("cohere2", "cohere2", "layer_norm_eps").with("hidden_act", SILU));

    private static GgufArchitecture rms(String name, String family) {
        return new GgufArchitecture(name, family, "rms_norm_eps", true, GgufNames.USUAL, false, Map.of());
    }

    private static GgufArchitecture layer(String name, String family, String epsilon) {
        return new GgufArchitecture(name, family, epsilon, false, GgufNames.USUAL, false, Map.of());
    }

    private GgufArchitecture swapped() {
        return new GgufArchitecture(name, family, epsilon, rms, names, true, fixed);
    }

    private GgufArchitecture named(CheckpointNames other) {
        return new GgufArchitecture(name, family, epsilon, rms, other, neighbours, fixed);
    }

    private GgufArchitecture with(String key, String value) {
        Map<String, String> more = new java.util.TreeMap<>(fixed);
        more.put(key, value);
        return new GgufArchitecture(name, family, epsilon, rms, names, neighbours, Map.copyOf(more));
    }

    /**
     * The architecture of a file.
     *
     * @throws FormatException if none has its name
     */
    static GgufArchitecture of(GgufKeys keys) {
        String name = keys.metadata().requireText(GgufKeys.ARCHITECTURE);
        return ALL.stream()
                .filter(architecture -> architecture.name.equals(name) && architecture.fits(keys))
                .findFirst()
                .orElseThrow(() -> new FormatException(
                        keys.metadata().where(),
                        "the architecture '" + name + "' is not read"
                                + (ALL.stream().anyMatch(one -> one.name.equals(name))
                                        ? " as this file has it, with experts or with queries that grow"
                                        : ""),
                        "Known are "
                                + ALL.stream()
                                        .map(GgufArchitecture::name)
                                        .distinct()
                                        .collect(Collectors.joining(", "))));
    }

    /** Whether a file of the name is of the family, where others share the name. */
    private boolean fits(GgufKeys keys) {
        return switch (family) {
            case "mixtral" -> hasExperts(keys);
            case "llama" -> !hasExperts(keys) && !keys.has(GgufKeys.GROWTH);
            case "ministral3" -> keys.has(GgufKeys.GROWTH);
            case "olmo2" -> keys.size("attention.sliding_window").orElse(0) == 0;
            default -> true;
        };
    }

    private static boolean hasExperts(GgufKeys keys) {
        return keys.size("expert_count").orElse(0) > 0;
    }

    /** The architecture that a family is written as; Mistral is Llama there, and so is Ministral. */
    static Optional<GgufArchitecture> ofFamily(String modelType) {
        String family = modelType.equals("mistral") || modelType.equals("ministral") ? "llama" : modelType;
        return ALL.stream()
                .filter(architecture -> architecture.family.equals(family))
                .findFirst();
    }

    /** The key of what norms add. */
    String epsilonKey() {
        return rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
    }
}
