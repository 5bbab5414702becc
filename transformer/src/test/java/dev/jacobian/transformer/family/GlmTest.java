// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.TensorSpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** GLM has no golden model of its own; it is held by what it shares with GLM 4, which has. */
class GlmTest {
    @Test
    @DisplayName("the plan of GLM 4 but for the norms after branches")
    void asGlm4() {
        ObjectNode config = (ObjectNode) Json.read(TestPaths.model("glm4").resolve("config.json"));
        DecoderPlan glm4 = Families.parse(config, "glm4").plan();
        config.put("model_type", "glm").putArray("architectures").add("GlmForCausalLM");
        DecoderPlan glm = Families.parse(config, "glm").plan();
        assertThat(glm.layers())
                .isEqualTo(glm4.layers().stream()
                        .map(layer -> new LayerPlan(Residual.PRE, layer.norm(), layer.mixer(), layer.feedForward()))
                        .toList());
        assertThat(glm.tensors().stream().map(TensorSpec::name))
                .containsExactlyElementsOf(glm4.tensors().stream()
                        .map(TensorSpec::name)
                        .filter(name -> !name.contains("post_self_attn") && !name.contains("post_mlp"))
                        .toList());
        assertThat(glm.head()).isEqualTo(glm4.head());
        assertThat(glm.embedding()).isEqualTo(glm4.embedding());
    }
}
