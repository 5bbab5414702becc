// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.DType;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** mergekit's configuration: what is read, what comes back, what is refused. */
class MergeFileTest {
    private static final Path A = TestPaths.model("qwen3");
    private static final Path B = TestPaths.model("qwen3-yarn");

    private static MergeConfig parse(String yaml) {
        return MergeFile.parse(yaml.replace("A", A.toString()).replace("B", B.toString()), "merge.yml");
    }

    private static void assertRefused(String yaml, String... words) {
        assertThatThrownBy(() -> parse(yaml))
                .isInstanceOf(FormatException.class)
                .message()
                .contains("merge.yml")
                .contains(words);
    }

    @Test
    void everythingThatAUserOfMergekitWrites() {
        MergeConfig config = parse("""
            # two relatives
            merge_method: ties
            base_model: A
            models:
              - model: A # no parameters necessary for the base
              - model: B
                parameters:
                  weight: 0.5
                  density:
                    - filter: self_attn
                      value: [0, 1]
                    - value: 0.25
            parameters:
              normalize: true
              int8_mask: true
              lambda: 1.5
            dtype: float32
            out_dtype: bfloat16
            tokenizer_source: union
            """);
        assertThat(config.method().name()).isEqualTo("ties");
        assertThat(config.models()).extracting(MergeConfig.Model::folder).containsExactly(A, B);
        assertThat(config.isBase(config.models().get(0))).isTrue();
        assertThat(config.dtype()).contains(DType.F32);
        assertThat(config.outDtype()).contains(DType.BF16);
        MergeConfig.Model b = config.models().get(1);
        assertThat(config.parameter(b, "weight", "x", 0)).hasValue(0.5);
        assertThat(config.parameter(b, "density", "layers.1.self_attn.q_proj.weight", 0.75))
                .hasValue(0.75);
        assertThat(config.parameter(b, "density", "layers.1.mlp.up_proj.weight", 0.75))
                .hasValue(0.25);
        assertThat(config.parameter(b, "normalize", "x", 0)).hasValue(1);
        assertThat(config.parameter(b, "rescale", "x", 0)).isEmpty();
        MergeConfig again = MergeFile.parse(MergeFile.text(config), "again");
        assertThat(again).isEqualTo(config);
    }

    @Test
    void aValueOfLayersIsALineBetweenItsPoints() {
        MergeValue value = new MergeValue.Gradient(List.of(0.0, 1.0, 0.0));
        assertThat(value.at("x", 0.25)).hasValue(0.5);
        assertThat(value.at("x", 0.5)).hasValue(1);
        assertThat(value.at("x", 1)).hasValue(0);
        assertThat(new MergeValue.Gradient(List.of(0.3)).at("x", 0.7)).hasValue(0.3);
    }

    @Test
    void aBaseThatIsNotListedTakesPart() {
        MergeConfig config = parse("""
            merge_method: slerp
            base_model: A
            models: [{model: B}]
            parameters: {t: 0.5}
            """);
        assertThat(config.models()).extracting(MergeConfig.Model::folder).containsExactly(A, B);
    }

    @Test
    void whatIsNotComputedIsRefused() {
        assertRefused("merge_method: linear\nmodels:\n- model: /nowhere\n", "/nowhere is no folder");
        assertRefused("merge_method: linear\nmodels:\n- model: A+B\n", "model with an adapter", "jacobian merge");
        assertRefused("merge_method: passthrough\nmodels:\n- model: A\n", "passthrough", "linear, slerp");
        assertRefused("merge_method: ties\nmodels:\n- model: A\n- model: B\n", "needs a base model");
        assertRefused("merge_method: slerp\nbase_model: A\nmodels:\n- model: A\n", "1 take part");
        assertRefused("merge_method: linear\nmodels:\n- model: A\nchat_template: auto\n", "chat_template");
        assertRefused("merge_method: linear\n", "neither models nor slices");
        assertRefused(
                "merge_method: linear\n"
                        + "slices:\n"
                        + "- sources: [{model: A, layer_range: [0, 1]}]\n"
                        + "- sources: [{model: B}]\n",
                "2 slices");
        assertRefused(
                "merge_method: linear\nslices:\n- sources: [{model: A, layer_range: [0, 1]}]\n",
                "layer_range",
                "layers");
        assertRefused(
                "merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: heavy}\n", "heavy", "no number");
        assertRefused("merge_method: linear\nmodels:\n- model: A\n  parameters: {t: 1}\n", "no parameter 't'", "slerp");
        assertRefused("merge_method: linear\nmodels:\n- model: A\ndtype: int8\n", "int8", "bfloat16");
        assertRefused("- 1\n- 2\n", "no mapping");
        assertRefused("models:\n- model: A\n", "merge_method is nothing", "linear, slerp");
        assertRefused("merge_method: [ties]\nmodels:\n- model: A\n", "merge_method is [\"ties\"]");
        assertRefused(
                "merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: yes}\n", "\"yes\" is no number");
        assertRefused("merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: .nan}\n", "is no number");
        assertRefused(
                "merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: 010}\n", "\"010\" is no number");
        assertRefused("merge_method: linear\nmodels:\n- model: A\n  weight: 1\n", "a model has the key 'weight'");
        assertRefused("merge_method: linear\nmodels: A\n", "lists no models");
        assertRefused("merge_method: linear\nmodels:\n- model: A\n- A\n", "a model is", "no mapping");
        assertRefused("merge_method: linear\nmodels:\n- model: A\nmodels:\n- model: B\n", "line 4", "duplicate key");
        assertRefused(
                "merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: [1, x]}\n", "\"x\" is no number");
        assertRefused("merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: []}\n", "[] is no number");
        assertRefused(
                "merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: [{filter: mlp, vlaue: 1}]}\n",
                "vlaue");
        assertRefused(
                "merge_method: linear\nmodels:\n- model: A\n  parameters: {weight: [{filter: mlp, value: 1}, 2]}\n",
                "an entry is 2, no mapping");
        assertRefused("merge_method: linear\nmodels:\n- model: A\ntokenizer_source: B\n", "tokenizer_source", "copy");
        assertRefused("merge_method: linear\nmodels:\n- model: A\ntokenizer_source: base\n", "tokenizer_source");
    }

    @Test
    void parametersThatModelsShareAreWrittenOnce() {
        MergeConfig config = parse("""
            merge_method: linear
            models:
              - model: A
                parameters: &shared
                  weight: 0.25
              - model: B
                parameters: *shared
            tokenizer_source: A
            """);
        assertThat(config.models())
                .extracting(MergeConfig.Model::parameters)
                .containsOnly(Map.of("weight", MergeValue.of(0.25)));
    }
}
