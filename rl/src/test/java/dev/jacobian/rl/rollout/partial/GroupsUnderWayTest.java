// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.partial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.LearnedSegments;
import dev.jacobian.rl.config.PartialConfig;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which groups are sampled, wait and are handed out, with a sampler whose samples have known lengths. */
class GroupsUnderWayTest {
    private static final int BUDGET = 4;
    private static final int SAMPLES = 2;

    private final List<Integer> waves = new ArrayList<>(); // groups of each
    private long next;

    private static PartialConfig config(int budget, int inflight) {
        return ConfigTree.with(
                ConfigTree.with(PartialConfig.NONE, "rollout_token_budget", budget), "inflight_groups", inflight);
    }

    private List<Curriculum.Draw> draws(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Curriculum.Draw(new Addition().trainProblem(0, next), next++))
                .toList();
    }

    /** Samples of group k end with so many tokens; {@code version} is what the tokens say, too. */
    private GroupsUnderWay.Wave wave(long version, IntFunction<int[]> lengths) {
        return (requests, pauseAfter) -> {
            waves.add(requests.size());
            return requests.stream()
                    .map(request -> sampled(request, pauseAfter, version, lengths.apply((int) request.key())))
                    .toList();
        };
    }

    private static Group sampled(RolloutTask.Request request, int pauseAfter, long version, int[] lengths) {
        List<Trajectory> samples = new ArrayList<>();
        for (int s = 0; s < SAMPLES; s++) {
            int sample = s;
            Trajectory begun = request.begun()
                    .map(group -> group.samples().get(sample))
                    .orElseGet(() -> Trajectory.ofPrompt(new int[] {7, 7}));
            if (begun.finish() == FinishReason.PAUSED) {
                int more = Math.min(lengths[s] - begun.choices(), pauseAfter);
                int[] tokens = new int[more];
                Arrays.fill(tokens, (int) version);
                float[] logProbs = new float[more];
                Arrays.fill(logProbs, -1f - version);
                boolean ends = begun.choices() + more == lengths[s];
                begun = begun.chosen(tokens, logProbs, version, ends ? FinishReason.STOP : FinishReason.PAUSED);
            }
            samples.add(begun);
        }
        return new Group(request.problem(), request.key(), 2, samples);
    }

    /** Group 0 has a sample of three waves, all others end in their first. */
    private static int[] lengths(int key) {
        return key == 0 ? new int[] {3, 10} : new int[] {2, 4};
    }

    /** Rollout version + 1, as it is where sampling and learning take turns. */
    private List<Group> next(GroupsUnderWay underWay, int count, long version) {
        return next(underWay, count, (int) version + 1, version);
    }

    private List<Group> next(GroupsUnderWay underWay, int count, int rollout, long version) {
        return underWay.next(count, rollout, this::draws, wave(version, GroupsUnderWayTest::lengths));
    }

    private static List<Long> keys(List<Group> groups) {
        return groups.stream().map(Group::key).toList();
    }

    @Test
    @DisplayName("a group is handed out when all its members are there, in the order of the draws, and as many as are"
            + " wanted; what waits counts as under way")
    void waits() {
        GroupsUnderWay underWay = new GroupsUnderWay(config(BUDGET, 4), 2, SAMPLES);
        assertThat(keys(next(underWay, 2, 0))).containsExactly(1L, 2L);
        assertThat(underWay.paused()).isEqualTo(1);
        assertThat(keys(next(underWay, 2, 1))).as("3 was whole, 0 is not").containsExactly(3L, 4L);
        List<Group> third = next(underWay, 2, 2);
        assertThat(keys(third)).containsExactly(0L, 5L);
        assertThat(waves)
                .as("groups of each wave: of 4, those that are whole rest")
                .containsExactly(4, 3, 3);
        Trajectory longest = third.getFirst().samples().get(1);
        assertThat(longest.finish()).isEqualTo(FinishReason.STOP);
        assertThat(longest.versions().runs()).hasSize(3);
        assertThat(longest.from(2)).containsExactly(0, 0, 0, 0, 1, 1, 1, 1, 2, 2);
        assertThat(longest.chosenLogProbs()).containsExactly(-1, -1, -1, -1, -2, -2, -2, -2, -3, -3);
        for (Group group : third) {
            assertThat(group.isPaused()).isFalse();
        }
    }

    @Test
    @DisplayName("a step that has enough samples nothing, and is counted so")
    void rests() {
        GroupsUnderWay underWay = new GroupsUnderWay(config(BUDGET, 5), 2, SAMPLES);
        next(underWay, 2, 0);
        RolloutCounts first = underWay.counted();
        assertThat(first.waves()).isEqualTo(1);
        assertThat(first.sequentialTokens()).isEqualTo(4);
        assertThat(first.recomputedTokens()).isZero();
        assertThat(keys(next(underWay, 2, 1))).containsExactly(3L, 4L);
        assertThat(underWay.counted().waves()).isZero();
        next(underWay, 2, 2);
        RolloutCounts third = underWay.counted();
        assertThat(third.continued()).isEqualTo(1);
        assertThat(third.recomputedTokens()).as("prompt and four tokens").isEqualTo(6);
    }

    @Test
    @DisplayName("where as many are under way as are wanted, all are waited for, with the same weights")
    void waitsForAll() {
        GroupsUnderWay underWay = new GroupsUnderWay(config(BUDGET, 3), 3, SAMPLES);
        List<Group> groups = next(underWay, 3, 5);
        assertThat(keys(groups)).containsExactly(0L, 1L, 2L);
        assertThat(waves).containsExactly(3, 1, 1);
        assertThat(groups.getFirst().samples().get(1).versions().runs()).hasSize(1);
        assertThat(underWay.counted().continued()).as("under other weights").isZero();
    }

    @Test
    @DisplayName("without a budget everything is sampled to its end at once")
    void noBudget() {
        GroupsUnderWay underWay = new GroupsUnderWay(PartialConfig.NONE, 3, SAMPLES);
        assertThat(keys(next(underWay, 3, 0))).containsExactly(0L, 1L, 2L);
        assertThat(waves).containsExactly(3);
    }

    @Test
    @DisplayName("a sample that as many weights have written as may is given up before others write it")
    void abandoned() {
        PartialConfig config = ConfigTree.with(config(BUDGET, 4), "max_rollout_iterations", 2);
        GroupsUnderWay underWay = new GroupsUnderWay(config, 2, SAMPLES);
        next(underWay, 2, 0);
        next(underWay, 2, 1);
        List<Group> third = next(underWay, 2, 2);
        assertThat(keys(third)).containsExactly(0L, 5L);
        Trajectory longest = third.getFirst().samples().get(1);
        assertThat(longest.finish()).isEqualTo(FinishReason.ABANDONED);
        assertThat(longest.finish().isCut()).isTrue();
        assertThat(longest.choices()).isEqualTo(8);
        assertThat(third.getFirst().samples().getFirst().finish()).isEqualTo(FinishReason.STOP);
    }

    @Test
    @DisplayName("rollouts are counted, not weights: sampled ahead, several rollouts have the same ones")
    void countsRollouts() {
        PartialConfig config = ConfigTree.with(config(BUDGET, 4), "max_rollout_iterations", 2);
        GroupsUnderWay underWay = new GroupsUnderWay(config, 2, SAMPLES);
        next(underWay, 2, 1, 0);
        assertThat(underWay.counted().continued()).isZero();
        next(underWay, 2, 2, 0);
        assertThat(underWay.counted().continued()).as("in the second").isEqualTo(1);
        Trajectory longest = next(underWay, 2, 3, 0).getFirst().samples().get(1);
        assertThat(longest.finish()).as("before the third").isEqualTo(FinishReason.ABANDONED);
        assertThat(longest.choices()).isEqualTo(8);
        assertThat(longest.versions().runs()).hasSize(1);

        next = 0;
        GroupsUnderWay waves =
                new GroupsUnderWay(ConfigTree.with(config(BUDGET, 3), "max_rollout_iterations", 2), 3, SAMPLES);
        assertThat(next(waves, 3, 1, 0).getFirst().samples().get(1).finish())
                .as("three waves of one rollout")
                .isEqualTo(FinishReason.STOP);
    }

    @Test
    @DisplayName("how many rollouts have written a sample is in the checkpoint")
    void remembersRollouts() {
        PartialConfig config = ConfigTree.with(config(BUDGET, 4), "max_rollout_iterations", 2);
        GroupsUnderWay underWay = new GroupsUnderWay(config, 2, SAMPLES);
        next(underWay, 2, 1, 0);
        next(underWay, 2, 2, 0);
        ObjectNode state = Json.object();
        underWay.save(folder, state);
        GroupsUnderWay resumed = new GroupsUnderWay(config, 2, SAMPLES);
        resumed.restore(folder, state);
        assertThat(next(resumed, 2, 3, 0).getFirst().samples().get(1).finish()).isEqualTo(FinishReason.ABANDONED);
        state.putArray("rollouts").add(0);
        assertThatThrownBy(() -> resumed.restore(folder, state))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("'rollouts' must hold a number from 1 on for each of the ");
    }

    // What is learned from

    /** Sample 0 has ended under version 0; sample 1 was written by versions 0, 2 and 4, where a rollout makes two steps. */
    private static ScoredGroup scored() {
        Trajectory prompt = Trajectory.ofPrompt(new int[] {7, 7});
        Trajectory ended = prompt.chosen(new int[] {1}, new float[] {-1}, 0, FinishReason.STOP);
        Trajectory longer = prompt.chosen(new int[] {1, 2}, new float[] {-1, -2}, 0, FinishReason.PAUSED)
                .chosen(new int[] {3}, new float[] {-3}, 2, FinishReason.PAUSED)
                .given(new int[] {9})
                .chosen(new int[] {4, 5}, new float[] {-4, -5}, 4, FinishReason.STOP);
        return new ScoredGroup(
                new Group(new Addition().trainProblem(0, 0), 0, 2, List.of(ended, longer)),
                List.of("a", "b"),
                new double[] {1, 31},
                new boolean[] {true, true},
                new boolean[] {true, false},
                Optional.of(new double[][] {{1}, {1, 2, 4, 8, 16}}),
                Map.of());
    }

    private static ScoredGroup learned(LearnedSegments from, int age) {
        return new SegmentPolicy(from, age, 2).of(scored(), 4).orElseThrow();
    }

    @Test
    @DisplayName("all: the group as it is")
    void all() {
        ScoredGroup group = scored();
        assertThat(new SegmentPolicy(LearnedSegments.ALL, 0, 2).of(group, 4)).containsSame(group);
    }

    @Test
    @DisplayName(
            "current: what these weights chose; the rest stands as what a tool says, a sample without any is compared"
                    + " with only")
    void current() {
        ScoredGroup group = learned(LearnedSegments.CURRENT, 0);
        Trajectory longer = group.group().samples().get(1);
        assertThat(longer.tokens()).as("nothing is cut").containsExactly(7, 7, 1, 2, 3, 9, 4, 5);
        assertThat(longer.chosenLogProbs()).containsExactly(-4, -5);
        assertThat(longer.chosen()).containsExactly(false, false, false, false, false, false, true, true);
        assertThat(group.counts()).containsExactly(false, true);
        assertThat(group.rewards()).containsExactly(1, 31);
        assertThat(group.tokenRewards().orElseThrow()[1]).containsExactly(8, 16);
        assertThat(group.tokenRewards().orElseThrow()[0]).isEmpty();
    }

    @Test
    @DisplayName("recent: rollouts are counted, not optimizer steps; what a token earned that does not count is the"
            + " choice's before")
    void recent() {
        assertThat(learned(LearnedSegments.RECENT, 1).group().samples().get(1).chosenLogProbs())
                .containsExactly(-3, -4, -5);
        assertThat(learned(LearnedSegments.RECENT, 2).counts()).containsExactly(true, true);
        ScoredGroup middle = scored().choicesOf(version -> version == 0);
        assertThat(middle.tokenRewards().orElseThrow()[1]).containsExactly(1, 30);
    }

    @Test
    @DisplayName("a group that has nothing to learn from is left out")
    void nothing() {
        assertThat(new SegmentPolicy(LearnedSegments.CURRENT, 0, 2).of(scored(), 6))
                .isEmpty();
        assertThat(new SegmentPolicy(LearnedSegments.RECENT, 1, 2).of(scored(), 6))
                .isPresent();
    }

    @Test
    @DisplayName("running in circles costs what it is set to, at the last token where tokens earn")
    void penalty() {
        ScoredGroup group = scored();
        List<Trajectory> samples = new ArrayList<>(group.group().samples());
        Trajectory last = samples.get(1);
        samples.set(
                1,
                new Trajectory(
                        last.tokens(), last.chosen(), last.logProbs(), last.versions(), FinishReason.REPETITION));
        ScoredGroup circling = new ScoredGroup(
                new Group(group.group().problem(), 0, 2, samples),
                group.texts(),
                group.rewards(),
                group.counts(),
                group.solved(),
                group.tokenRewards(),
                group.parts());
        ScoredGroup less = circling.withRepetitionPenalty(0.5);
        assertThat(less.rewards()).containsExactly(1, 30.5);
        assertThat(less.tokenRewards().orElseThrow()[1]).containsExactly(1, 2, 4, 8, 15.5);
        assertThat(circling.rewards()).as("the old one").containsExactly(1, 31);
    }

    // Checkpoints

    @TempDir
    Path folder;

    @Test
    @DisplayName("what waits is in the checkpoint, and goes on to the same groups")
    void checkpoint() {
        GroupsUnderWay underWay = new GroupsUnderWay(config(BUDGET, 4), 2, SAMPLES);
        next(underWay, 2, 0);
        ObjectNode state = Json.object();
        underWay.save(folder, state);
        GroupsUnderWay resumed = new GroupsUnderWay(config(BUDGET, 4), 2, SAMPLES);
        resumed.restore(folder, state);
        assertThat(resumed.paused()).isEqualTo(1);
        long draws = next;
        for (long version = 1; version < 3; version++) {
            next = draws + 3 * (version - 1);
            List<Group> expected = next(underWay, 2, version);
            next = draws + 3 * (version - 1);
            List<Group> actual = next(resumed, 2, version);
            assertThat(keys(actual)).isEqualTo(keys(expected));
            for (int g = 0; g < 2; g++) {
                assertThat(actual.get(g).problem()).isEqualTo(expected.get(g).problem());
                for (int s = 0; s < SAMPLES; s++) {
                    Trajectory a = actual.get(g).samples().get(s);
                    Trajectory e = expected.get(g).samples().get(s);
                    assertThat(a.tokens()).isEqualTo(e.tokens());
                    assertThat(a.logProbs()).isEqualTo(e.logProbs());
                    assertThat(a.versions()).isEqualTo(e.versions());
                    assertThat(a.finish()).isEqualTo(e.finish());
                }
            }
        }
    }

    @Test
    @DisplayName(
            "a checkpoint that says nothing of it has nothing under way; a damaged or foreign file is one clear error")
    void broken() throws IOException {
        GroupsUnderWay underWay = new GroupsUnderWay(config(BUDGET, 4), 2, SAMPLES);
        next(underWay, 2, 0);
        ObjectNode state = Json.object();
        underWay.save(folder, state);
        underWay.restore(folder, Json.object().path("under_way"));
        assertThat(underWay.paused()).isZero();

        Path file = folder.resolve(GroupsUnderWay.FILE);
        byte[] bytes = Files.readAllBytes(file);
        assertThatThrownBy(() -> underWay.restore(folder, Json.object().put("groups", 5)))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(GroupsUnderWay.FILE)
                .hasMessageContaining("2 groups where 5");
        bytes[bytes.length / 2] ^= 4;
        Files.write(file, bytes);
        assertThatThrownBy(() -> underWay.restore(folder, state))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(GroupsUnderWay.FILE);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 9));
        assertThatThrownBy(() -> underWay.restore(folder, state))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(GroupsUnderWay.FILE);
        Files.delete(file);
        assertThatThrownBy(() -> underWay.restore(folder, state)).hasMessageContaining(GroupsUnderWay.FILE);
    }
}
