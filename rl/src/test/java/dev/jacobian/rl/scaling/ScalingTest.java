// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.evaluation.Confidence;
import dev.jacobian.rl.evaluation.Evaluation;
import dev.jacobian.rl.evaluation.EvaluationConfig;
import dev.jacobian.rl.evaluation.Evaluator;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.ProcessRewardModel;
import dev.jacobian.rl.judge.StepJudge;
import dev.jacobian.rl.metric.Smoothing;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.SequenceScorer;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.plan.Head;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Votes, budgets and searches of the bundled model on Countdown, whose thoughts end in {@code </think>} and whose steps are lines. */
class ScalingTest {
    private static final Path BUNDLED = TestPaths.project().resolve("models").resolve("countdown-0.6m");
    private static final CausalLM MODEL = CausalLM.load(BUNDLED);
    private static final Countdown TASK = Countdown.small();
    private static final int MOST = 128;

    private static Attempts attempts(int problems, boolean samples) {
        return attempts(TASK.evalProblems(problems), samples);
    }

    private static Attempts attempts(List<Problem> problems, boolean samples) {
        return new Attempts(
                MODEL,
                TASK,
                problems,
                () -> GenerationConfig.builder().doSample(samples).seed(5),
                RewardCallConfig.DEFAULT,
                Confidence.DEFAULT);
    }

    private static BudgetForcing forcing(Attempts attempts, String waitText) {
        return new BudgetForcing(attempts, "</think>", waitText, 24);
    }

    private static Evaluation evaluation(int problems, int samples, boolean random, List<Integer> ks) {
        GenerationConfig generation = GenerationConfig.builder()
                .doSample(random)
                .seed(5)
                .maxNewTokens(MOST + 24)
                .build();
        EvaluationConfig config = new EvaluationConfig(samples, ks, generation, Smoothing.METHOD1, Confidence.DEFAULT);
        return new Evaluator(MODEL, config).run(TASK, problems);
    }

    private static double accuracy(ScalingCurve curve, int point) {
        return curve.points().get(point).accuracy().value();
    }

    @Test
    @DisplayName("curves of samples are the evaluation's metrics, and k samples cost k times the length")
    void samples() {
        assertThat(SampleCurves.powers(12)).containsExactly(1, 2, 4, 8, 12);
        assertThat(SampleCurves.powers(1)).containsExactly(1);
        Evaluation evaluation = evaluation(40, 4, true, SampleCurves.powers(4));
        List<ScalingCurve> curves = SampleCurves.of(evaluation);
        assertThat(curves).extracting(ScalingCurve::name).containsExactly("maj@k", "pass@k");
        double length = evaluation.metrics().get("mean_length").value();
        for (ScalingCurve curve : curves) {
            assertThat(curve.points()).extracting(ScalingPoint::samples).containsExactly(1.0, 2.0, 4.0);
            assertThat(curve.points().get(2).tokens()).isCloseTo(4 * length, within(1e-9));
            assertThat(accuracy(curve, 0)).isEqualTo(evaluation.passAt1());
        }
        assertThat(curves.get(1).points().get(2).accuracy())
                .isEqualTo(evaluation.metrics().get("pass@4"));
        assertThat(accuracy(curves.get(1), 2)).isGreaterThan(accuracy(curves.get(1), 0));
        assertThat(curves.get(0).toJson().path("points").path(1).path("setting").asText())
                .isEqualTo("k = 2");
    }

    @Test
    @DisplayName("a budget that no thought reaches changes nothing: greedy answers are the plain ones")
    void wideBudget() {
        ScalingPoint point =
                forcing(attempts(60, false), "").budgets(List.of(MOST)).points().getFirst();
        Evaluation plain = evaluation(60, 1, false, List.of(1));
        assertThat(point.accuracy().value()).isEqualTo(plain.passAt1());
        assertThat(point.tokens()).isEqualTo(plain.metrics().get("mean_length").value(), within(1e-9));
        assertThat(forcing(attempts(60, false), "")
                        .waits(List.of(0), MOST)
                        .points()
                        .getFirst())
                .usingRecursiveComparison()
                .ignoringFields("setting")
                .isEqualTo(point);
    }

    @Test
    @DisplayName("a thought costs no more than its budget, its end and the answer; more budget solves more")
    void budgets() {
        ScalingCurve curve = forcing(attempts(120, true), "").budgets(List.of(4, 24, 96));
        assertThat(curve.points().get(0).tokens()).isLessThanOrEqualTo(4 + 1 + 24);
        assertThat(curve.points().get(0).tokens())
                .isLessThan(curve.points().get(1).tokens());
        assertThat(curve.points().get(1).tokens())
                .isLessThan(curve.points().get(2).tokens());
        assertThat(accuracy(curve, 2)).isGreaterThan(accuracy(curve, 0) + 0.1);
    }

    @Test
    @DisplayName("suppressing the end makes this model search on: more tokens and, with it, more solved")
    void waits() {
        ScalingCurve curve = forcing(attempts(150, true), "").waits(List.of(0, 2), MOST);
        assertThat(curve.points().get(1).tokens())
                .isGreaterThan(curve.points().get(0).tokens() + 10);
        assertThat(accuracy(curve, 1)).isGreaterThan(accuracy(curve, 0));
        ScalingCurve said = forcing(attempts(20, true), "Wait").waits(List.of(0, 1), MOST);
        assertThat(said.points().get(1).tokens())
                .isGreaterThan(said.points().get(0).tokens());
        assertThat(said.about()).contains("by 'Wait'");
        assertThatThrownBy(() -> forcing(attempts(1, true), "").budgets(List.of(0)))
                .hasMessageContaining("at least 1");
    }

    @Test
    @DisplayName("each problem has the same tokens alone, among others, and with any number of threads")
    void alone() {
        List<Problem> problems = TASK.evalProblems(12);
        int threads = ComputePool.threads();
        try {
            ComputePool.setThreads(1);
            ScalingPoint together = forcing(attempts(problems, true), "")
                    .waits(List.of(1), MOST)
                    .points()
                    .getFirst();
            ComputePool.setThreads(2);
            ScalingPoint again = forcing(attempts(problems, true), "")
                    .waits(List.of(1), MOST)
                    .points()
                    .getFirst();
            assertThat(again).isEqualTo(together);
            ScalingPoint first = forcing(attempts(problems.subList(0, 5), true), "")
                    .waits(List.of(1), MOST)
                    .points()
                    .getFirst();
            List<ScalingPoint> ones = new ArrayList<>();
            for (int n = 1; n <= 5; n++) {
                ones.add(forcing(attempts(problems.subList(0, n), true), "")
                        .waits(List.of(1), MOST)
                        .points()
                        .getFirst());
            }
            assertThat(ones.getLast()).isEqualTo(first);
            double tokens = 0;
            for (int n = 1;
                    n <= 5;
                    n++) { // what the n-th problem adds is a whole number of tokens, whoever stands beside it
                double sum = n * ones.get(n - 1).tokens();
                assertThat(sum - tokens).isCloseTo(Math.rint(sum - tokens), within(1e-6));
                tokens = sum;
            }
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    /** Knows what a line is worth: 1 if the target has been made, 0 for an end without it. */
    private record Knowing() implements StepJudge {
        @Override
        public String separator() {
            return "\n";
        }

        @Override
        public double[] last(List<String> prompts, List<String> texts) {
            return IntStream.range(0, texts.size())
                    .mapToDouble(i -> {
                        String target = prompts.get(i).replaceAll("(?s).*= (\\d+).*", "$1");
                        boolean found = Arrays.stream(texts.get(i).split("\n"))
                                .filter(line -> line.contains(":"))
                                .anyMatch(line -> Arrays.asList(line.substring(line.indexOf(':') + 1)
                                                .split(","))
                                        .contains(target));
                        boolean ended = texts.get(i).contains("</think>");
                        return found ? 1 : ended ? 0 : 0.5;
                    })
                    .toArray();
        }
    }

    @Test
    @DisplayName("a search that somebody leads who knows finds more the wider it is; greedy and narrow it is plain")
    void beams() {
        Attempts attempts = attempts(60, true);
        Knowing judge = new Knowing();
        ScalingCurve curve = new StepBeamSearch(attempts, judge, 4, 32, MOST + 24).widths(List.of(1, 3));
        double plain = evaluation(60, 1, true, List.of(1)).passAt1();
        assertThat(accuracy(curve, 0)).isGreaterThan(plain + 0.1);
        assertThat(accuracy(curve, 1)).isGreaterThanOrEqualTo(accuracy(curve, 0));
        assertThat(curve.points().get(1).tokens())
                .isGreaterThan(curve.points().get(0).tokens());
        ScalingPoint greedy = new StepBeamSearch(attempts(60, false), judge, 1, 64, MOST + 24)
                .widths(List.of(1))
                .points()
                .getFirst();
        Evaluation greedily = evaluation(60, 1, false, List.of(1));
        assertThat(greedy.accuracy().value()).isEqualTo(greedily.passAt1());
        assertThat(greedy.tokens())
                .isEqualTo(greedily.metrics().get("mean_length").value(), within(1e-9));
    }

    @Test
    @DisplayName("a process reward model reads its head behind the last step, alone and among others")
    void processRewardModel() {
        CausalLM head =
                CausalLM.loadScoring(BUNDLED, new Head.Scores(2, true), ModelOptions.DEFAULT, Optional.empty(), 3);
        ProcessRewardModel judge = new ProcessRewardModel(HeldModel.resident(head), "\n");
        String prompt = "3 7 15 = 36\n";
        List<String> texts = List.of("<think>\n7+3=10:25,5\n", "<think>\n7+3=10:25,5\n7*3=21:36\n", " \n");
        double[] together = judge.last(List.of(prompt, prompt, prompt), texts);
        assertThat(together[2]).isZero();
        assertThat(judge.steps(texts.get(1))).containsExactly("<think>", "7+3=10:25,5", "7*3=21:36");
        for (int i = 0; i < 2; i++) {
            assertThat(judge.last(List.of(prompt), List.of(texts.get(i)))[0]).isEqualTo(together[i]);
            IntStream tokens = Arrays.stream(head.tokenizer().encode(prompt, false));
            for (String step : judge.steps(texts.get(i))) {
                tokens = IntStream.concat(tokens, Arrays.stream(head.tokenizer().encode(step, false)));
                tokens = IntStream.concat(tokens, Arrays.stream(head.tokenizer().encode("\n", false)));
            }
            float[] z =
                    new SequenceScorer(head).scores(List.of(tokens.toArray())).getFirst();
            assertThat(together[i]).isCloseTo(1 / (1 + Math.exp(z[0] - z[1])), within(1e-12));
        }
        assertThatThrownBy(() -> new ProcessRewardModel(HeldModel.resident(MODEL), "\n"))
                .hasMessageContaining("is a language model", "jacobian prm");
    }
}
