// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import module java.base;
import module dev.jacobian.rl;

/**
 * 23: a recipe of your own.
 *
 * <p>A recipe is a list of stages, each a value. Here R1-Zero's one stage learns with another method, a stage of the library's is put behind it, and then one of a kind of
 * your own. Killed and started again, the pipeline goes on where it was.
 */
class YourOwnRecipe {
    /** Counts the rows that an earlier stage has kept. */
    record Counting(String name, Source rows) implements Stage {
        @Override
        public String purpose() {
            return "counts rows";
        }

        @Override
        public List<String> inputs() {
            return rows.stages();
        }

        @Override
        public ObjectNode settings() {
            return Json.object().put("rows", rows.toString());
        }

        @Override
        public Stage with(Given given) {
            throw new IllegalArgumentException("stage " + name + " has no settings");
        }

        @Override
        public StageResult run(StageContext context) {
            try (Stream<String> lines = Files.lines(rows.in(context))) {
                return StageResult.EMPTY.figure("counted", lines.count());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static void main() throws IOException {
        Recipe zero = Recipes.named("r1-zero").on(Ground.bundled(Path.of("models", "countdown-0.6m"), true));

        // Another stage in the place of one: the same problems and settings, learned from with OPO.
        RlStage rl = (RlStage) zero.stage("rl");
        RlConfig opo = rl.config().toBuilder().method(Opo.DEFAULT).maxSteps(2).build();
        Recipe mine = zero.replacing(new RlStage(
                        "rl", "OPO instead of GRPO", rl.model(), rl.problems(), opo, rl.check()))
                .then(new SamplingStage(
                        "answers",
                        "the shortest right answers",
                        Source.model("rl"),
                        rl.problems(),
                        new ShortestCorrect(),
                        new AnswersConfig(32, 4, 144, 1)))
                .then(new Counting("counting", new Source.Made("answers", SamplingStage.DATA)))
                .with(new Given().set("rl.check_problems", 20, "this example"));

        Path folder = Files.createTempDirectory("recipe");
        Map<String, StageResult> results = mine.pipeline(7).run(folder);
        PipelineReport.write(folder);
        IO.println("right answers to %.0f of %.0f problems"
                .formatted(results.get("counting").number("counted"), results.get("answers").number("problems")));
    }
}

/* Prints:
right answers to 24 of 32 problems
*/
