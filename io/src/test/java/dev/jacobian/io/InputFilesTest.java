// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.io.safetensors.SafetensorsException;
import dev.jacobian.io.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is no regular file is refused at once, wherever files are read. */
@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InputFilesTest {
    @TempDir
    Path folder;

    private void assertRefused(Path file) {
        assertThatThrownBy(() -> InputFiles.read(file, 100, "files"))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll(file.getFileName().toString(), "not a file", "Only regular files");
        assertThatThrownBy(() -> Json.read(file)).isInstanceOf(FormatException.class);
        assertThatThrownBy(() -> Jsonl.read(file)).isInstanceOf(FormatException.class);
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContainingAll(file.getFileName().toString(), "not a file");
    }

    @Test
    void pipes() throws Exception {
        Path pipe = folder.resolve("pipe.json");
        try {
            assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "mkfifo failed");
        } catch (IOException e) {
            assumeTrue(false, "there is no mkfifo here");
        }
        assertRefused(pipe);
    }

    @Test
    void linksToDevices() throws Exception {
        Path zero = Path.of("/dev/zero");
        assumeTrue(Files.exists(zero), "there is no /dev/zero here");
        assertRefused(Files.createSymbolicLink(folder.resolve("zero.json"), zero));
    }

    @Test
    void folders() {
        assertRefused(folder);
    }

    @Test
    void filesAndLinksToFilesAreRead() throws Exception {
        Path file = Files.writeString(folder.resolve("a.json"), "[1]");
        Path link = Files.createSymbolicLink(folder.resolve("b.json"), file);
        assertThat(InputFiles.read(link, 3, "files")).isEqualTo("[1]".getBytes());
        assertThat(Json.read(link).get(0).intValue()).isEqualTo(1);
        assertThatThrownBy(() -> InputFiles.read(link, 2, "short files"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("short files up to 2 bytes");
        assertThatThrownBy(() -> InputFiles.read(folder.resolve("absent"), 2, "files"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("absent");
    }
}
