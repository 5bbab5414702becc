// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Keys of TRL's and transformers' configurations that are no settings here: the one table of what becomes of each, for all commands
 * that train.
 *
 * <p>Decision: whoever has a configuration for TRL may pass it as it is. A key without meaning here is passed over, and said to be. One
 * whose value asks for what happens anyway is passed over. One whose value would change what is computed is refused, with the
 * setting to use. A key that the command has as a setting of its own is never looked up here.
 */
public final class TrlKeys {
    /**
     * What becomes of a key.
     *
     * @param harmless values that are passed over
     * @param wanted the one of them that is more than nothing, in words
     * @param why the key has no meaning here, or other values are refused
     * @param fix what to do about another value
     * @param told whether it is said that the key is passed over
     */
    private record Rule(Predicate<JsonNode> harmless, String wanted, String why, String fix, boolean told) {}

    private static final String METRICS = "metrics go to metrics.jsonl and report.html";

    private static final Map<String, Rule> RULES = new LinkedHashMap<>();

    private TrlKeys() {}

    static {
        passOver(
                "--out names the run's folder",
                "output_dir",
                "overwrite_output_dir",
                "logging_dir",
                "run_name",
                "project");
        passOver(
                METRICS,
                "logging_first_step",
                "logging_nan_inf_filter",
                "log_level",
                "log_level_replica",
                "log_on_each_node",
                "disable_tqdm",
                "include_num_input_tokens_seen",
                "include_tokens_per_second",
                "skip_memory_metrics",
                "trackio_space_id",
                "trackio_bucket_id",
                "trackio_static_space_id",
                "debug");
        RULES.put(
                ReportTo.KEY,
                new Rule(
                        ReportTo::isKnown,
                        "tensorboard or none, or what is passed over, such as wandb,",
                        METRICS,
                        "Set report_to=tensorboard for event files of TensorBoard, or leave it out",
                        true));
        passOver(
                "nothing is uploaded",
                "push_to_hub",
                "hub_model_id",
                "hub_strategy",
                "hub_token",
                "hub_private_repo",
                "hub_always_push",
                "hub_revision");
        passOver(
                "rows are read and encoded before the first step",
                "dataset_num_proc",
                "dataset_batch_size",
                "dataloader_num_workers",
                "dataloader_pin_memory",
                "dataloader_persistent_workers",
                "dataloader_prefetch_factor",
                "remove_unused_columns",
                "label_names",
                "length_column_name",
                "accelerator_config");
        passOver(
                "nothing is padded",
                "padding_free",
                "pad_to_multiple_of",
                "pad_token",
                "padding_value",
                "label_pad_token_id");
        passOver("logits never exist whole", "use_liger_kernel", "use_liger_loss", "liger_kernel_config");
        passOver("no layer drops anything but lora_dropout", "disable_dropout");
        passOver(
                "memory and time are another matter here, and the bits are the same",
                "gradient_checkpointing_kwargs",
                "activation_offloading",
                "torch_empty_cache_steps",
                "precompute_ref_batch_size",
                "use_cache",
                "torch_compile",
                "torch_compile_backend",
                "torch_compile_mode",
                "full_determinism");
        passOver("--device and --compute choose", "use_cpu", "no_cuda", "tf32", "fp16_full_eval", "bf16_full_eval");
        passOver(
                "one process trains",
                "local_rank",
                "fsdp",
                "fsdp_config",
                "deepspeed",
                "parallelism_config",
                "ddp_backend",
                "ddp_find_unused_parameters",
                "ddp_bucket_cap_mb",
                "ddp_broadcast_buffers",
                "ddp_static_graph",
                "ddp_timeout",
                "average_tokens_across_devices",
                "ds3_gather_for_generation",
                "tpu_num_cores");
        passOver(
                "a checkpoint is always whole, and --resume goes on from it",
                "save_safetensors",
                "save_only_model",
                "save_on_each_node",
                "enable_jit_checkpoint",
                "ignore_data_skip",
                "restore_callback_states_from_checkpoint");
        passOver(
                "there is no evaluation during the run",
                "per_device_eval_batch_size",
                "eval_steps",
                "eval_delay",
                "eval_accumulation_steps",
                "eval_packing",
                "eval_use_gather_object",
                "eval_do_concat_batches",
                "batch_eval_metrics",
                "include_for_metrics",
                "prediction_loss_only",
                "metric_for_best_model",
                "greater_is_better",
                "do_train",
                "do_eval",
                "do_predict");
        passOver(
                "they weigh prompts by an embedding model, and there is none here",
                "prompt_sample_size",
                "min_density_ratio",
                "max_density_ratio");
        only("false", "the weights are F32", "Leave it out; on a GPU --compute bf16 computes in BF16", "bf16", "fp16");
        only(
                "no",
                "there is no evaluation during the run",
                "Leave it out, and use jacobian eval on checkpoints",
                "eval_strategy");
        only("steps", "steps are what is counted here", "Set logging_steps", "logging_strategy");
        only("steps", "steps are what is counted here", "Set save_steps, 0 for none but the last", "save_strategy");
        only("false", "the last step of a pass has the rest of the rows", "Leave it out", "dataloader_drop_last");
        only(
                "false",
                "the order of the data is a matter of the seed",
                "Leave it out; methods for recorded data have train_sampling_strategy",
                "shuffle_dataset",
                "group_by_length");
        only("false", "the batch size is what it says", "Set per_device_train_batch_size", "auto_find_batch_size");
        only(
                "false",
                "the last model is the result",
                "Take a checkpoint from the run's folder",
                "load_best_model_at_end",
                "eval_on_start",
                "generate_during_eval");
        only("false", "optim names the optimizer", "Set optim=adafactor", "adafactor");
        only("false", "models are decoders", "Leave it out", "is_encoder_decoder");
        only("false", "the reference of an adapter is the model without it", "Leave it out", "force_use_ref_model");
        only("text", "a text is in the column 'text'", "Rename the column", "dataset_text_field");
        only(
                "0.0",
                "labels are smoothed by methods that have it (label_smoothing)",
                "Leave it out",
                "label_smoothing_factor");
        only("null", "embeddings get no noise", "Leave it out", "neftune_noise_alpha");
        only("null", "one seed decides all", "Set seed", "data_seed");
        only(
                "null",
                "the model's chat template is used",
                "Put the template into the model's folder",
                "chat_template_path");
        only(
                "null",
                "a folder is loaded as it is",
                "Leave it out; --model names the folder",
                "model_init_kwargs",
                "ref_model_init_kwargs",
                "dataset_kwargs");
        only(
                "null",
                "the reference is the model that training begins with",
                "Leave it out",
                "model_adapter_name",
                "ref_adapter_name");
        only(
                "null",
                "max_length is the limit of prompt and completion together",
                "Set max_length",
                "max_prompt_length",
                "max_completion_length");
        only(
                "null",
                "nobody answers the policy without an environment",
                "Name one with --environment; it then limits its turns (max_turns)",
                "max_tool_calling_iterations");
        only("null", "all parameters have one optimizer", "Leave it out", "optim_target_modules");
        only("null", "--resume continues the run in --out", "Leave it out", "resume_from_checkpoint");
    }

    private static void passOver(String why, String... keys) {
        for (String key : keys) {
            RULES.put(key, new Rule(any -> true, "", why, "", true));
        }
    }

    /** @param value the one that is passed over, as text; null always is, and so are an empty list and an empty object */
    private static void only(String value, String why, String fix, String... keys) {
        for (String key : keys) {
            RULES.put(key, new Rule(json -> isEmpty(json) || text(json).equals(value), value, why, fix, false));
        }
    }

    private static boolean isEmpty(JsonNode json) {
        return json.isNull() || json.isContainerNode() && json.isEmpty();
    }

    private static String text(JsonNode json) {
        return json.isNumber() ? Double.toString(json.doubleValue()) : json.asText();
    }

    /**
     * What was given, sorted.
     *
     * @param settings what is not in the table
     * @param notes which keys were passed over because they mean nothing here, with the reason, each a sentence
     */
    public record Sorted(Given settings, List<String> notes) {}

    /**
     * Takes keys of the table out of what was given.
     *
     * @param own the command's settings, which are never taken out
     * @throws FormatException for a value that would change what is computed, with its origin and what to set instead
     */
    public static Sorted sort(Given given, Collection<String> own) {
        Given settings = new Given().setAll(given);
        Map<String, List<String>> passed = new LinkedHashMap<>(); // keys by reason
        for (String key : List.copyOf(given.keys())) {
            Given.Value value = given.get(key).orElseThrow();
            boolean isReport = key.equals(ReportTo.KEY); // a setting of our own for one of transformers' values
            boolean isOwn = own.contains(key) && (!isReport || value.json().isNull());
            Rule rule = isOwn ? null : RULES.get(key);
            if (rule == null) {
                continue;
            }
            settings = settings.without(List.of(key));
            if (isOff(key, value.json()) && own.contains("save_steps")) {
                settings.set("save_steps", 0, value.origin());
            } else if (!rule.harmless.test(value.json()) && !isTheSeed(key, value.json(), given)) {
                throw new FormatException(
                        value.origin(),
                        "'" + key + "' can only be " + rule.wanted + " here, found " + Json.excerpt(value.json()) + ": "
                                + rule.why,
                        rule.fix);
            }
            if (isReport && own.contains(key) && ReportTo.isTensorBoard(value.json())) {
                settings.set(key, "tensorboard", value.origin());
            } else if (rule.told) {
                passed.computeIfAbsent(rule.why, none -> new ArrayList<>()).add(key);
            }
        }
        List<String> notes = passed.entrySet().stream()
                .map(entry -> "passed over " + String.join(", ", entry.getValue()) + ": " + entry.getKey())
                .toList();
        return new Sorted(settings, notes);
    }

    private static boolean isOff(String key, JsonNode value) {
        return key.equals("save_strategy") && value.asText().equals("no");
    }

    private static boolean isTheSeed(String key, JsonNode value, Given given) {
        return key.equals("data_seed")
                && given.get("seed").filter(seed -> seed.json().equals(value)).isPresent();
    }
}
