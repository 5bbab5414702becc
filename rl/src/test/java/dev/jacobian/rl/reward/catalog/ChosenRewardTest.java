// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.List;
import java.util.Map;
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

    private static final RewardModels NONE = (folder, offload) -> {
        throw new IllegalStateException("no model");
    };

    private static Score routed(ChosenReward route, Map<String, Object> columns, String text) {
        return ((RewardFunction) route.make(NONE).function())
                .score(new Completion("p", "", new Columns(columns), text, new int[0], FinishReason.STOP));
    }

    @Test
    @DisplayName("routes in a text have commas between them, whatever the kinds are called; each reward keeps its own"
            + " column")
    void routes() {
        ChosenReward route =
                read("route,kind=task_type,routes=math=math,choice=multiple_choice,v2/x=gsm8k,otherwise=regex");
        assertThat(route.toJson().get("routes").toString())
                .isEqualTo("{\"choice\":\"multiple_choice\",\"math\":\"math\",\"v2/x\":\"gsm8k\"}");
        assertThat(routed(
                        read("route,kind=task_type,routes=math=math,choice=multiple_choice"),
                        Map.of("task_type", "choice", "answer", "B"),
                        "The answer is B"))
                .isEqualTo(Score.of(1));
        assertThatThrownBy(() -> read("regex,pattern=a,wher=find"))
                .as("only lists go on")
                .hasMessageContaining("no setting 'wher'");
    }

    @Test
    @DisplayName("rewards of a route have settings in JSON, and the route's column where they name none")
    void routesWithSettings() {
        ChosenReward route = ChosenReward.read(
                Json.parse(
                        "{\"name\": \"route\", \"kind\": \"t\", \"column\": \"ref\", \"routes\": {\"a\":"
                                + " \"exact_match,answer=last_number\", \"b\": \"exact_match,column=other\"}}",
                        "f"),
                "f");
        Map<String, Object> a = Map.of("t", "a", "ref", "7", "other", "8");
        assertThat(routed(route, a, "it is 7")).isEqualTo(Score.of(1));
        Map<String, Object> b = Map.of("t", "b", "ref", "7", "other", "8");
        assertThat(routed(route, b, "8")).isEqualTo(Score.of(1));
        assertThatThrownBy(() -> read("route,routes=a=format:0.5").make(NONE))
                .hasMessageContaining("a route has no weight and no warm-up of its own, but 'format:0.5' has");
        assertThatThrownBy(() -> read("route,routes=a=group_length").make(NONE))
                .hasMessageContaining("looks at one completion by itself, which 'group_length' does not");
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

    private static ChosenRewards chosen(String... texts) {
        return ChosenRewards.of(List.of(texts), "--reward");
    }

    @Test
    @DisplayName("lengths alone teach length: refused without a reward that says what is right; form alone is told")
    void lengthsAlone() {
        RewardModels none = (folder, offload) -> {
            throw new IllegalStateException("no model");
        };
        for (ChosenRewards lengths :
                List.of(chosen("group_length"), chosen("cosine_scaled"), chosen("len_reward", "cosine_scaled:0.5"))) {
            assertThatThrownBy(() -> lengths.make(none))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("there is no reward beside that says which are right; add one");
        }
        assertThat(chosen("gsm8k", "group_length").make(none).rewards().rewards())
                .hasSize(2);
        assertThat(chosen("gsm8k", "format").remark()).isEmpty();
        assertThat(chosen("format", "ngram_repetition").remark().orElseThrow())
                .startsWith("no reward tells right from wrong (format, ngram_repetition)");
    }

    @Test
    @DisplayName("the second reward of a name keeps its weight and its warm-up")
    void twoOfAName() {
        WeightedRewards made = chosen("regex,pattern=a", "regex:0.5,pattern=b,warmup_steps=7")
                .make((folder, offload) -> {
                    throw new IllegalStateException("no model");
                })
                .rewards();
        assertThat(made.rewards())
                .extracting(one -> one.function().name() + " " + one.weight() + " " + one.warmupSteps())
                .containsExactly("regex 1.0 0", "regex_2 0.5 7");
    }

    @Test
    @DisplayName("a limit of length that no completion comes near is told")
    void limitsThatNothingMeets() {
        assertThat(chosen("gsm8k", "soft_overlong").withoutEffect(512).orElseThrow())
                .contains("soft_overlong begins behind 16384 tokens (max_length - cache), and completions end at 512")
                .contains("such as soft_overlong,max_length=512,cache=102");
        assertThat(chosen("gsm8k", "soft_overlong,max_length=512,cache=102").withoutEffect(512))
                .isEmpty();
        assertThat(chosen("soft_overlong,max_length=512,cache=102").withoutEffect(410))
                .isPresent();
        assertThat(chosen("gsm8k").withoutEffect(1)).isEmpty();
    }
}
