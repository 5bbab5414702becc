// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupStoreTest {

    @TempDir
    Path folder;

    @Test
    void whatIsReadIsWhatWasWritten() {
        Path file = folder.resolve("buffer.groups");
        for (int seed = 0; seed < 200; seed++) {
            List<ScoredGroup> groups = new StoredGroups(seed).scored(seed % 4);
            GroupStore.write(file, groups);
            assertSame(GroupStore.read(file), groups);

            List<Group> plain = groups.stream().map(ScoredGroup::group).toList();
            GroupStore.writeGroups(file, plain);
            List<Group> read = GroupStore.readGroups(file);
            assertThat(read).hasSameSizeAs(plain);
            for (int i = 0; i < plain.size(); i++) {
                assertSame(read.get(i), plain.get(i));
            }
        }
    }

    private static void assertSame(List<ScoredGroup> read, List<ScoredGroup> written) {
        assertThat(read).hasSameSizeAs(written);
        for (int i = 0; i < written.size(); i++) {
            ScoredGroup a = read.get(i);
            ScoredGroup b = written.get(i);
            assertSame(a.group(), b.group());
            assertThat(a.texts()).isEqualTo(b.texts());
            assertThat(bits(a.rewards())).isEqualTo(bits(b.rewards()));
            assertThat(a.counts()).isEqualTo(b.counts());
            assertThat(a.solved()).isEqualTo(b.solved());
            assertThat(a.tokenRewards().map(GroupStoreTest::bits))
                    .usingRecursiveComparison()
                    .isEqualTo(b.tokenRewards().map(GroupStoreTest::bits));
            assertThat(List.copyOf(a.parts().keySet()))
                    .isEqualTo(List.copyOf(b.parts().keySet()));
            b.parts()
                    .forEach((name, scores) ->
                            assertThat(bits(a.parts().get(name))).isEqualTo(bits(scores)));
            assertThat(bits(a.extra())).isEqualTo(bits(b.extra()));
        }
    }

    private static void assertSame(Group read, Group written) {
        assertThat(read.problem()).isEqualTo(written.problem());
        assertThat(List.copyOf(read.problem().columns().values().keySet()))
                .isEqualTo(List.copyOf(written.problem().columns().values().keySet()));
        assertThat(read.key()).isEqualTo(written.key());
        assertThat(read.promptLength()).isEqualTo(written.promptLength());
        assertThat(read.size()).isEqualTo(written.size());
        for (int i = 0; i < written.size(); i++) {
            Trajectory a = read.samples().get(i);
            Trajectory b = written.samples().get(i);
            assertThat(a.tokens()).isEqualTo(b.tokens());
            assertThat(a.chosen()).isEqualTo(b.chosen());
            assertBits("log-probabilities", a.logProbs(), b.logProbs());
            assertThat(a.versions()).isEqualTo(b.versions());
            assertThat(a.finish()).isEqualTo(b.finish());
            assertThat(a.episode()).isEqualTo(b.episode());
        }
    }

    private static long[] bits(double[] values) {
        return Arrays.stream(values).mapToLong(Double::doubleToRawLongBits).toArray();
    }

    private static long[][] bits(double[][] values) {
        return Arrays.stream(values).map(GroupStoreTest::bits).toArray(long[][]::new);
    }

    @Test
    void aProblemIsReadWithoutItsTask() {
        PromptTask task = new PromptTask("questions", List.of("one?", "two?"), completion -> Score.of(1));
        Path file = folder.resolve("groups");
        GroupStore.writeGroups(
                file, task.allProblems().stream().map(GroupStoreTest::group).toList());
        assertThat(GroupStore.readGroups(file)).extracting(Group::problem).isEqualTo(task.allProblems());
    }

    private static Group group(Problem problem) {
        return new Group(problem, 3, 1, List.of(Trajectory.ofPrompt(new int[] {5})));
    }

    @Test
    void aBrokenByteIsNoticedWhereverItIs() throws IOException {
        Path file = folder.resolve("groups");
        GroupStore.write(file, new StoredGroups(1).scored(1));
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length; at += 5) {
            byte[] broken = whole.clone();
            broken[at] ^= 1;
            Files.write(file, broken);
            assertThatThrownBy(() -> GroupStore.read(file))
                    .isInstanceOf(FormatException.class)
                    .hasMessageStartingWith(file.toString());
            Files.write(file, Arrays.copyOf(whole, at));
            assertThatThrownBy(() -> GroupStore.read(file))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("remove the checkpoint's folder to resume from an earlier one");
        }
    }

    @Test
    void aFileOfAnotherKindOrVersionIsCalledThat() throws IOException {
        Path file = folder.resolve("groups");
        GroupStore.writeGroups(file, List.of());
        assertThatThrownBy(() -> GroupStore.read(file)).hasMessageContaining("expected scored groups");
        byte[] later = Files.readAllBytes(file);
        later[11]++;
        Files.write(file, withChecksum(later));
        assertThatThrownBy(() -> GroupStore.readGroups(file))
                .hasMessageContaining("groups of format 2. Resume with the version that wrote the file");
        Files.writeString(file, "{\"groups\": []}");
        assertThatThrownBy(() -> GroupStore.readGroups(file)).hasMessageContaining("does not begin as one of");
    }

    @Test
    void whatCannotBeStoredIsSaidOfItsProblem() {
        Path file = folder.resolve("groups");
        Problem odd = new Problem("row 7", "?", Map.of("when", Optional.of("now")));
        assertThatThrownBy(() -> GroupStore.writeGroups(file, List.of(group(odd))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("problem 'row 7': a java.util.Optional cannot be stored");
        assertThat(file).doesNotExist();
    }

    /** Broken files whose checksum is right: a clear error or groups, soon, and in memory that the file accounts for. */
    @Test
    void readsOrSaysWhatIsWrong() throws IOException {
        Path file = folder.resolve("groups");
        GroupStore.write(file, new StoredGroups(5).scored(4));
        byte[] whole = Files.readAllBytes(file);
        int inputs = Fuzz.inputs(4000);
        int read = Fuzz.run(
                inputs,
                1,
                choices -> withChecksum(broken(whole, choices)),
                input -> {
                    Files.write(file, input);
                    GroupStore.read(file);
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
    }

    private static byte[] broken(byte[] whole, Choices choices) {
        if (choices.oneIn(2)) {
            return Bytes.mutate(whole, choices);
        }
        byte[] changed = whole.clone(); // a length or a number that lies somewhere
        int at = 20 + choices.below(whole.length - 28);
        ByteBuffer.wrap(changed).putInt(at, choices.oneIn(2) ? choices.below(1 << 30) : choices.below(4) - 2);
        return changed;
    }

    private static byte[] withChecksum(byte[] file) {
        byte[] changed = file.length < 4 ? new byte[4] : file.clone();
        CRC32C checksum = new CRC32C();
        checksum.update(changed, 0, changed.length - 4);
        ByteBuffer.wrap(changed).putInt(changed.length - 4, (int) checksum.getValue());
        return changed;
    }
}
