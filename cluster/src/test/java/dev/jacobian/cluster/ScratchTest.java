// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of workers: each goes with its worker, and one whose worker was killed with the next that begins. */
class ScratchTest {
    @TempDir
    Path folder;

    /** What a killed worker leaves: its files, and a lock that nobody holds. */
    private Path left(String name) throws IOException {
        Path dead = Files.createDirectories(folder.resolve(name));
        Files.createFile(dead.resolve("lock"));
        Files.writeString(Files.createDirectory(dead.resolve("files")).resolve("weights"), "many");
        return dead;
    }

    @Test
    @DisplayName("folders of the dead go; those of the living, of others and behind links stay")
    void tidies() throws IOException {
        Path dead = left("jacobian-worker-1");
        Path foreign = left("another-program");
        Path unlocked = Files.createDirectory(folder.resolve("jacobian-worker-2"));
        Path link = Files.createSymbolicLink(folder.resolve("jacobian-worker-3"), foreign);
        Path living;
        try (Scratch first = Scratch.in(Optional.of(folder))) {
            assertThat(dead).doesNotExist();
            assertThat(foreign.resolve("files/weights")).exists();
            assertThat(unlocked).exists();
            assertThat(link).exists();
            living = Files.writeString(first.files().resolve("weights"), "many");
            try (Scratch second = Scratch.in(Optional.of(folder))) {
                assertThat(living).exists();
                assertThat(second.files()).isEmptyDirectory().isNotEqualTo(first.files());
            }
            assertThat(living).exists();
        }
        assertThat(living.getParent().getParent()).doesNotExist();
    }

    @Test
    @DisplayName("a worker that is killed leaves its folder to the next, and one that lives keeps its own")
    void killed() throws Exception {
        try (WorkerProcess killed = new WorkerProcess(folder);
                WorkerProcess living = new WorkerProcess(folder)) {
            assertThat(folder.toFile().listFiles(file -> file.getName().startsWith("jacobian-worker-")))
                    .hasSize(2);
            killed.kill();
            try (Scratch next = Scratch.in(Optional.of(folder))) {
                assertThat(folder.toFile().listFiles(file -> file.getName().startsWith("jacobian-worker-")))
                        .hasSize(2);
                assertThat(next.files()).isEmptyDirectory();
            }
            assertThat(living.isAlive()).isTrue();
        }
    }
}
