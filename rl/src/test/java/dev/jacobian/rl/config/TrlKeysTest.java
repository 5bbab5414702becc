// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.offline.Dpo;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineMethods;
import dev.jacobian.rl.offline.Sft;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configurations that were written for TRL are taken as they are, or refused with a reason. */
class TrlKeysTest {
    private static Given given(String json) {
        return new Given().setAll((ObjectNode) Json.parse(json, "test"), "config.json");
    }

    @Test
    @DisplayName("a usual configuration of TRL's is the same run as one without what means nothing here")
    void usual() {
        Given given = given("""
            {"output_dir": "out", "overwrite_output_dir": true, "report_to": ["wandb"], "run_name": "x", "logging_steps": 10,
             "save_strategy": "steps", "save_steps": 100, "save_total_limit": 3, "eval_strategy": "no", "logging_strategy": "steps",
             "bf16": false, "fp16": false, "padding_free": false, "disable_dropout": true, "dataset_num_proc": 4,
             "gradient_checkpointing": true, "gradient_checkpointing_kwargs": {"use_reentrant": false},
             "remove_unused_columns": false, "dataloader_num_workers": 2, "dataloader_drop_last": false, "push_to_hub": true,
             "hub_model_id": "me/mine", "seed": 7, "data_seed": 7, "num_train_epochs": 2, "warmup_ratio": 0.1,
             "neftune_noise_alpha": null, "max_prompt_length": null, "shuffle_dataset": false, "deepspeed": null,
             "model_init_kwargs": {}, "label_smoothing_factor": 0.0, "resume_from_checkpoint": null}
            """);
        OfflineConfig config = OfflineConfig.of(Dpo.DEFAULT);
        assertThat(config.with(given)).isEqualTo(config.with(given("""
            {"logging_steps": 10, "save_steps": 100, "save_total_limit": 3, "gradient_checkpointing": true, "seed": 7,
             "num_train_epochs": 2, "warmup_ratio": 0.1}
            """)));
        assertThat(config.passedOver(given))
                .contains("passed over output_dir, overwrite_output_dir, run_name: --out names the run's folder")
                .anyMatch(note -> note.startsWith("passed over push_to_hub, hub_model_id: nothing is uploaded"));
        assertThat(config.passedOver(given("{\"bf16\": false, \"eval_strategy\": \"no\", \"beta\": 0.2}")))
                .isEmpty(); // nothing was asked for that does not happen
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"bf16\": true}|'bf16' can only be false here, found true|--compute bf16",
                "{\"eval_strategy\": \"epoch\"}|no evaluation during the run|jacobian eval",
                "{\"neftune_noise_alpha\": 5}|embeddings get no noise|Leave it out",
                "{\"dataloader_drop_last\": true}|the rest of the rows|Leave it out",
                "{\"shuffle_dataset\": true}|the order of the data|train_sampling_strategy",
                "{\"data_seed\": 3, \"seed\": 4}|one seed decides all|Set seed",
                "{\"max_completion_length\": 30}|max_length is the limit|Set max_length",
                "{\"save_strategy\": \"epoch\"}|steps are what is counted|save_steps",
                "{\"load_best_model_at_end\": true}|the last model is the result|checkpoint"
            })
    @DisplayName("what would change the result is refused with what to set instead")
    void refused(String json, String why, String fix) {
        assertThatThrownBy(() -> OfflineConfig.of(Sft.DEFAULT).with(given(json)))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(why)
                .hasMessageContaining(fix);
    }

    @Test
    @DisplayName("no checkpoints but the last is save_steps=0, whatever else is said")
    void neverSaved() {
        OfflineConfig config =
                OfflineConfig.of(Sft.DEFAULT).with(given("{\"save_strategy\": \"no\", \"save_steps\": 500}"));
        assertThat(config.saving().saveSteps()).isZero();
    }

    @Test
    @DisplayName("a method's own setting is never passed over, also if others know it as a key of TRL's alone")
    void apart() {
        for (OfflineMethod<?> method : OfflineMethods.all()) {
            List<String> own = ConfigTree.names(OfflineConfig.of(method));
            for (String key : own) {
                assertThat(TrlKeys.sort(given("{\"" + key + "\": null}"), own)
                                .settings()
                                .keys())
                        .as(key)
                        .contains(key);
            }
        }
    }

    @Test
    @DisplayName("a cosine with a floor needs one")
    void floor() {
        assertThatThrownBy(() ->
                        OfflineConfig.of(Sft.DEFAULT).with(given("{\"lr_scheduler_type\": \"cosine_with_min_lr\"}")))
                .hasMessageContaining("needs min_lr or min_lr_rate")
                .hasMessageContaining("neither");
        OfflineConfig.of(Sft.DEFAULT)
                .with(given("{\"lr_scheduler_type\": \"cosine_with_min_lr\", \"lr_scheduler_kwargs\":"
                        + " {\"min_lr_rate\": 0.1}}"));
    }

    @Test
    @DisplayName("report_to: TensorBoard by name or among others, nothing for the others, and no other names")
    void reports() {
        for (String value : List.of("\"tensorboard\"", "[\"tensorboard\"]", "[\"wandb\", \"tensorboard\"]")) {
            Given given = given("{\"report_to\": " + value + "}");
            assertThat(RlConfig.DEFAULT.with(given).saving().reportTo()).isEqualTo(ReportTo.TENSORBOARD);
            assertThat(OfflineConfig.of(Dpo.DEFAULT).with(given).saving().reportTo())
                    .isEqualTo(ReportTo.TENSORBOARD);
            assertThat(RlConfig.DEFAULT.passedOver(given)).isEmpty();
        }
        for (String value : List.of("\"none\"", "[]", "\"all\"", "[\"wandb\", \"mlflow\"]")) {
            Given given = given("{\"report_to\": " + value + "}");
            assertThat(RlConfig.DEFAULT.with(given)).isEqualTo(RlConfig.DEFAULT);
            assertThat(RlConfig.DEFAULT.passedOver(given))
                    .containsExactly("passed over report_to: metrics go to metrics.jsonl and report.html");
        }
        for (String value : List.of("\"tensorbord\"", "[\"tensorboard\", \"x\"]", "3")) {
            assertThatThrownBy(() -> RlConfig.DEFAULT.with(given("{\"report_to\": " + value + "}")))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContainingAll("report_to", "tensorboard or none", "Set report_to=tensorboard");
        }
    }

    @Test
    @DisplayName("reinforcement learning takes them too")
    void reinforcement() {
        Given given = given("{\"output_dir\": \"x\", \"report_to\": \"none\", \"bf16\": false, \"max_steps\": 3}");
        assertThat(RlConfig.DEFAULT.with(given)).isEqualTo(RlConfig.DEFAULT.with(given("{\"max_steps\": 3}")));
        assertThat(RlConfig.DEFAULT.passedOver(given)).hasSize(2);
        assertThatThrownBy(() -> RlConfig.DEFAULT.with(given("{\"bf16\": true}")))
                .hasMessageContaining("--compute bf16");
    }
}
