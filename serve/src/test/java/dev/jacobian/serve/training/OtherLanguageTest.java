// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.loop.AdamParams;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.LossFunctions;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.serve.http.Access;
import dev.jacobian.serve.http.ApiKey;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program for Node that knows HTTP and nothing else trains a model, end to end, to the bits of the library's own calls. */
@Timeout(180)
class OtherLanguageTest {
    private static final String KEY = "tml-the-key-of-this-test";

    @TempDir
    Path folder;

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private static boolean hasNode() {
        try {
            String version = run("node", "--version").strip(); // fetch is part of it from 18 on
            return Integer.parseInt(version.substring(1, version.indexOf('.'))) >= 18;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    @Test
    void anotherLanguageTrainsAModel() throws Exception {
        assumeTrue(hasNode(), "skipped: node 18 or later is needed for a client in another language");
        Path script = folder.resolve("train.mjs");
        try (InputStream in = OtherLanguageTest.class.getResourceAsStream("train.mjs")) {
            Files.copy(in, script);
        }
        Access access = new Access(Optional.of(ApiKey.of(KEY)), List.of());
        try (Service service = new Service(folder.resolve("saved"), access);
                Trainer trainer = new Trainer(local())) {
            JsonNode result =
                    Json.parse(run("node", script.toString(), service.uri().toString(), KEY), "result");
            Datum datum = new Datum(
                    new int[] {5, 6, 7, 8, 9}, new int[] {6, 7, 8, 9, 10}, Map.of("weights", new float[] {0, 1, 1, 1, 1
                    }));
            for (int step = 0; step < 30; step++) {
                double loss = trainer.forwardBackward(List.of(datum), LossFunctions.crossEntropy())
                        .loss();
                assertThat(result.get("losses").get(step).doubleValue())
                        .as("step " + step)
                        .isEqualTo(loss);
                trainer.optimStep(AdamParams.DEFAULT.withLearningRate(0.01));
            }
            assertThat(result.get("losses").get(29).doubleValue())
                    .isLessThan(0.05 * result.get("losses").get(0).doubleValue());
            assertThat(result.get("tokens").toString()).isEqualTo("[7,8,9,10]");
            String path = result.get("path").textValue();
            assertThat(folder.resolve("saved")
                            .resolve(path.substring("tinker://".length()))
                            .resolve("state"))
                    .isDirectoryContaining("glob:**adapter_model.safetensors");
        }
    }

    private static CausalLM local() {
        ObjectNode json = Json.object().put("r", 4).put("lora_alpha", 32);
        List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")
                .forEach(json.putArray("target_modules")::add);
        return Service.base().withOtherAdapter(new AdapterSource.Fresh(LoraConfigReader.parse(json, "test"), 7));
    }
}
