// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run's folder belongs to one process, stays where it is, and what lies in it is believed only if it fits. */
class RunFolderTest {
    private static final RunOrigin ORIGIN = new RunOrigin("addition", "addition", Optional.empty());

    @TempDir
    Path folder;

    private static RlConfig config(int steps) {
        return RlConfig.builder()
                .maxSteps(steps)
                .promptsPerStep(2)
                .numGenerations(2)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalSteps(0)
                .finalEvalProblems(2)
                .klSamples(0)
                .saveSteps(1)
                .build();
    }

    private static RlResult train(Path run, boolean resume) {
        return new RlTrainer(TestModels.addition(), new Addition(), config(4))
                .output(run, ORIGIN, resume)
                .train();
    }

    /** A run that has ended, brought back to its second step. */
    private Path interrupted() throws IOException {
        Path run = folder.resolve("run");
        train(run, false);
        Files.move(run.resolve("checkpoint-4"), folder.resolve("checkpoint-4"));
        assertThat(run.resolve("checkpoint-3")).isDirectory();
        return run;
    }

    /** Holds a run's folder until it is killed. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws InterruptedException {
            new RlTrainer(TestModels.addition(), new Addition(), config(4)).output(Path.of(args[0]), ORIGIN, false);
            System.out.println("held");
            Thread.sleep(TimeUnit.MINUTES.toMillis(2));
        }
    }

    @Test
    @DisplayName("a second start and a resumption are refused with the owner's process; after a kill nothing blocks")
    void oneProcess() throws Exception {
        Path run = folder.resolve("run");
        Process holder = hold(run);
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("held");
            for (boolean resume : new boolean[] {false, true}) {
                assertThatThrownBy(() -> train(run, resume))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("already holds a run")
                        .hasMessageContaining("process " + holder.pid() + ", started 2");
            }
        } finally {
            holder.destroyForcibly().waitFor();
        }
        train(run, true);
        train(run, true); // a run that has ended lets go
    }

    private static Process hold(Path run) throws IOException {
        return RunProcess.of(Holder.class, run)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    @DisplayName("two trainers of one process do not share a folder either, by whatever name they know it")
    void oneTrainer() throws IOException {
        Path run = folder.resolve("run");
        RlTrainer first = new RlTrainer(TestModels.addition(), new Addition(), config(4)).output(run, ORIGIN, false);
        Path other = Files.createSymbolicLink(folder.resolve("other"), run);
        assertThatThrownBy(() -> train(other, true))
                .hasMessageContaining("process " + ProcessHandle.current().pid());
        first.train();
        train(other, true); // the folder itself may be reached through a link
    }

    @Test
    @DisplayName("links in a run's folder are refused and what they point to is left alone")
    void links() throws IOException {
        Path run = interrupted();
        Path victim = Files.writeString(folder.resolve("victim"), "a key without a line end");
        for (String name :
                List.of("metrics.jsonl", "completions.jsonl", "checkpoint-3/trainer_state.json", "run.lock")) {
            Path file = run.resolve(name);
            Path saved = Files.move(file, folder.resolve("saved"));
            Files.createSymbolicLink(file, victim);
            assertThatThrownBy(() -> train(run, true))
                    .as(name)
                    .hasMessageContaining(file.getFileName().toString());
            Files.delete(file);
            Files.move(saved, file);
        }
        Path hard = Files.createLink(folder.resolve("backup"), run.resolve("metrics.jsonl"));
        assertThatThrownBy(() -> train(run, true)).hasMessageContaining("hard link");
        Files.delete(hard);
        Path away = Files.move(run.resolve("checkpoint-3"), folder.resolve("checkpoint-3"));
        Files.createSymbolicLink(run.resolve("checkpoint-3"), away);
        assertThatThrownBy(() -> train(run, true)).hasMessageContaining("symbolic link");
        assertThat(victim).hasContent("a key without a line end");
    }

    @Test
    @DisplayName("what a kill left behind is removed when the run is resumed")
    void leftovers() throws IOException {
        Path run = interrupted();
        for (String name : List.of(".checkpoint-1.removed", ".checkpoint-4.removed", ".checkpoint-9.tmp-999999999-1")) {
            Files.writeString(Files.createDirectory(run.resolve(name)).resolve("model.safetensors"), "half");
        }
        Files.writeString(run.resolve(".run.json.tmp-999999999-3"), "{");
        train(run, true);
        try (Stream<Path> entries = Files.list(run)) {
            assertThat(entries.map(path -> path.getFileName().toString())).noneMatch(name -> name.startsWith("."));
        }
    }

    @Test
    @DisplayName("a folder that is moved ends the run, is not made again, and can be resumed where it is")
    void moved() throws IOException {
        Path whole = folder.resolve("whole");
        train(whole, false);
        Path run = folder.resolve("run");
        Path away = folder.resolve("away");
        RlTrainer trainer = new RlTrainer(TestModels.addition(), new Addition(), config(4)).output(run, ORIGIN, false);
        trainer.listener(TrainingListener.eachStep(step -> {
            if (step.step() == 2) {
                move(run, away);
            }
        }));
        assertThatThrownBy(trainer::train)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(run + " was moved, replaced or removed");
        assertThat(run).doesNotExist();
        train(away, true);
        assertThat(Files.mismatch(away.resolve("model.safetensors"), whole.resolve("model.safetensors")))
                .isEqualTo(-1);
    }

    private static void move(Path from, Path to) {
        try {
            Files.move(from, to);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName("so does a log that is removed or replaced")
    void logRemoved() {
        Path run = folder.resolve("run");
        RlTrainer trainer = new RlTrainer(TestModels.addition(), new Addition(), config(4)).output(run, ORIGIN, false);
        trainer.listener(TrainingListener.eachStep(step -> {
            if (step.step() == 1) {
                move(run.resolve("metrics.jsonl"), folder.resolve("metrics.jsonl"));
            }
        }));
        assertThatThrownBy(trainer::train).hasMessageContaining("metrics.jsonl of this run was moved");
    }

    @Test
    @DisplayName("a broken last line of a log is cut, one before it is named with its number")
    void brokenLines() throws IOException {
        Path run = interrupted();
        Path log = run.resolve("metrics.jsonl");
        List<String> lines = Files.readAllLines(log); // steps 0 to 4
        write(log, lines.get(0), lines.get(1), lines.get(2).substring(9) + lines.get(3));
        train(run, true);
        assertThat(Files.readAllLines(log)).hasSize(3).element(2).asString().contains("\"step\":4");
        Files.move(folder.resolve("checkpoint-4"), folder.resolve("spare"));
        for (String broken :
                List.of(lines.get(1).substring(0, 9) + lines.get(2), "{\"reward\":1}", lines.get(3), "[2]")) {
            write(log, lines.get(0), lines.get(1), broken, lines.get(2));
            assertThatThrownBy(() -> train(run, true))
                    .as(broken)
                    .isInstanceOf(FormatException.class)
                    .hasMessageMatching("(?s).*metrics.jsonl, line [34].*");
        }
        write(log, lines.toArray(String[]::new));
        train(run, true);
    }

    private static void write(Path file, String... lines) throws IOException {
        Files.writeString(file, Stream.of(lines).map(line -> line + "\n").collect(Collectors.joining()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"step\": 3|\"step\": 2|'step' is 2 in the folder of step 3",
                "\"step\": 3|\"step\": \"three\"|step",
                "\"step\": 3|\"step\": -7|'step' is -7",
                "\"step\": 3,| |'step' is missing",
                "\"optimizer_steps\": 3|\"optimizer_steps\": null|'optimizer_steps' is missing",
                "\"optimizer_steps\": 3|\"optimizer_steps\": -3|'optimizer_steps' must be a count",
                "\"updates\": 3|\"updates\": 1e3|'updates' must be a count",
                "\"updates\": 3|\"updates\": 1|'updates' is 1, but 3 steps make 3",
                "\"tokens\":|\"tokens\": true, \"was\":|'tokens' must be a count",
                "\"pass@1_before\":|\"pass@1_before\": 2, \"was\":|was",
                "\"seconds\":|\"seconds\": -1, \"was\":|'seconds' must be a number from 0 on",
                "\"seconds\":|\"second\":|'seconds' is missing",
            })
    @DisplayName("trainer_state.json is read strictly")
    void trainerState(String found, String put, String message) throws IOException {
        Path run = interrupted();
        Path file = run.resolve("checkpoint-3").resolve("trainer_state.json");
        String text = Files.readString(file);
        assertThat(text).contains(found);
        Files.writeString(file, text.replace(found, put == null ? "" : put));
        assertThatThrownBy(() -> train(run, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("trainer_state.json")
                .hasMessageContaining(message);
        Files.writeString(file, text);
        train(run, true);
    }

    @Test
    @DisplayName(
            "other data or another initial model are noticed and named; another spelling of the path is not another"
                    + " model")
    void inputs() throws IOException {
        Path model = copyOfModel(folder.resolve("model"));
        Path data = folder.resolve("data.jsonl");
        String rows = IntStream.range(0, 30)
                .mapToObj(i -> "{\"prompt\": \"" + i + "+1=\", \"answer\": " + (i + 1) + "}\n")
                .collect(Collectors.joining());
        Files.writeString(data, rows);
        Path run = folder.resolve("run");
        trainOn(model, data, run, false);
        Path working = Path.of("").toAbsolutePath();
        trainOn(working.relativize(model.toAbsolutePath()), data, run, true);
        trainOn(Files.createSymbolicLink(folder.resolve("link"), model), data, run, true);

        Files.writeString(data, rows.replace("\"answer\": 3}", "\"answer\": 4}"));
        assertThatThrownBy(() -> trainOn(model, data, run, true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("data.jsonl has other content")
                .hasMessageContaining("start a new run");
        Files.writeString(data, rows);

        Path weights = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        byte[] changed = bytes.clone();
        changed[changed.length - 1] ^= 1;
        Files.write(weights, changed);
        assertThatThrownBy(() -> trainOn(model, data, run, true))
                .hasMessageContaining("model.safetensors has other content");
        Files.write(weights, bytes);
        Files.move(model.resolve("generation_config.json"), folder.resolve("generation_config.json"));
        assertThatThrownBy(() -> trainOn(model, data, run, true))
                .hasMessageContaining("generation_config.json is gone");
        Files.move(folder.resolve("generation_config.json"), model.resolve("generation_config.json"));

        // a run of a version that wrote no hashes
        Path file = run.resolve("run.json");
        String text = Files.readString(file);
        Files.writeString(file, text.replaceFirst("(?s)\"inputs\": \\{.*?\\},", ""));
        Files.writeString(data, rows + rows);
        trainOn(model, data, run, true);
    }

    private static void trainOn(Path model, Path data, Path run, boolean resume) {
        CausalLM policy = CausalLM.load(model);
        new RlTrainer(policy, JsonlTask.of(data), config(2))
                .output(run, new RunOrigin(model.toString(), "jsonl", Optional.of(data.toString())), resume)
                .train();
    }

    private static Path copyOfModel(Path target) throws IOException {
        Files.createDirectories(target);
        List<Path> files = new ArrayList<>();
        try (Stream<Path> entries = Files.list(TestModels.additionFolder())) {
            entries.forEach(files::add);
        }
        for (Path file : files) {
            Files.copy(file, target.resolve(file.getFileName()));
        }
        return target;
    }
}
