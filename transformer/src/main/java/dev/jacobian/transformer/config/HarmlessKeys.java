// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import java.util.Map;

/**
 * The keys of config.json that cannot change a logit of a text-only causal model in evaluation mode.
 *
 * <p>Decisions: there are three kinds. Some say nothing about the numbers whatever their value (defaults of generation, ids of
 * special tokens, how a program runs the model). Some are switches of other architectures that exporters write into every
 * file: those are harmless at the one value that means what is computed here anyway, and an error at any other. And whole
 * families of keys are known by their names: dropout of any kind, and what other programs keep for themselves. A key that is
 * {@code null} is as good as absent, see {@link JsonFields}.
 */
final class HarmlessKeys {
    /** Harmless whatever they say. */
    private static final String[] ANY_VALUE = {
        "_attn_implementation",
        "_attn_implementation_autoset",
        "_attn_implementation_internal",
        "_commit_hash",
        "_experts_implementation",
        "_flash_attn_2_enabled",
        "_name_or_path",
        "_num_labels",
        "attn_implementation",
        "auto_map",
        "bad_words_ids",
        "base_model_pp_plan",
        "base_model_tp_plan",
        "begin_suppress_tokens",
        "bos_token_id",
        "chunk_size_feed_forward",
        "cls_token_id",
        "cross_attention_hidden_size",
        "custom_pipelines",
        "decoder_start_token_id",
        "diversity_penalty",
        "do_sample",
        "dtype",
        "early_stopping",
        "encoder_no_repeat_ngram_size",
        "eos_token_id",
        "exponential_decay_length_penalty",
        "finetuning_task",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "gradient_checkpointing",
        "id2label",
        "is_composition",
        "is_decoder",
        "is_llama_config",
        "keys_to_ignore_at_inference",
        "label2id",
        "length_penalty",
        "mask_token_id",
        "max_length",
        "max_new_tokens",
        "max_seq_len",
        "max_seq_length",
        "max_sequence_length",
        "min_length",
        "min_new_tokens",
        "model_max_length",
        "no_repeat_ngram_size",
        "num_beam_groups",
        "num_beams",
        "num_labels",
        "num_return_sequences",
        "output_attentions",
        "output_hidden_states",
        "output_past",
        "output_router_logits",
        "output_scores",
        "pad_token_id",
        "prefix",
        "pretraining_tp",
        "problem_type",
        "remove_invalid_values",
        "repetition_penalty",
        "return_dict",
        "return_dict_in_generate",
        "sep_token_id",
        "seq_length",
        "suppress_tokens",
        "task_specific_params",
        "temperature",
        "tf_legacy_loss",
        "tie_encoder_decoder",
        "tokenizer_class",
        "tokenizer_model_max_length",
        "tokenizer_padding_side",
        "top_k",
        "top_p",
        "torch_dtype",
        "torchscript",
        "transformers_version",
        "typical_p",
        "unk_token_id",
        "unsloth_fixed",
        "unsloth_version",
        "use_bfloat16",
        "use_cache",
        "use_flash_attention",
        "use_flash_attention_2",
        "use_flash_attn",
        "use_liger_kernel",
        "use_return_dict",
        "xla_device",
    };

    /** Harmless at this value (JSON), which is how every model here computes. */
    private static final Map<String, String> ONE_VALUE = Map.ofEntries(
            Map.entry("add_cross_attention", "false"),
            Map.entry("alibi", "false"),
            Map.entry("embedding_multiplier", "1"),
            Map.entry("hidden_activation", "\"silu\""),
            Map.entry("is_causal", "true"),
            Map.entry("is_encoder_decoder", "false"),
            Map.entry("logit_scale", "1"),
            Map.entry("logits_scaling", "1"),
            Map.entry("mlp_bias", "false"),
            Map.entry("mlp_only_layers", "[]"),
            Map.entry("partial_rotary_factor", "1"),
            Map.entry("pruned_heads", "{}"),
            Map.entry("residual_multiplier", "1"),
            Map.entry("rope_interleave", "false"),
            Map.entry("rope_interleaved", "false"),
            Map.entry("rotary_pct", "1"),
            Map.entry("use_alibi", "false"),
            Map.entry("use_bias", "false"),
            Map.entry("use_bidirectional_attention", "false"),
            Map.entry("use_parallel_residual", "false"));

    private HarmlessKeys() {}

    static void ignore(JsonFields config) {
        config.ignore(ANY_VALUE)
                .ignoreNamed(key -> key.contains("dropout")
                        || key.endsWith("_pdrop")
                        || key.startsWith("transformers.js")
                        || key.startsWith("summary_"));
        ONE_VALUE.forEach((key, value) -> config.ignoreAt(key, Json.parse(value, key)));
    }

    /** The same for {@code rope_scaling} and {@code rope_parameters}; transformers reads none of them. */
    static void ignoreInRope(JsonFields rope) {
        rope.ignore("finetuned");
        for (String factor : new String[] {"attn_factor", "extrapolation_factor", "partial_rotary_factor"}) {
            rope.ignoreAt(factor, Json.parse("1", factor));
        }
    }
}
