// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import module java.base;
import module dev.jacobian.rl;

/**
 * 20: a curriculum of your own.
 *
 * <p>A curriculum names the problems of a step and decides which groups are learned from. What it decides is a function of the seed and of the groups
 * that it was shown, in their order; what it remembers goes into the checkpoint. So a run with it can be killed and resumed to the same bits.
 */
class YourOwnCurriculum {
    /** Countdown whose targets grow: a step's problems have targets up to a limit, which rises when a quarter of a step's samples are right. */
    static final class GrowingTargets implements Curriculum {
        private final Task task;
        private long next;
        private int limit = 10;
        private int right;
        private int seen;

        GrowingTargets(Task task) {
            this.task = task;
        }

        @Override
        public List<Draw> next(int count) {
            if (4 * right > seen) {
                limit += 5;
            }
            right = 0;
            seen = 0;
            List<Draw> draws = new ArrayList<>();
            for (; draws.size() < count; next++) { // the key is the problem's place, so no two are equal
                Problem problem = task.trainProblem(0, next);
                if (problem.columns().integer("target") <= limit) {
                    draws.add(new Draw(problem, next));
                }
            }
            return draws;
        }

        @Override
        public void observe(ScoredGroup group) {
            for (boolean solved : group.solved()) {
                right += solved ? 1 : 0;
                seen++;
            }
        }

        @Override
        public Map<String, Double> measures() {
            return Map.of("curriculum/limit", (double) limit);
        }

        @Override
        public void save(Path checkpoint, ObjectNode state) {
            state.put("next", next).put("limit", limit).put("right", right).put("seen", seen);
        }

        @Override
        public void restore(Path checkpoint, JsonNode state) {
            next = state.get("next").longValue();
            limit = state.get("limit").intValue();
            right = state.get("right").intValue();
            seen = state.get("seen").intValue();
        }
    }

    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
        Task task = Countdown.small();
        RlConfig config = RlConfig.builder()
                .maxSteps(6)
                .promptsPerStep(16)
                .maxCompletionLength(144)
                .learningRate(1e-4)
                .evalSteps(0)
                .finalEvalProblems(1)
                .build();
        TrainingListener print = TrainingListener.eachStep(m -> {
            if (m.step() > 0) { // step 0 measures the model before training
                IO.println("step %d: targets up to %.0f".formatted(m.step(), m.get("curriculum/limit")));
            }
        });

        new RlTrainer(model, task, config).curriculum(new GrowingTargets(task)).listener(print).train();
    }
}

/* Prints:
step 1: targets up to 10
step 2: targets up to 15
step 3: targets up to 20
step 4: targets up to 25
step 5: targets up to 25
step 6: targets up to 30
*/
