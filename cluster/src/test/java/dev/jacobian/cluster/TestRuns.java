// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Task;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/** Small runs, with workers and without, and what is left of them. */
final class TestRuns {
    static final Secret SECRET = Secret.of("a secret of a test, long enough");

    private TestRuns() {}

    static Path folder() {
        return TestPaths.model("arith-qwen3");
    }

    static CausalLM model() {
        return CausalLM.load(folder());
    }

    static CausalLM adapted() {
        String json = "{\"r\": 4, \"lora_alpha\": 8, \"target_modules\": \"all-linear\"}";
        return CausalLM.load(
                folder(),
                ModelOptions.DEFAULT,
                new AdapterSource.Fresh(LoraConfigReader.parse(Json.parse(json, "test"), "test"), 5));
    }

    static RlConfig.Builder config() {
        return RlConfig.builder()
                .maxSteps(4)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(6)
                .temperature(1.2)
                .learningRate(3e-3)
                .warmupSteps(0)
                .evalSteps(0)
                .evalProblems(1)
                .finalEvalProblems(1);
    }

    /** The bits of all that was trained. */
    static List<Integer> bits(CausalLM model) {
        List<Integer> bits = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            for (float value : parameter.value().toFloatArray()) {
                bits.add(Float.floatToRawIntBits(value));
            }
        }
        return bits;
    }

    /** What a run in one process comes to. */
    static List<Integer> alone(CausalLM model, RlConfig config) {
        new RlTrainer(model, new Addition(), config).train();
        return bits(model);
    }

    /** The same run with workers. */
    static List<Integer> with(Workers workers, CausalLM model, RlConfig config) {
        return with(workers, model, config, trainer -> trainer);
    }

    static List<Integer> with(Workers workers, CausalLM model, RlConfig config, UnaryOperator<RlTrainer> more) {
        Task task = new Addition();
        more.apply(new RlTrainer(model, task, config)
                        .rollouts(Rollouts.carried(model, task, workers))
                        .observer(new WorkerMetrics(workers)))
                .train();
        return bits(model);
    }

    /** Lines that were told. */
    static List<String> log() {
        return new CopyOnWriteArrayList<>();
    }

    static Workers.Builder workers(List<URI> addresses, List<String> log) {
        return Workers.builder(addresses, SECRET, folder())
                .timeout(Duration.ofSeconds(20))
                .grace(Duration.ofMillis(100))
                .log(log::add);
    }

    static URI address(WorkerServer server) {
        return URI.create("http://127.0.0.1:" + server.address().getPort());
    }
}
