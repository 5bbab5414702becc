// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Workers and masters that die, hang and come back, as real processes: no sample is lost, none counts twice, and the bits stay. */
@DisabledOnOs(OS.WINDOWS)
class FaultsTest {
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    @TempDir
    Path folder;

    private final List<String> log = TestRuns.log();

    private static RlConfig.Builder config(int steps) {
        return TestRuns.config().maxSteps(steps);
    }

    private static List<Integer> with(FaultyCarrier carrier, CausalLM model, RlConfig config) {
        Task task = new Addition();
        new RlTrainer(model, task, config)
                .rollouts(Rollouts.carried(model, task, carrier))
                .train();
        return TestRuns.bits(model);
    }

    @Test
    @DisplayName(
            "workers killed and started again, stopped and continued, and none left: the bits of an undisturbed run")
    void diesAndComesBack() throws IOException {
        RlConfig config = config(7).build();
        CausalLM model = TestRuns.model();
        try (WorkerProcess a = new WorkerProcess(folder);
                WorkerProcess b = new WorkerProcess(folder);
                Workers workers = TestRuns.workers(List.of(a.address(), b.address()), log)
                        .timeout(Duration.ofSeconds(2))
                        .patience(Duration.ofMillis(300))
                        .connect(model)) {
            Map<Integer, Runnable> faults = Map.of(
                    1,
                    a::kill,
                    2,
                    a::again,
                    3,
                    () -> b.signal("STOP"),
                    4,
                    () -> b.signal("CONT"),
                    5,
                    () -> {
                        a.kill();
                        b.kill();
                    },
                    6,
                    b::again);
            FaultyCarrier carrier = new FaultyCarrier(workers, faults);
            List<Integer> bits = with(carrier, model, config);
            assertThat(carrier.lost()).as("lost samples").isZero();
            assertThat(carrier.twice()).as("samples that counted twice").isZero();
            assertThat(bits).isEqualTo(TestRuns.alone(TestRuns.model(), config));
            assertThat(workers.totals().local())
                    .as("samples of the master's own")
                    .isPositive();
            assertThat(log).anyMatch(line -> line.startsWith("worker " + a.address() + " is lost: "));
            assertThat(log).anyMatch(line -> line.startsWith("worker " + b.address() + " is lost: "));
            assertThat(log).anyMatch(line -> line.startsWith("no worker is left"));
        }
    }

    @Test
    @DisplayName(
            "what a worker that hangs does not give is done by one that is idle, long before the other is given up")
    void slowWorker() throws IOException {
        RlConfig config = config(3).build();
        CausalLM model = TestRuns.model();
        try (WorkerProcess slow = new WorkerProcess(folder);
                WorkerProcess quick = new WorkerProcess(folder);
                Workers workers = TestRuns.workers(List.of(slow.address(), quick.address()), log)
                        .timeout(Duration.ofMinutes(10))
                        .patience(Duration.ofMillis(50))
                        .connect(model)) {
            FaultyCarrier carrier = new FaultyCarrier(workers, Map.of(1, () -> slow.signal("STOP")));
            List<Integer> bits = with(carrier, model, config);
            slow.signal("CONT");
            assertThat(carrier.lost() + carrier.twice()).isZero();
            assertThat(workers.totals().local()).as("%s", log).isZero();
            assertThat(bits).isEqualTo(TestRuns.alone(TestRuns.model(), config));
        }
    }

    /** A master in a process of its own; its arguments: the worker's address, the run's folder. */
    static final class Master {
        private Master() {}

        public static void main(String[] args) {
            train(URI.create(args[0]), Path.of(args[1]), false, TestRuns.log());
        }
    }

    private static List<Integer> train(URI worker, Path run, boolean resume, List<String> log) {
        CausalLM model = TestRuns.model();
        try (Workers workers = TestRuns.workers(List.of(worker), log).connect(model)) {
            RlConfig config = config(6).saveSteps(1).build();
            return TestRuns.with(workers, model, config, trainer -> trainer.output(run, ORIGIN, resume));
        }
    }

    @Test
    @DisplayName("a master that is killed is resumed with the same worker to the same bits")
    void masterDies() throws Exception {
        Path run = folder.resolve("run");
        try (WorkerServer worker = WorkerServer.builder(TestRuns.SECRET)
                .scratch(folder)
                .log(log::add)
                .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            Process master = WorkerProcess.program(Master.class, TestRuns.address(worker), run)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            while (master.isAlive() && !Files.exists(run.resolve("checkpoint-2"))) {
                Thread.sleep(5);
            }
            master.destroyForcibly().waitFor();
            assertThat(run.resolve("checkpoint-2")).exists();
            List<Integer> bits = train(TestRuns.address(worker), run, true, log);
            assertThat(bits)
                    .isEqualTo(TestRuns.alone(TestRuns.model(), config(6).build()));
        }
    }

    @Test
    @DisplayName("two masters on one worker, with other weights and settings each, do not change each other's bits")
    void twoMasters() throws Exception {
        try (WorkerServer worker = WorkerServer.builder(TestRuns.SECRET)
                .scratch(folder)
                .log(log::add)
                .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            RlConfig one = config(3).seed(1).build();
            RlConfig other = config(3).seed(2).learningRate(1e-2).build();
            FutureTask<List<Integer>> beside = new FutureTask<>(() -> carried(worker, other));
            Thread.ofPlatform().start(beside);
            assertThat(carried(worker, one)).isEqualTo(TestRuns.alone(TestRuns.model(), one));
            assertThat(beside.get()).isEqualTo(TestRuns.alone(TestRuns.model(), other));
        }
    }

    private List<Integer> carried(WorkerServer worker, RlConfig config) {
        CausalLM model = TestRuns.model();
        try (Workers workers =
                TestRuns.workers(List.of(TestRuns.address(worker)), log).connect(model)) {
            List<Integer> bits = TestRuns.with(workers, model, config);
            assertThat(workers.totals().local()).as("%s", log).isZero();
            return bits;
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "jacobian.tests.nightly", matches = "true")
    @DisplayName("two hundred faults drawn by lot change no bit")
    void manyFaults() throws IOException {
        int count = Integer.getInteger("jacobian.tests.faults", 200);
        RlConfig config = config(count + 1).build();
        CausalLM model = TestRuns.model();
        Random random = new Random(7);
        try (WorkerProcess a = new WorkerProcess(folder);
                WorkerProcess b = new WorkerProcess(folder);
                Workers workers = TestRuns.workers(List.of(a.address(), b.address()), log)
                        .timeout(Duration.ofSeconds(1))
                        .patience(Duration.ofMillis(200))
                        .connect(model)) {
            Map<Integer, Runnable> faults = new TreeMap<>();
            for (int wave = 1; wave <= count; wave++) {
                WorkerProcess victim = random.nextBoolean() ? a : b;
                int kind = random.nextInt(3);
                faults.put(wave, () -> {
                    if (!victim.isAlive()) {
                        victim.again();
                    } else if (kind == 0) {
                        victim.kill();
                    } else {
                        victim.signal(kind == 1 ? "STOP" : "CONT");
                    }
                });
            }
            FaultyCarrier carrier = new FaultyCarrier(workers, faults);
            List<Integer> bits = with(carrier, model, config);
            assertThat(carrier.lost() + carrier.twice()).isZero();
            assertThat(bits).isEqualTo(TestRuns.alone(TestRuns.model(), config));
        }
    }
}
