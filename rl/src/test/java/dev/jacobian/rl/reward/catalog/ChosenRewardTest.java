// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Choices of rewards as texts and as JSON. */
class ChosenRewardTest {
    private static ChosenReward read(String text) {
        return ChosenReward.read(Json.object().textNode(text), "--reward");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "true", "-0.5e3", "null", "a,b", "[0-9]+", "\"a\""})
    @DisplayName("a setting that is a text takes what is written, and a saved run reads it again")
    void texts(String pattern) {
        ChosenReward chosen = read("regex:0.5,pattern=" + pattern + ",warmup_steps=3");
        assertThat(chosen.toJson().get("pattern").textValue()).isEqualTo(pattern);
        assertThat(chosen.weight()).isEqualTo(0.5);
        assertThat(chosen.warmupSteps()).isEqualTo(3);
        ChosenReward again = ChosenReward.read(Json.parse(Json.compact(chosen.toJson()), "run.json"), "run.json");
        assertThat(again.reward().with(again.settings()))
                .isEqualTo(chosen.reward().with(chosen.settings()));
        assertThat(again.toJson()).isEqualTo(chosen.toJson());
    }

    @Test
    void refused() {
        assertThatThrownBy(() -> read("regex,pattern=a,pattern=b")).hasMessageContaining("'pattern' is given twice");
        assertThatThrownBy(() -> read("gsm8k:heavy")).hasMessageContaining("'weight' must be a number");
        assertThatThrownBy(() -> read("gsm8k,warmup_steps=-1")).hasMessageContaining("must be a number of steps");
        assertThatThrownBy(() -> ChosenReward.read(Json.parse("{\"name\":\"regex\",\"pattern\":1}", "f"), "f"))
                .as("JSON has types")
                .hasMessageContaining("'pattern' must be a string, not 1");
        assertThatThrownBy(() -> ChosenReward.read(Json.parse("[1]", "f"), "f")).hasMessageContaining("NAME[:WEIGHT]");
    }
}
