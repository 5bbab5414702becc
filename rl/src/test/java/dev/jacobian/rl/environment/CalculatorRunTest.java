// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlResult;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.environment.catalog.CalculatorKind;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.EnvironmentTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Rng;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** A policy that knows how to call a calculator and has the habit of guessing learns by GRPO that calling pays. */
class CalculatorRunTest {
    private static final Task TASK =
            new CalculatorKind(2, "*", EnvironmentLimits.DEFAULT.withMaxTurns(3)).task(Optional.empty(), false);

    @TempDir
    Path folder;

    /** Calls in a part of the demonstrations, and guesses in the others. */
    private static SftDataset demonstrations(Task task, double calls) {
        return (seed, index) -> {
            Problem problem = task.trainProblem(seed, index);
            String prompt = problem.prompt();
            String answer = problem.columns().string("answer");
            String call = "<<" + prompt.substring(0, prompt.length() - 1) + ">>";
            Rng rng = new Rng(seed, 1L << 40 | index);
            if (rng.nextDouble() >= calls) {
                return new SftExample(prompt, answer);
            }
            return rng.nextDouble() < 0.5
                    ? new SftExample(prompt, call)
                    : new SftExample(prompt + call + "=" + answer + ";", answer);
        };
    }

    private static void demonstrate(CausalLM model, Task task, double calls, int steps, double rate, long seed) {
        OfflineConfig config = OfflineConfig.of(Sft.DEFAULT).toBuilder()
                .maxSteps(steps)
                .perDeviceTrainBatchSize(32)
                .learningRate(rate)
                .seed(seed)
                .build();
        OfflineTrainer.sft(model, demonstrations(task, calls), config).train();
    }

    private static RlConfig config(int steps) {
        return RlConfig.builder()
                .maxSteps(steps)
                .promptsPerStep(16)
                .numGenerations(8)
                .maxCompletionLength(32)
                .learningRate(3e-4)
                .evalSteps(0)
                .finalEvalProblems(200)
                .klSamples(0)
                .saveSteps(4)
                .build();
    }

    @Test
    @DisplayName(
            "from a few right answers in a hundred to most, by calls that grow more frequent, on policy to the bit")
    void learns() {
        CausalLM model = CausalLM.load(TestPaths.project().resolve("models").resolve("countdown-0.6m"));
        demonstrate(model, TASK, 1, 120, 1e-3, 1);
        demonstrate(model, TASK, 0.3, 20, 3e-4, 2);
        List<StepMetrics> steps = new ArrayList<>();
        RlResult result = new RlTrainer(model, TASK, config(12))
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        assertThat(result.passAt1Before()).isBetween(0.005, 0.3);
        assertThat(result.passAt1After()).isGreaterThan(0.6);
        assertThat(result.samplingLogpDifferenceMax()).isZero();
        StepMetrics first = steps.get(1);
        StepMetrics last = steps.getLast();
        assertThat(last.get("tools/call_frequency"))
                .isGreaterThan(0.9)
                .isGreaterThan(first.get("tools/call_frequency"));
        assertThat(last.get("environment/ended/done")).isGreaterThan(0.8);
        assertThat(last.get("environment/turns/mean")).isGreaterThan(1.8);
        assertThat(last.get("environment/ended/failed")).isZero();
        assertThat(last.get("tools/failure_frequency")).isLessThan(0.2);
    }

    @Test
    @EnabledIfSystemProperty(named = "jacobian.tests.nightly", matches = "true")
    @DisplayName("the same with three digits and three operators, from a model that guesses, in some minutes")
    void learnsLonger() {
        Task task =
                new CalculatorKind(3, "+-*", EnvironmentLimits.DEFAULT.withMaxTurns(3)).task(Optional.empty(), false);
        CausalLM model = CausalLM.load(TestPaths.project().resolve("models").resolve("countdown-0.6m"));
        demonstrate(model, task, 1, 500, 1e-3, 1);
        demonstrate(model, task, 0.3, 20, 3e-4, 2);
        RlResult result = new RlTrainer(model, task, config(60)).train();
        assertThat(result.passAt1Before()).isLessThan(0.3);
        assertThat(result.passAt1After()).isGreaterThan(0.75);
    }

    /** Answers each turn that ends with one of three digits, and rewards longer numbers. */
    private static Environment digits() {
        return new Environment() {
            @Override
            public String name() {
                return "digits";
            }

            @Override
            public List<String> stops() {
                return List.of("1", "2", "3");
            }

            @Override
            public Session reset(Start start) {
                return said -> said.isEnded() || said.number() == 3
                        ? Reply.done(said.text().length() / 10.0)
                        : Reply.of("+" + said.number() + "=", said.text().length() / 10.0);
            }
        };
    }

    private static RlTrainer trainer(Path run, boolean resume) {
        RlConfig config = config(8).toBuilder()
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(20)
                .finalEvalProblems(10)
                .build();
        return new RlTrainer(TestModels.addition(), EnvironmentTask.rewarding(new Addition(), digits()), config)
                .output(run, new RunOrigin("addition", "digits", Optional.empty()), resume);
    }

    @Test
    @DisplayName("a run with an environment that was stopped goes on to the bits of one that was not")
    void resumes() throws IOException {
        Path whole = folder.resolve("whole");
        trainer(whole, false).train();
        Path stopped = folder.resolve("stopped");
        RlTrainer begun = trainer(stopped, false).listener(TrainingListener.eachStep(metrics -> {
            if (metrics.step() == 6) {
                throw new IllegalStateException("stop");
            }
        }));
        try {
            begun.train();
        } catch (IllegalStateException expected) {
            assertThat(expected).hasMessage("stop");
        }
        trainer(stopped, true).train();
        assertThat(Files.readAllBytes(stopped.resolve("model.safetensors")))
                .isEqualTo(Files.readAllBytes(whole.resolve("model.safetensors")));
    }
}
