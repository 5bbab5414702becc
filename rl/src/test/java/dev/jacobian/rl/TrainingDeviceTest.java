// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.Json;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.method.Omd;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training on a GPU: batch-invariant in F32 every method ends with the CPU's weights, bit for bit. */
class TrainingDeviceTest {
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    @TempDir
    Path folder;

    private static RlConfig.Builder config(String algorithm) {
        return RlConfig.builder()
                .method(algorithm.equals("omd") ? Omd.DEFAULT.with("updates_per_rollout", 2) : Methods.named(algorithm))
                .maxSteps(3)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalProblems(5)
                .finalEvalProblems(5);
    }

    static List<String> methods() {
        return Methods.all().stream().map(Method::name).toList();
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName("reinforcement learning, every method that has a name")
    void rl(String algorithm) {
        CausalLM device = TestModels.addition(DType.F32);
        CausalLM here = TestModels.addition();
        RlResult got = new RlTrainer(device, new Addition(), config(algorithm).build()).train();
        RlResult wanted = new RlTrainer(here, new Addition(), config(algorithm).build()).train();
        assertThat(TestModels.bits(device))
                .isEqualTo(TestModels.bits(here))
                .isNotEqualTo(TestModels.bits(TestModels.addition()));
        assertThat(got.samplingLogpDifferenceMax()).isZero();
        assertThat(got.passAt1After()).isEqualTo(wanted.passAt1After());
    }

    static List<RlConfig> further() {
        Path rows = TestPaths.testdata("rl", "ptx.jsonl");
        return List.of(
                config("opo").set("baseline", "exact").build(),
                config("grpo").set("entropy_coef", 0.05).build(),
                config("grpo")
                        .set("use_adaptive_entropy", true)
                        .set("entropy_target", 9.0)
                        .build(),
                config("grpo")
                        .set("ptx_coef", 0.5)
                        .set("ptx_data", rows.toString())
                        .set("ptx_batch_size", 3)
                        .set("positive_nll_coef", 0.1)
                        .microBatchTokens(40)
                        .build());
    }

    @ParameterizedTest
    @MethodSource("further")
    @DisplayName("norms that are measured, entropy bonuses, likelihoods mixed in")
    void further(RlConfig config) {
        CausalLM device = TestModels.addition(DType.F32);
        CausalLM here = TestModels.addition();
        RlResult got = new RlTrainer(device, new Addition(), config).train();
        new RlTrainer(here, new Addition(), config).train();
        assertThat(TestModels.bits(device)).isEqualTo(TestModels.bits(here));
        assertThat(got.samplingLogpDifferenceMax()).isZero();
    }

    @Test
    @DisplayName("supervised fine-tuning")
    void sft() {
        List<SftExample> examples = new ArrayList<>();
        for (int a = 10; a < 40; a++) {
            examples.add(new SftExample(a + "+" + 7 * a + "=", "" + 8 * a));
        }
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(4)
                .warmupSteps(1)
                .perDeviceTrainBatchSize(6)
                .microBatchTokens(40)
                .build();
        CausalLM device = TestModels.addition(DType.F32);
        CausalLM here = TestModels.addition();
        OfflineTrainer.sft(device, SftDataset.of("sums", examples), config).train();
        OfflineTrainer.sft(here, SftDataset.of("sums", examples), config).train();
        assertThat(TestModels.bits(device))
                .isEqualTo(TestModels.bits(here))
                .isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName("supervised fine-tuning on examples of one length, replayed from the second micro-batch on")
    void sftOfOneShape(boolean bf16) {
        List<SftExample> examples = new ArrayList<>();
        for (int a = 10; a < 40; a++) {
            examples.add(new SftExample(a + "+" + (a + 10) + "=", "" + (2 * a + 10)));
        }
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(3)
                .warmupSteps(1)
                .perDeviceTrainBatchSize(6)
                .microBatchTokens(20)
                .build();
        List<List<Integer>> weights = new ArrayList<>();
        for (boolean graphs : new boolean[] {true, false}) {
            System.setProperty("jacobian.cuda.graphs", Boolean.toString(graphs));
            try {
                CausalLM device = TestModels.addition(bf16 ? DType.BF16 : DType.F32);
                OfflineTrainer.sft(device, SftDataset.of("sums", examples), config)
                        .train();
                weights.add(TestModels.bits(device));
            } finally {
                System.clearProperty("jacobian.cuda.graphs");
            }
        }
        assertThat(weights.get(0)).isEqualTo(weights.get(1)).isNotEqualTo(TestModels.bits(TestModels.addition()));
        if (!bf16) {
            CausalLM here = TestModels.addition();
            OfflineTrainer.sft(here, SftDataset.of("sums", examples), config).train();
            assertThat(weights.get(0)).isEqualTo(TestModels.bits(here));
        }
    }

    @Test
    @DisplayName("with the optimizer's moments in the host's memory")
    void offloaded() {
        CausalLM device = TestModels.addition(DType.F32);
        CausalLM here = TestModels.addition();
        new RlTrainer(
                        device,
                        new Addition(),
                        config("grpo").offloadOptimizer(true).build())
                .train();
        new RlTrainer(here, new Addition(), config("grpo").build()).train();
        assertThat(TestModels.bits(device)).isEqualTo(TestModels.bits(here));
    }

    @Test
    @DisplayName("with the initial model in the host's memory: the bits of one that stays, and of the CPU")
    void offloadedReference() {
        RlConfig.Builder anchored = config("grpo")
                .method(Grpo.DEFAULT.with("beta", 0.05))
                .klSamples(8)
                .microBatchTokens(40);
        CausalLM here = TestModels.addition();
        List<Double> expected = new ArrayList<>();
        new RlTrainer(here, new Addition(), anchored.build())
                .listener(drift(expected))
                .train();
        CausalLM device = TestModels.addition(DType.F32);
        List<Double> measured = new ArrayList<>();
        new RlTrainer(device, new Addition(), anchored.offloadReference(true).build())
                .listener(drift(measured))
                .train();
        assertThat(TestModels.bits(device)).isEqualTo(TestModels.bits(here));
        assertThat(measured).isEqualTo(expected).hasSize(3);
        assertThat(measured.getLast()).isPositive();
        CausalLM offloadedHere = TestModels.addition();
        new RlTrainer(
                        offloadedHere,
                        new Addition(),
                        anchored.offloadReference(true).build())
                .train();
        assertThat(TestModels.bits(offloadedHere))
                .as("on the CPU it changes nothing")
                .isEqualTo(TestModels.bits(here));
    }

    private static TrainingListener drift(List<Double> drifts) {
        return TrainingListener.eachStep(metrics -> {
            if (metrics.step() > 0) {
                drifts.add(metrics.values().get("kl_to_init"));
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    @DisplayName("with cuBLAS's orders of sums too, offloading changes no bit")
    void offloadedInAnyArithmetic(DType type) {
        RlConfig.Builder anchored = config("grpo")
                .method(Grpo.DEFAULT.with("beta", 0.05))
                .klSamples(8)
                .microBatchTokens(40);
        CausalLM stays = TestModels.addition(type, Arithmetic.FAST);
        new RlTrainer(stays, new Addition(), anchored.build()).train();
        CausalLM moves = TestModels.addition(type, Arithmetic.FAST);
        new RlTrainer(
                        moves,
                        new Addition(),
                        anchored.offloadReference(true).offloadOptimizer(true).build())
                .train();
        assertThat(TestModels.bits(moves))
                .isEqualTo(TestModels.bits(stays))
                .isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName("a run begun on the CPU goes on on the GPU, and back, to the bits of one that never moved")
    void moving() {
        CausalLM first = TestModels.addition(DType.F32);
        RlConfig whole = config("grpo").saveSteps(1).build();
        CausalLM stayed = TestModels.addition();
        new RlTrainer(stayed, new Addition(), whole).train();

        Path run = folder.resolve("run");
        CausalLM here = TestModels.addition();
        stopAfter(1, new RlTrainer(here, new Addition(), whole).output(run, ORIGIN, false));
        stopAfter(2, new RlTrainer(first, new Addition(), whole).output(run, ORIGIN, true));
        CausalLM back = TestModels.addition();
        new RlTrainer(back, new Addition(), whole).output(run, ORIGIN, true).train();
        assertThat(TestModels.bits(back)).isEqualTo(TestModels.bits(stayed));
        assertThat(arithmetic(run)).as("nothing to warn of").isEqualTo("F32");
    }

    @Test
    @DisplayName("a run that goes on in another arithmetic says so in run.json")
    void otherArithmetic() {
        Path run = folder.resolve("run");
        RlConfig whole = config("grpo").saveSteps(1).offloadOptimizer(true).build();
        stopAfter(1, new RlTrainer(TestModels.addition(DType.BF16), new Addition(), whole).output(run, ORIGIN, false));
        var settings = Json.read(run.resolve("run.json")).get("config");
        RlTrainer other = new RlTrainer(TestModels.addition(), new Addition(), whole).output(run, ORIGIN, true);
        assertThat(arithmetic(run)).isEqualTo("BF16, then F32");
        assertThat(Json.read(run.resolve("run.json")).get("config"))
                .as("all settings are still there for the next time, those about memory too")
                .isEqualTo(settings);
        other.train(); // and lets the folder go
        new RlTrainer(TestModels.addition(), new Addition(), whole)
                .output(run, ORIGIN, true)
                .train();
        assertThat(arithmetic(run)).isEqualTo("BF16, then F32");
    }

    private static String arithmetic(Path run) {
        return Json.read(run.resolve("run.json")).get("arithmetic").textValue();
    }

    private static void stopAfter(int step, RlTrainer trainer) {
        try {
            trainer.listener(TrainingListener.eachStep(metrics -> {
                        if (metrics.step() == step + 1) {
                            throw new IllegalStateException("stopped");
                        }
                    }))
                    .train();
        } catch (IllegalStateException stopped) {
            assertThat(stopped).hasMessage("stopped");
        }
    }

    @Test
    @DisplayName("in BF16 the sampler's and the trainer's log-probabilities are the same numbers")
    void bf16() {
        CausalLM device = TestModels.addition(DType.BF16);
        RlResult result = new RlTrainer(device, new Addition(), config("grpo").build()).train();
        assertThat(result.samplingLogpDifferenceMax()).isZero();
        assertThat(TestModels.bits(device)).isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName("with cuBLAS's orders of sums they are close, and the difference is measured")
    void cublas() {
        CausalLM device = TestModels.addition(DType.F32, Arithmetic.FAST);
        RlResult result = new RlTrainer(device, new Addition(), config("grpo").build()).train();
        assertThat(result.samplingLogpDifferenceMax()).isGreaterThan(0).isLessThan(1e-4);
    }
}
