// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.transformer.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stages in a folder: which of them run, what they find, and what is refused. */
class PipelineTest {
    @TempDir
    Path temporary;

    private Path folder;
    private final List<String> ran = new ArrayList<>();

    @BeforeEach
    void chooseFolder() {
        folder = temporary.resolve("pipeline");
    }

    /** Adds a number to what its inputs made. */
    private final class Adding implements Stage {
        private final String name;
        private final long number;
        private final List<String> inputs;

        Adding(String name, long number, String... inputs) {
            this.name = name;
            this.number = number;
            this.inputs = List.of(inputs);
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public String purpose() {
            return "adds " + number;
        }

        @Override
        public List<String> inputs() {
            return inputs;
        }

        @Override
        public ObjectNode settings() {
            return Json.object().put("number", number);
        }

        @Override
        public Stage with(Given given) {
            return new Adding(name, given.get("number").orElseThrow().json().asLong(), inputs.toArray(String[]::new));
        }

        @Override
        public void check(StageContext context) {
            if (number < 0) {
                throw new IllegalArgumentException("number must not be negative");
            }
        }

        @Override
        public StageResult run(StageContext context) {
            ran.add(name);
            if (number == 13) {
                AtomicFiles.writeString(context.folder().resolve("half"), "done");
                throw new IllegalStateException("killed");
            }
            long sum = number + context.seed();
            for (String input : inputs) {
                Path made = context.product(input, "sum");
                try {
                    sum += Long.parseLong(Files.readString(made));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
            AtomicFiles.writeString(context.folder().resolve("sum.txt"), "" + sum);
            return StageResult.EMPTY
                    .figure("sum", sum)
                    .figure("text", "<ok>")
                    .figure("nothing", Double.NaN)
                    .product("sum", "sum.txt")
                    .curve("reward", new Curve(List.of(0, 1), List.of(0.5, 1.0)))
                    .samples(List.of(new Sample(Sample.AFTER, "p", "c", 1, true)));
        }
    }

    private Pipeline pipeline(long first, long second, long third) {
        return new Pipeline(
                "sums",
                List.of(
                        new Adding("one", first),
                        new Adding("two", second, "one"),
                        new Adding("three", third, "one", "two")),
                100);
    }

    private Map<String, StageResult> from(Pipeline pipeline, String stage) {
        return pipeline.run(folder, Optional.of(stage), path -> ModelOptions.DEFAULT, StageListener.NONE);
    }

    @Test
    @DisplayName("stages run in order on what earlier ones made, and what they made is in their folders")
    void order() {
        Map<String, StageResult> results = pipeline(1, 2, 3).run(folder);
        assertThat(ran).containsExactly("one", "two", "three");
        assertThat(results.keySet()).containsExactly("one", "two", "three");
        assertThat(results.get("three").number("sum")).isEqualTo(103 + 101 + 203);
        StageFile file = StageFile.read(folder.resolve("03-three")).orElseThrow();
        assertThat(file.result()).isEqualTo(results.get("three"));
        assertThat(file.stage()).isEqualTo("three");
        assertThat(file.result().figures()).doesNotContainKey("nothing");
        assertThat(file.result().curves().get("reward")).isEqualTo(new Curve(List.of(0, 1), List.of(0.5, 1.0)));
        assertThat(Json.parse(Json.compact(file.toJson()), "x"))
                .isEqualTo(Json.read(folder.resolve("03-three/stage.json")));
    }

    @Test
    @DisplayName("what is finished is not done again, and a stage that was killed is done in its old folder")
    void goesOn() {
        assertThatThrownBy(() -> pipeline(1, 13, 3).run(folder)).hasMessage("killed");
        assertThat(folder.resolve("02-two/half")).exists();
        assertThat(folder.resolve("02-two/stage.json")).doesNotExist();
        assertThatThrownBy(() -> pipeline(1, 2, 3).run(folder))
                .hasMessageContaining("stage 'two'")
                .hasMessageContaining("number was 13, now 2")
                .hasMessageContaining("--from two");
        ran.clear();
        from(pipeline(1, 2, 3), "two");
        assertThat(ran).containsExactly("two", "three");
        assertThat(folder.resolve("02-two/half")).doesNotExist();
        ran.clear();
        assertThat(pipeline(1, 2, 3).run(folder).get("three").number("sum")).isEqualTo(103 + 101 + 203);
        assertThat(ran).isEmpty();
    }

    @Test
    @DisplayName("settings of a stage that has not begun may change, those of a finished one may not")
    void changedSettings() {
        assertThatThrownBy(() -> pipeline(1, 13, 3).run(folder)).hasMessage("killed");
        assertThatThrownBy(() -> pipeline(5, 13, 3).run(folder))
                .hasMessageContaining("stage 'one'")
                .hasMessageContaining("number was 1, now 5")
                .hasMessageContaining("--from one");
        ran.clear();
        assertThatThrownBy(() -> pipeline(1, 13, 4).run(folder)).hasMessage("killed");
        assertThat(ran).containsExactly("two");
        ran.clear();
        from(pipeline(5, 6, 7), "one");
        assertThat(ran).containsExactly("one", "two", "three");
    }

    @Test
    @DisplayName("a stage that is added behind finished ones runs; one put before them is refused")
    void otherStages() {
        new Pipeline("sums", List.of(new Adding("one", 1)), 100).run(folder);
        ran.clear();
        pipeline(1, 2, 3).run(folder);
        assertThat(ran).containsExactly("two", "three");
        Pipeline other = new Pipeline("sums", List.of(new Adding("zero", 1), new Adding("one", 1)), 100);
        assertThatThrownBy(() -> other.run(folder))
                .hasMessageContaining("another order")
                .hasMessageContaining("--from");
    }

    @Test
    @DisplayName("every stage is asked before the first one runs")
    void checked() {
        assertThatThrownBy(() -> pipeline(1, 2, -3).run(folder)).hasMessage("number must not be negative");
        assertThat(ran).isEmpty();
        pipeline(1, 2, 3).run(folder); // what was refused has left nothing that is in the way
    }

    @Test
    @DisplayName("the folder of another recipe, with another seed, or with something else in it is refused")
    void otherFolders() throws IOException {
        pipeline(1, 2, 3).run(folder);
        Pipeline other = new Pipeline("others", pipeline(1, 2, 3).stages(), 100);
        assertThatThrownBy(() -> other.run(folder)).hasMessageContaining("of the recipe 'sums', not of 'others'");
        Pipeline seeded = new Pipeline("sums", pipeline(1, 2, 3).stages(), 101);
        assertThatThrownBy(() -> seeded.run(folder)).hasMessageContaining("seed 100, not 101");
        Path full = Files.createDirectory(temporary.resolve("full"));
        Files.writeString(full.resolve("mine"), "x");
        assertThatThrownBy(() -> pipeline(1, 2, 3).run(full)).hasMessageContaining("is not empty and holds no recipe");
        assertThatThrownBy(() -> pipeline(1, 2, 3).run(full.resolve("mine"))).hasMessageContaining("is a file");
        assertThat(full.resolve("mine")).hasContent("x");
    }

    @Test
    @DisplayName("a pipeline whose stages read what is not made before them, or have one name, is refused")
    void wrongPipelines() {
        assertThatThrownBy(() -> new Pipeline("x", List.of(new Adding("two", 1, "one"), new Adding("one", 1)), 0))
                .hasMessageContaining("stage 'two' reads what stage 'one' makes");
        assertThatThrownBy(() -> new Pipeline("x", List.of(new Adding("one", 1), new Adding("one", 1)), 0))
                .hasMessageContaining("two stages are called 'one'");
        assertThatThrownBy(() -> new Pipeline("x", List.of(new Adding("../up", 1)), 0))
                .hasMessageContaining("'../up'");
        assertThatThrownBy(() -> from(pipeline(1, 2, 3), "four"))
                .hasMessageContaining("no stage 'four'; its stages: one, two, three");
        assertThatThrownBy(() -> StageResult.EMPTY.product("model", "../01-one"))
                .hasMessageContaining("must lie in the stage's folder");
    }

    @Test
    @DisplayName("a damaged stage.json is an error that names it, not a stage to be done again")
    void damaged() throws IOException {
        pipeline(1, 2, 3).run(folder);
        Path file = folder.resolve("02-two/stage.json");
        ObjectNode json = (ObjectNode) Json.read(file);
        json.withArray("/curves/reward/steps").add(9);
        Json.write(file, json);
        assertThatThrownBy(() -> pipeline(1, 2, 3).run(folder)).hasMessageContaining("02-two");
        Files.writeString(file, "{");
        assertThatThrownBy(() -> pipeline(1, 2, 3).run(folder)).hasMessageContaining("02-two");
    }
}
