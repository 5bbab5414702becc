// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
    /** Larger than any process number that Linux gives, so no process has it. */
    private static final String DEAD = "999999999-1";

    @TempDir
    Path folder;

    private List<String> listing() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void replacesAndLeavesNothingBehind() throws Exception {
        Path file = folder.resolve("a.txt");
        AtomicFiles.writeString(file, "one");
        AtomicFiles.writeString(file, "zwölf");
        assertThat(file).hasContent("zwölf");
        assertThat(listing()).containsExactly("a.txt");
    }

    @Test
    void aFullDiskLeavesTheOldFileAndNoPartOfTheNew() throws Exception {
        Path file = folder.resolve("a.txt");
        AtomicFiles.writeString(file, "old");
        assertThatThrownBy(() -> AtomicFiles.write(file, channel -> {
                    AtomicFiles.writeFully(channel, ByteBuffer.wrap(new byte[1000]));
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("a.txt: No space left on device")
                .hasMessageContaining("MiB are free")
                .hasMessageContaining("untouched");
        assertThat(file).hasContent("old");
        assertThat(listing()).containsExactly("a.txt");
    }

    @Test
    void anExceptionPassesThroughAndLeavesTheOldFile() throws Exception {
        Path file = folder.resolve("a.txt");
        AtomicFiles.writeString(file, "old");
        assertThatThrownBy(() -> AtomicFiles.write(file, channel -> {
                    throw new IllegalStateException("mine");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("mine");
        assertThat(file).hasContent("old");
        assertThat(listing()).containsExactly("a.txt");
    }

    @Test
    void removesWhatAKilledProcessLeftButNothingElse() throws Exception {
        Files.writeString(folder.resolve(".a.txt.tmp-" + DEAD), "half");
        Files.writeString(folder.resolve(".b.txt.tmp-" + DEAD), "of another target");
        Files.writeString(folder.resolve(".a.txt.tmp-notes"), "not ours");
        AtomicFiles.writeString(folder.resolve("a.txt"), "new");
        assertThat(listing()).containsExactly(".a.txt.tmp-notes", ".b.txt.tmp-" + DEAD, "a.txt");
    }

    @Test
    void aWriteInsideAWriteOfTheSameFileIsNotTakenForALeftover() {
        Path file = folder.resolve("a.txt");
        AtomicFiles.write(file, channel -> {
            AtomicFiles.writeString(file, "inner");
            AtomicFiles.writeFully(channel, ByteBuffer.wrap("outer".getBytes()));
        });
        assertThat(file).hasContent("outer");
    }

    @Test
    void aFolderIsReplacedWhole() throws Exception {
        Path target = folder.resolve("checkpoint");
        AtomicFiles.writeDirectory(target, d -> {
            Files.writeString(d.resolve("old.txt"), "old");
            Files.createDirectories(d.resolve("sub"));
            Files.writeString(d.resolve("sub").resolve("x"), "x");
        });
        AtomicFiles.writeDirectory(target, d -> Files.writeString(d.resolve("new.txt"), "new"));
        assertThat(listing()).containsExactly("checkpoint");
        assertThat(target.resolve("new.txt")).hasContent("new");
        assertThat(target.resolve("old.txt")).doesNotExist();
        assertThat(target.resolve("sub")).doesNotExist();
    }

    @Test
    void aFailureInAFolderLeavesTheOldFolder() throws Exception {
        Path target = folder.resolve("checkpoint");
        AtomicFiles.writeDirectory(target, d -> Files.writeString(d.resolve("a"), "old"));
        assertThatThrownBy(() -> AtomicFiles.writeDirectory(target, d -> {
                    Files.writeString(d.resolve("a"), "new");
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(UncheckedIOException.class);
        assertThat(target.resolve("a")).hasContent("old");
        assertThat(listing()).containsExactly("checkpoint");
    }

    @Test
    void aKillBetweenTheTwoRenamesIsUndone() throws Exception {
        // What a kill there leaves: no target, the old folder under its hidden name, the new one still temporary.
        Path old = Files.createDirectory(folder.resolve(".checkpoint.old-" + DEAD));
        Files.writeString(old.resolve("a"), "old");
        Path temporary = Files.createDirectory(folder.resolve(".checkpoint.tmp-" + DEAD));
        Files.writeString(temporary.resolve("a"), "new");
        Path target = folder.resolve("checkpoint");
        assertThat(AtomicFiles.recover(target)).isTrue();
        assertThat(target.resolve("a")).hasContent("old");
        assertThat(listing()).containsExactly("checkpoint");
        assertThat(AtomicFiles.recover(target)).isFalse();
    }

    @Test
    void aFolderThatCannotBeMadeIsExplained() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> AtomicFiles.writeString(file.resolve("below"), "x"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Cannot write")
                .hasMessageContaining("below");
    }
}
