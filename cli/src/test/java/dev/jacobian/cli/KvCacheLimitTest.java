// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kv_cache_gb} of all commands that sample: the same results in little memory, one clear error in too little. */
class KvCacheLimitTest {
    private static final Path MODEL = TestPaths.model("arith-qwen3");

    /** A sample of 24 tokens of this model takes 24 KiB. */
    private static final String LITTLE = "0.00004";

    private static final String TOO_LITTLE = "0.000001";

    @TempDir
    Path folder;

    @BeforeEach
    void home() {
        System.setProperty("jacobian.home", TestPaths.project().toString());
    }

    private static Run run(List<Object> command, Object... more) {
        List<Object> args = new ArrayList<>(command);
        args.addAll(List.of(more));
        return Run.of(args.toArray());
    }

    @Test
    @DisplayName("generate and eval give the same in little memory, and refuse too little before the first token")
    void sampling() throws IOException {
        Path ids = Files.writeString(folder.resolve("ids.json"), "[[1, 2, 3], [4, 5], [1, 2, 3, 6, 7]]");
        List<Object> generate =
                List.of("generate", "--json", "--model", MODEL, "--input-ids", ids, "--max-new-tokens", 16);
        List<Object> eval = List.of(
                "eval",
                "--json",
                "--model",
                MODEL,
                "--task",
                "addition",
                "--problems",
                12,
                "--samples",
                2,
                "--max-new-tokens",
                24);
        for (List<Object> command : List.of(generate, eval)) {
            assertThat(run(command, "--kv-cache-gb", LITTLE).json())
                    .isEqualTo(run(command).json());
            assertThat(run(command, "--kv-cache-gb", LITTLE, "--kv-swap-gb", LITTLE)
                            .json())
                    .isEqualTo(run(command).json());
            Run alone = run(command, "--kv-swap-gb", LITTLE);
            assertThat(alone.code()).isEqualTo(2);
            assertThat(alone.err()).contains("--kv-swap-gb is memory beside --kv-cache-gb");
            Run refused = run(command, "--kv-cache-gb", TOO_LITTLE);
            assertThat(refused.code()).isEqualTo(1);
            assertThat(refused.failureBehindNotes()).contains("KV cache", "a larger kv_cache_gb");
            assertThat(run(command, "--kv-cache-gb", 0).code()).isEqualTo(2);
        }
        Run search = run(generate, "--num-beams", 2, "--kv-cache-gb", LITTLE);
        assertThat(search.code()).isEqualTo(2);
        assertThat(search.err()).contains("--kv-cache-gb has no effect on num_beams");
    }

    @Test
    @DisplayName(
            "rl refuses a cache that is too small for one sample before the run begins, and says how large it must be")
    void training() {
        Path out = folder.resolve("run");
        Run refused = Run.of("rl", "--json", "--steps", 1, "--set", "kv_cache_gb=" + TOO_LITTLE, "--out", out);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.failureBehindNotes())
                .contains("kv_cache_gb is", "one sample take", "max_completion_length", "kv_cache_gb=0.00", "or more");
        assertThat(out).doesNotExist();
    }
}
