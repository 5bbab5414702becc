// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.BufferConfig;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayBufferTest {
    private static final int GROUPS = 4;

    @TempDir
    Path folder;

    private static BufferConfig config(Object... settings) {
        Given given = new Given().set("buffer", "replay", "test");
        for (int i = 0; i < settings.length; i += 2) {
            given.set((String) settings[i], settings[i + 1], "test");
        }
        return ConfigTree.with(ConfigTree.defaults(BufferConfig.class), given);
    }

    private static ReplayBuffer buffer(Object... settings) {
        return new ReplayBuffer(config(settings), GROUPS, 11);
    }

    private static ScoredGroup group(long key, long version) {
        Trajectory sample =
                Trajectory.ofPrompt(new int[] {1}).chosen(new int[] {2}, new float[] {-1}, version, FinishReason.STOP);
        return new ScoredGroup(
                new Group(new Problem("p" + key, "?", Map.of()), key, 1, List.of(sample)),
                List.of(""),
                new double[1],
                new boolean[] {true},
                new boolean[1],
                Optional.empty(),
                Map.of());
    }

    private static List<Long> keys(List<ScoredGroup> groups) {
        return groups.stream().map(group -> group.group().key()).toList();
    }

    /** The keys that each of some steps learns from; a step of version v samples what is wanted, keyed 100 v and on. */
    private static List<List<Long>> steps(ReplayBuffer buffer, int from, int to) {
        List<List<Long>> steps = new java.util.ArrayList<>();
        for (int version = from; version < to; version++) {
            List<ScoredGroup> drawn = List.of();
            for (int key = 0; drawn.isEmpty(); ) {
                for (int i = 0; i < buffer.wanted(GROUPS, version); i++) {
                    buffer.add(group(100L * version + key++, version));
                }
                drawn = buffer.draw(GROUPS, version);
            }
            steps.add(keys(drawn));
        }
        return steps;
    }

    @Test
    void aStepLearnsFromItsFreshGroupsFirstAndFromNoneTwice() {
        List<List<Long>> steps = steps(buffer(), 0, 20);
        assertThat(steps.getFirst()).as("an empty buffer: all fresh").containsExactly(0L, 1L, 2L, 3L);
        for (int version = 1; version < 20; version++) {
            List<Long> keys = steps.get(version);
            assertThat(keys.subList(0, 2)).containsExactly(100L * version, 100L * version + 1);
            assertThat(keys.subList(2, 4)).as("from earlier steps").allMatch(key -> key < keys.getFirst());
            assertThat(new HashSet<>(keys)).hasSize(GROUPS);
        }
    }

    @Test
    void whatIsTooOldIsLearnedFromNoMore() {
        List<List<Long>> steps = steps(buffer("buffer_max_age", 2), 0, 30);
        for (int version = 0; version < 30; version++) {
            long oldest = 100L * (version - 2);
            assertThat(steps.get(version)).allMatch(key -> key >= oldest);
        }
        assertThat(steps)
                .as("some are of that age")
                .anyMatch(keys -> keys.stream().anyMatch(key -> key / 100 == keys.getFirst() / 100 - 2));
        ReplayBuffer buffer = buffer("buffer_max_age", 1);
        steps(buffer, 0, 1);
        buffer.add(group(500, 5));
        buffer.add(group(501, 5));
        assertThat(buffer.draw(GROUPS, 5))
                .as("nothing else is young enough: ask for more")
                .isEmpty();
        buffer.add(group(502, 5));
        buffer.add(group(503, 5));
        assertThat(keys(buffer.draw(GROUPS, 5))).containsExactly(500L, 501L, 502L, 503L);
    }

    @Test
    @DisplayName("a small share asks for all that is missing at once, and for its share where enough is kept")
    void asksForWhatIsMissing() {
        ReplayBuffer buffer =
                new ReplayBuffer(config(new Object[] {"buffer_fresh", 0.01, "buffer_max_age", 2}), 32, 11);
        assertThat(buffer.wanted(32, 0)).as("nothing is kept").isEqualTo(32);
        IntStream.range(0, 20).forEach(key -> buffer.add(group(key, 0)));
        assertThat(buffer.draw(32, 0)).isEmpty();
        assertThat(buffer.wanted(32, 0)).as("some were not admitted").isEqualTo(12);
        IntStream.range(20, 32).forEach(key -> buffer.add(group(key, 0)));
        assertThat(buffer.draw(32, 0)).hasSize(32);
        assertThat(buffer.wanted(32, 1)).isEqualTo(1);
        buffer.add(group(100, 1));
        assertThat(buffer.draw(32, 1)).hasSize(32);
        assertThat(buffer.wanted(32, 2)).isEqualTo(1);
        assertThat(buffer.wanted(32, 3)).as("all but one are too old").isEqualTo(31);
    }

    @Test
    void whatNothingIsLearnedFromAnyMoreIsForgotten() {
        ReplayBuffer buffer = buffer("buffer_max_age", 100);
        steps(buffer, 0, 3);
        buffer.add(group(300, 3));
        buffer.forget(group -> group.group().key() < 200 || group.group().key() == 300);
        buffer.add(group(301, 3));
        assertThat(keys(buffer.draw(GROUPS, 3)))
                .as("what was sampled for this step is its own")
                .startsWith(300L, 301L)
                .containsExactlyInAnyOrder(300L, 301L, 200L, 201L);
    }

    @Test
    void theOldestGoWhenThereAreTooMany() {
        ReplayBuffer buffer = buffer("buffer_size", 6, "buffer_max_age", 100);
        List<List<Long>> steps = steps(buffer, 0, 20);
        assertThat(buffer.measures().get("buffer/size")).isEqualTo(6.0);
        for (int version = 4; version < 20; version++) {
            long oldest = 100L * (version - 3); // six groups are three steps' fresh ones
            assertThat(steps.get(version)).allMatch(key -> key >= oldest);
        }
    }

    @Test
    void metricsSayWhatWasDrawn() {
        ReplayBuffer buffer = buffer();
        steps(buffer, 0, 2);
        assertThat(buffer.measures())
                .containsEntry("buffer/replayed", 0.5)
                .containsEntry("buffer/age_max", 1.0)
                .containsEntry("buffer/age_mean", 0.5)
                .containsEntry("buffer/uses_mean", 1.5)
                .containsEntry("buffer/size", 6.0);
    }

    @Test
    void aRestoredBufferGoesOnAsItWouldHave() {
        List<List<Long>> whole = steps(buffer(), 0, 30);
        ReplayBuffer first = buffer();
        steps(first, 0, 12);
        ObjectNode state = Json.object();
        first.save(folder, state);
        ReplayBuffer second = buffer();
        second.restore(folder, Json.parse(Json.compact(state), "state"));
        assertThat(steps(second, 12, 30)).isEqualTo(whole.subList(12, 30));
    }

    @Test
    void aBrokenBufferIsOneClearError() throws IOException {
        ReplayBuffer buffer = buffer();
        steps(buffer, 0, 3);
        ObjectNode state = Json.object();
        buffer.save(folder, state);
        ObjectNode shorter = state.deepCopy();
        shorter.putArray("uses").add(1);
        assertThatThrownBy(() -> buffer().restore(folder, shorter))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("replay_buffer.groups has 8 groups");
        Path file = folder.resolve("replay_buffer.groups");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 4;
        Files.write(file, bytes);
        assertThatThrownBy(() -> buffer().restore(folder, state))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("replay_buffer.groups: the checksum is not that of the content");
    }

    @Test
    void whatABufferCannotDoIsSaidBeforeTheRun() {
        refused(
                "buffer_max_age must be at least 1, got 0: a group of age 0 is a fresh one",
                "grpo",
                "buffer_max_age",
                0);
        refused("buffer_size is 31, less than the 32 groups of a step", "grpo", "buffer_size", 31);
        refused("buffer_fresh must be a share above 0 and below 1, got 1.0", "grpo", "buffer_fresh", 1.0);
        refused("buffer_importance must be at least 1, got 0.99", "opo", "buffer_importance", 0.99);
        refused("buffer_importance would count twice: grpo has a ratio", "grpo", "buffer_importance", 1.0);
        refused(
                "buffer_fresh of the 4 groups of a step (prompts_per_step) is all of them, rounded up",
                "grpo",
                "prompts_per_step",
                4,
                "buffer_fresh",
                0.9);
        refused(
                "learn_from_segments=current learns from no token that weights of an earlier rollout chose",
                "grpo",
                "rollout_token_budget",
                4,
                "learn_from_segments",
                "current");
        refused("opo is strictly on-policy", "opo");
        refused("nash_md compares samples with others that are drawn beside them", "nash_md");
        refused("opo has no ratio to the policy that sampled", "opo", "strict_on_policy", false);
        RlConfig weighted = config("opo", "buffer", "replay", "strict_on_policy", false, "buffer_importance", 1.0);
        assertThat(weighted.algorithm().weighting().toString()).contains("ReplayImportance[most=1.0]");
        assertThatThrownBy(() -> config("grpo", "buffer_size", 64)).hasMessageContaining("no effect with buffer=fresh");
    }

    private static RlConfig config(String method, Object... settings) {
        Given given = new Given().set("algorithm", method, "test");
        for (int i = 0; i < settings.length; i += 2) {
            given.set((String) settings[i], settings[i + 1], "test");
        }
        return RlConfig.DEFAULT.with(given);
    }

    private static void refused(String message, String method, Object... settings) {
        Object[] all = new Object[settings.length + 2];
        all[0] = "buffer";
        all[1] = "replay";
        System.arraycopy(settings, 0, all, 2, settings.length);
        assertThatThrownBy(() -> config(method, all)).hasMessageContaining(message);
    }
}
