// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A real, trained checkpoint: the 260K-parameter TinyStories Llama. Not committed; skipped where it is absent. */
class PublishedModelTest {
    @Test
    @DisplayName("stories260K writes its stories to the letter")
    void stories() {
        Path folder = TestPaths.shared("golden", "trained", "stories260K");
        CausalLM model = CausalLM.load(folder);
        JsonNode golden = Json.read(folder.resolve("golden.json"));
        for (JsonNode story : golden.get("greedy")) {
            String prompt = story.get("prompt").textValue();
            int[] expected = TestJson.ints(story.get("new_tokens"));
            assertThat(model.tokenizer().encode(prompt, true))
                    .as(prompt)
                    .containsExactly(TestJson.ints(story.get("input_ids")));
            Generation.Text generated = new Generator(model)
                    .generate(
                            prompt,
                            GenerationConfig.builder()
                                    .doSample(false)
                                    .ignoreEos(true)
                                    .maxNewTokens(expected.length)
                                    .build());
            assertThat(generated.generation().tokenIds()).as(prompt).containsExactly(expected);
            assertThat(generated.text().strip())
                    .as(prompt)
                    .isEqualTo(story.get("completion").textValue().strip());
        }
    }

    @Test
    @DisplayName("stories260K: logits, loss and gradients of a story")
    void storyLoss() {
        Path folder = TestPaths.shared("golden", "trained", "stories260K");
        CausalLM model = CausalLM.load(folder);
        JsonNode loss = Json.read(folder.resolve("golden.json")).get("loss");
        int[] ids = TestJson.ints(loss.get("input_ids"));
        assertThat(model.tokenizer().encode(loss.get("text").textValue(), true)).containsExactly(ids);
        try (SafetensorsFile tensors = SafetensorsFile.open(folder.resolve("golden.safetensors"))) {
            Tensor expected = tensors.read("story.logits");
            Bits.assertClose("logits", model.logits(ids).toFloatArray(), expected.toFloatArray(), 1e-4);
            Var nll = model.loss(List.of(ids), List.of(ids));
            assertThat((double) nll.value().item())
                    .isCloseTo(loss.get("mean_nll").doubleValue(), within(1e-5));
            nll.backward();
            for (String name : tensors.names()) {
                if (name.startsWith("grad.")) {
                    Bits.assertClose(
                            name,
                            model.parameter(name.substring("grad.".length()))
                                    .grad()
                                    .orElseThrow()
                                    .toFloatArray(),
                            tensors.read(name).toFloatArray(),
                            1e-5);
                }
            }
        }
    }
}
