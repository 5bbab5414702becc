// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.rl.task.Turns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CurriculaTest {
    private static final int SIZE = 40;
    private static final Path CHECKPOINT = Path.of("checkpoint-3");

    /** Forty problems; the i-th has level i, pass rate i / 40, and the tag a or, every fourth, b. */
    private record Listed(int size, double solvedThreshold) implements Task {
        @Override
        public String name() {
            return "listed";
        }

        @Override
        public Problem trainProblem(long seed, long index) {
            int i = (int) (index % size);
            return new Problem(
                    "row " + i,
                    "?",
                    Map.of("level", i, "pass_rate", i / (double) size, "tag", i % 4 == 0 ? "b" : "a", "word", "hard"));
        }

        @Override
        public int trainSize() {
            return size;
        }

        @Override
        public List<Problem> evalProblems(int count) {
            return List.of();
        }

        @Override
        public WeightedRewards rewards() {
            return WeightedRewards.of(RewardFunction.named("none", completion -> Score.of(0)));
        }
    }

    @TempDir
    Path folder;

    private static final Task TASK = new Listed(SIZE, 1);
    private static final StepPlan PLAN = new StepPlan(8, 1, 1, 1, 1, false);

    private static CurriculumConfig config(Object... settings) {
        CurriculumConfig config = ConfigTree.defaults(CurriculumConfig.class);
        dev.jacobian.rl.config.Given all = new dev.jacobian.rl.config.Given();
        for (int i = 0; i < settings.length; i += 2) {
            all.set((String) settings[i], settings[i + 1], "test");
        }
        return ConfigTree.with(config, all);
    }

    private static Curriculum curriculum(Object... settings) {
        return Curricula.of(config(settings), TASK, 7, 10, PLAN, 8);
    }

    private static int place(Curriculum.Draw draw) {
        return Integer.parseInt(draw.problem().id().substring("row ".length()));
    }

    /** A group of which a share is solved. */
    private static ScoredGroup group(Problem problem, double share) {
        int size = 4;
        boolean[] counts = {true, true, true, true};
        boolean[] solved = new boolean[size];
        for (int i = 0; i < size; i++) {
            solved[i] = i < share * size;
        }
        List<Trajectory> samples = Collections.nCopies(size, Trajectory.ofPrompt(new int[] {1}));
        return new ScoredGroup(
                new Group(problem, 0, 1, samples),
                List.of("", "", "", ""),
                new double[size],
                counts,
                solved,
                Optional.empty(),
                Map.of());
    }

    /** Places that some waves of eight draw; each group comes back with its problem's share solved. */
    private static List<Integer> run(Curriculum curriculum, int waves, ToDoubleFunction<Integer> share) {
        List<Integer> places = new ArrayList<>();
        for (int wave = 0; wave < waves; wave++) {
            List<Curriculum.Draw> draws = curriculum.next(8);
            for (Curriculum.Draw draw : draws) {
                places.add(place(draw));
                curriculum.observe(group(draw.problem(), share.applyAsDouble(place(draw))));
            }
        }
        return places;
    }

    static Object[] settings(String kind) {
        return switch (kind) {
            case "easy_to_hard" -> new Object[] {"curriculum", kind, "difficulty_column", "level"};
            case "uniform_then_hard" ->
                new Object[] {"curriculum", kind, "curriculum_threshold", 0.5, "curriculum_steps", 2};
            case "mixture" ->
                new Object[] {
                    "curriculum",
                    kind,
                    "mixture_column",
                    "tag",
                    "mixture_weights",
                    weights(Map.of("a", 0.75, "b", 0.25))
                };
            default -> new Object[] {"curriculum", kind};
        };
    }

    private static dev.jacobian.rl.config.Arguments weights(Map<String, Object> weights) {
        return new dev.jacobian.rl.config.Arguments(weights);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"uniform", "easy_to_hard", "uniform_then_hard", "prioritized", "inverse_success", "mixture"})
    void aRestoredCurriculumGoesOnAsItWouldHave(String kind) {
        ToDoubleFunction<Integer> share = place -> place % 5 / 4.0;
        Curriculum whole = curriculum(settings(kind));
        List<Integer> all = run(whole, 9, share);
        Curriculum first = curriculum(settings(kind));
        List<Integer> places = run(first, 4, share);
        ObjectNode state = Json.object();
        first.save(CHECKPOINT, state);
        Curriculum second = curriculum(settings(kind));
        second.restore(CHECKPOINT, Json.parse(Json.compact(state), "state"));
        places.addAll(run(second, 5, share));
        assertThat(places).isEqualTo(all);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"uniform", "easy_to_hard", "uniform_then_hard", "prioritized", "inverse_success", "mixture"})
    void noTwoDrawsHaveTheSameKey(String kind) {
        Curriculum curriculum = curriculum(settings(kind));
        Set<Long> keys = new HashSet<>();
        for (int wave = 0; wave < 30; wave++) {
            curriculum.next(8).forEach(draw -> {
                assertThat(keys.add(draw.key())).as("key " + draw.key()).isTrue();
                assertThat(draw.key()).isBetween(0L, 1L << 48);
            });
        }
    }

    /** Places of waves of eight, of which groups come back some waves late, or never. */
    private static List<Integer> late(Curriculum curriculum, int lag, ToDoubleFunction<Integer> share) {
        List<Integer> places = new ArrayList<>();
        for (int wave = 0; wave < 12; wave++) {
            curriculum.next(8).forEach(draw -> places.add(place(draw)));
            for (int i = 8 * (wave - lag); i >= 0 && i < 8 * (wave - lag + 1); i++) {
                curriculum.observe(group(TASK.trainProblem(0, places.get(i)), share.applyAsDouble(places.get(i))));
            }
        }
        return places;
    }

    @ParameterizedTest
    @CsvSource({
        "uniform, true", "easy_to_hard, true", "mixture, true", "uniform_then_hard by level, true",
        "uniform_then_hard, false", "prioritized, false", "inverse_success, false", "in_order, true"
    })
    @DisplayName(
            "who foresees gives the same problems whenever groups come back and whatever they earned; who does not,"
                    + " does not")
    void foresight(String kind, boolean foresees) {
        Object[] settings = kind.equals("uniform_then_hard by level")
                ? new Object[] {
                    "curriculum",
                    "uniform_then_hard",
                    "curriculum_threshold",
                    20.0,
                    "curriculum_steps",
                    2,
                    "difficulty_column",
                    "level"
                }
                : settings(kind);
        assertThat(curriculum(settings).foresees()).isEqualTo(foresees);
        List<Integer> atOnce = late(curriculum(settings), 0, place -> place % 2);
        List<Integer> later = late(curriculum(settings), 3, place -> place % 2);
        List<Integer> never = late(curriculum(settings), 100, place -> place % 2);
        List<Integer> otherwise = late(curriculum(settings), 0, place -> (place + 1) % 2);
        assertThat(later.equals(atOnce)).isEqualTo(foresees);
        assertThat(never.equals(atOnce)).isEqualTo(foresees);
        assertThat(otherwise.equals(atOnce)).isEqualTo(foresees);
    }

    @Test
    @DisplayName("metrics are of the groups that came back, not of problems that are still under way")
    void measuresOfWhatCameBack() {
        Curriculum curriculum = curriculum(settings("mixture"));
        List<Curriculum.Draw> first = curriculum.next(8);
        curriculum.next(8);
        assertThat(curriculum.measures()).doesNotContainKey("curriculum/difficulty");
        first.forEach(draw -> curriculum.observe(group(draw.problem(), 1)));
        double b = first.stream().filter(draw -> place(draw) % 4 == 0).count() / 8.0;
        assertThat(b).isBetween(0.125, 0.875);
        assertThat(curriculum.measures())
                .containsEntry("curriculum/share/a", 1 - b)
                .containsEntry("curriculum/share/b", b)
                .containsEntry("curriculum/difficulty", 0.0);
        assertThat(curriculum.measures()).doesNotContainKey("curriculum/difficulty");
    }

    @Test
    void uniformDrawsEachProblemOnceAnEpochInAnotherOrder() {
        List<Integer> places = run(curriculum("curriculum", "uniform"), 10, place -> 0);
        List<Integer> sorted = IntStream.range(0, SIZE).boxed().toList();
        assertThat(places.subList(0, SIZE))
                .containsExactlyInAnyOrderElementsOf(sorted)
                .isNotEqualTo(sorted);
        assertThat(places.subList(SIZE, 2 * SIZE))
                .containsExactlyInAnyOrderElementsOf(sorted)
                .isNotEqualTo(places.subList(0, SIZE));
    }

    @Test
    void easyToHardBeginsWithTheEasiestAndEndsWithAll() {
        List<Integer> places = run(curriculum(settings("easy_to_hard")), 40, place -> 0);
        assertThat(places.subList(0, 8)).as("the easiest tenth").allMatch(place -> place < 4);
        for (int draw = 0; draw < 5 * 8; draw++) { // half of ten steps
            double open = Math.ceil((0.1 + 0.9 * (draw / 8 * 8) / 40) * SIZE);
            assertThat((double) places.get(draw)).as("draw " + draw).isLessThan(open);
        }
        assertThat(new HashSet<>(places.subList(5 * 8, places.size()))).hasSize(SIZE);
        List<Integer> byRate =
                run(curriculum("curriculum", "easy_to_hard", "difficulty_column", "pass_rate"), 1, place -> 0);
        assertThat(byRate).as("a high pass rate is easy").allMatch(place -> place >= 36);
    }

    @Test
    void afterTheWarmUpOnlyHardProblemsAreDrawn() {
        Object[] byLabel = {
            "curriculum",
            "uniform_then_hard",
            "difficulty_column",
            "level",
            "curriculum_threshold",
            30.0,
            "curriculum_steps",
            5
        };
        List<Integer> places = run(curriculum(byLabel), 15, place -> 0);
        assertThat(new HashSet<>(places.subList(0, SIZE))).hasSize(SIZE);
        assertThat(places.subList(SIZE, places.size())).allMatch(place -> place >= 30);

        List<Integer> byResults = run(
                curriculum("curriculum", "uniform_then_hard", "curriculum_threshold", 0.75, "curriculum_steps", 5),
                15,
                place -> place < 20 ? 1 : 0.25);
        assertThat(byResults.subList(SIZE, byResults.size())).allMatch(place -> place >= 20);
    }

    @Test
    void prioritizedAsksNoMoreWhatIsAlwaysSolved() {
        List<Integer> places =
                run(curriculum("curriculum", "prioritized"), 45, place -> place < 10 ? 1 : place < 20 ? 0.5 : 0);
        List<Integer> later = places.subList(10 * 8, places.size());
        assertThat(later).noneMatch(place -> place < 10);
        double half = later.stream().filter(place -> place < 20).count();
        double never = later.size() - half;
        assertThat(never / half).as("2 for each of 20 against 1 for each of 10").isCloseTo(4, within(1.2));
    }

    @Test
    void inverseSuccessAsksInProportionToOneOverTheRate() {
        Object[] settings = {"curriculum", "inverse_success", "curriculum_floor", 0.25, "success_decay", 0.0};
        List<Integer> places = run(curriculum(settings), 120, place -> place < 20 ? 1 : 0);
        List<Integer> later = places.subList(20 * 8, places.size());
        double solved = later.stream().filter(place -> place < 20).count();
        assertThat((later.size() - solved) / solved).as("1 / 0.25 against 1").isCloseTo(4, within(1.0));
    }

    @Test
    void aMixtureHasItsSharesAndEachTagItsOwnEpochs() {
        Curriculum mixture = curriculum(settings("mixture"));
        List<Integer> places = run(mixture, 50, place -> 0);
        List<Integer> tagged = places.stream().filter(place -> place % 4 == 0).toList();
        assertThat(tagged.size() / 400.0).isCloseTo(0.25, within(0.06));
        assertThat(new HashSet<>(tagged.subList(0, 10)))
                .as("ten problems have the tag")
                .hasSize(10);
        assertThat(mixture.measures().get("curriculum/share/b")).isCloseTo(tagged.size() / 400.0, within(1e-9));
    }

    @Test
    void whatIsSolvedIsRememberedWithDecay() {
        Curriculum curriculum = curriculum("curriculum", "uniform", "success_decay", 0.25);
        Problem problem = curriculum.next(1).getFirst().problem();
        curriculum.observe(group(problem, 1));
        curriculum.observe(group(problem, 0.5));
        Map<String, Double> measures = new TreeMap<>(curriculum.measures());
        assertThat(measures.get("curriculum/success_rate")).isEqualTo(0.25 * 1 + 0.75 * 0.5);
        assertThat(measures.get("curriculum/seen")).isEqualTo(1.0 / SIZE);
        assertThat(measures.get("curriculum/difficulty")).isEqualTo(1 - 0.625);
        // samples that were cut, and that mask_truncated_completions leaves out of the loss, were wrong all the same
        ScoredGroup cut = group(problem, 0.25);
        curriculum.observe(new ScoredGroup(
                cut.group(),
                cut.texts(),
                cut.rewards(),
                new boolean[cut.counts().length],
                cut.solved(),
                cut.tokenRewards(),
                cut.parts()));
        assertThat(curriculum.measures().get("curriculum/success_rate")).isEqualTo(0.25 * 0.625 + 0.75 * 0.25);
    }

    @Test
    void aTaskWithoutAListLendsSomeOfItsProblems() {
        Curriculum curriculum =
                Curricula.of(config("curriculum", "uniform", "curriculum_pool", 16), new Addition(), 3, 10, PLAN, 8);
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 8; i++) {
            curriculum.next(8).forEach(draw -> ids.add(draw.problem().id()));
        }
        assertThat(ids).hasSize(16);
    }

    @Test
    void turnsAreAFunctionOfTheirNumber() {
        Turns turns = new Turns(new double[] {0.7, 0, 0.3}, 5);
        List<Turns.Turn> inOrder = IntStream.range(0, 200).mapToObj(turns::at).toList();
        for (int n : new int[] {199, 3, 150, 0, 77}) {
            assertThat(turns.at(n)).isEqualTo(inOrder.get(n));
        }
        for (int source = 0; source < 3; source++) {
            int of = source;
            List<Long> own = inOrder.stream()
                    .filter(turn -> turn.of() == of)
                    .map(Turns.Turn::number)
                    .toList();
            assertThat(own).as("each source's turns are counted").isSorted().doesNotHaveDuplicates();
            assertThat(own).hasSize(own.isEmpty() ? 0 : own.getLast().intValue() + 1);
        }
        assertThat(inOrder).noneMatch(turn -> turn.of() == 1);
    }

    @Test
    void whatACurriculumCannotGoByIsSaidBeforeTheRun() {
        refused("the column 'stars' is missing; there are", "curriculum", "easy_to_hard", "difficulty_column", "stars");
        refused("holds hard, not a number", "curriculum", "easy_to_hard", "difficulty_column", "word");
        refused("sorts by difficulty_column", "curriculum", "easy_to_hard");
        refused("needs curriculum_threshold", "curriculum", "uniform_then_hard");
        refused(
                "the hardest problem has the difficulty 39.0",
                "curriculum",
                "uniform_then_hard",
                "difficulty_column",
                "level",
                "curriculum_threshold",
                40);
        refused(
                "the easiest problem has the difficulty 0.0, so all would be hard",
                "curriculum",
                "uniform_then_hard",
                "difficulty_column",
                "level",
                "curriculum_threshold",
                0);
        for (double threshold : new double[] {0, -1, 1.01}) {
            refused(
                    "curriculum_threshold must be above 0 and up to 1 where no difficulty_column is named, got "
                            + threshold,
                    "curriculum",
                    "uniform_then_hard",
                    "curriculum_threshold",
                    threshold);
        }
        refused(
                "curriculum_steps (10) is not below max_steps (10)",
                "curriculum",
                "uniform_then_hard",
                "curriculum_threshold",
                0.5,
                "curriculum_steps",
                10);
        refused(
                "curriculum_steps has no effect with curriculum_start=1",
                "curriculum",
                "easy_to_hard",
                "difficulty_column",
                "level",
                "curriculum_start",
                1.0,
                "curriculum_steps",
                3);
        for (String kind : List.of("uniform", "prioritized", "inverse_success", "in_order")) {
            refused("curriculum_threshold has no effect with", "curriculum", kind, "curriculum_threshold", 0.5);
            refused("curriculum_steps has no effect with", "curriculum", kind, "curriculum_steps", 3);
        }
        refused("has a list of 40", "curriculum", "uniform", "curriculum_pool", 10);
        refused("has no effect with curriculum=uniform", "curriculum", "uniform", "curriculum_floor", 0.1);
        refused("has no effect with curriculum=in_order", "difficulty_column", "level");
        refused("needs mixture_column and mixture_weights", "curriculum", "mixture", "mixture_column", "tag");
        mixtureRefused("add up to 1, but they make 0.9", Map.of("a", 0.4, "b", 0.5));
        mixtureRefused("must not be negative, got -0.5", Map.of("a", 1.5, "b", -0.5));
        mixtureRefused("names the tag 'c', which no problem has in 'tag'; there are a, b", Map.of("a", 0.5, "c", 0.5));
        mixtureRefused("says nothing of the tag 'b'", Map.of("a", 1.0));
        assertThatThrownBy(() ->
                        Curricula.of(config("curriculum", "prioritized"), new Listed(SIZE, Double.NaN), 7, 10, PLAN, 8))
                .hasMessageContaining("goes by how often a problem is solved");
    }

    private static void mixtureRefused(String message, Map<String, Object> weights) {
        refused(message, "curriculum", "mixture", "mixture_column", "tag", "mixture_weights", weights(weights));
    }

    private static void refused(String message, Object... settings) {
        assertThatThrownBy(() -> curriculum(settings)).hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.5", "-0.1", "NaN", "Infinity", "1.0000001"})
    void aPassRateThatIsNoneIsOneErrorWithFileAndRow(String rate) throws IOException {
        Path file = folder.resolve("rated.jsonl");
        String value = rate.matches("[-0-9.]+") ? rate : '"' + rate + '"';
        Files.writeString(
                file,
                IntStream.range(0, 10)
                        .mapToObj(i -> "{\"prompt\": \"1+" + i + "=\", \"answer\": \"" + (1 + i) + "\", \"pass_rate\": "
                                + value + "}\n")
                        .collect(Collectors.joining()));
        Task task = JsonlTask.of(file);
        assertThatThrownBy(() -> Curricula.of(
                        config("curriculum", "easy_to_hard", "difficulty_column", "pass_rate"), task, 7, 10, PLAN, 8))
                .isInstanceOf(dev.jacobian.io.FormatException.class)
                .hasMessageMatching("(?s).*rated.jsonl, row [0-9]+.*")
                .hasMessageContaining("the column 'pass_rate' holds " + rate + ", not a");
    }

    @Test
    void aBrokenStateIsNoticed() {
        Curriculum curriculum = curriculum("curriculum", "uniform");
        for (String broken : List.of(
                "{\"next\": 3}",
                "{\"next\": -3, \"seen\": [], \"success_rates\": []}",
                "{\"next\": 3, \"seen\": [1], \"success_rates\": []}",
                "{\"next\": 3, \"seen\": [99], \"success_rates\": [0.5]}",
                "{\"next\": 3, \"seen\": [1], \"success_rates\": [1.5]}")) {
            assertThatThrownBy(() -> curriculum.restore(CHECKPOINT, Json.parse(broken, "test")))
                    .isInstanceOf(dev.jacobian.io.FormatException.class)
                    .hasMessageContaining("trainer_state.json, curriculum");
        }
    }
}
