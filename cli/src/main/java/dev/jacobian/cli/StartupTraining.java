// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The training run behind the ahead-of-time cache (JEP 483 and 514) that the launcher builds: it runs the common commands
 * once, briefly, so that the JVM records which classes they load, and later starts read those from the cache, parsed.
 *
 * <p>The launcher starts this class instead of {@link Main} with {@code -XX:AOTCacheOutput}. What it computes is thrown
 * away, and nothing depends on its success: without a cache the same commands load the same classes from the jars.
 *
 * <p>JEP 515 would also record how methods branch, so that the JIT starts earlier. As of JDK 25 a JVM does so only if no
 * incubator module is in its boot layer, and the Vector API is one.
 */
public final class StartupTraining {
    private StartupTraining() {}

    /**
     * Runs the commands.
     *
     * @param args a folder that the training step may write its run to
     */
    public static void main(String[] args) {
        String model = BundledModel.folder().toString();
        String run = Path.of(args[0]).resolve("run").toString();
        String prompt = "3 7 15 = 36\n";
        List<String[]> commands = List.of(
                new String[] {"--help"},
                new String[] {"generate", "--model", model, "--prompt", prompt, "--max-new-tokens", "4"},
                new String[] {"generate", "--model", model, "--prompt", prompt, "--max-new-tokens", "4", "--json"},
                new String[] {"inspect", "--model", model},
                new String[] {"eval", "--model", model, "--problems", "2", "--samples", "2", "--max-new-tokens", "4"},
                new String[] {
                    "rl",
                    "--steps",
                    "1",
                    "--prompts",
                    "2",
                    "--group-size",
                    "2",
                    "--out",
                    run,
                    "--set",
                    "eval_problems=2",
                    "--set",
                    "final_eval_problems=2",
                    "--set",
                    "max_completion_length=8"
                });
        PrintStream discarded = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        int worst = 0;
        for (String[] command : commands) {
            worst = Math.max(worst, Cli.run(onCpu(command), InputStream.nullInputStream(), discarded, System.err));
        }
        System.exit(worst);
    }

    /** Where there is a GPU too: a build must not wait for one that is busy. */
    private static String[] onCpu(String... command) {
        return command[0].startsWith("-")
                ? command
                : Stream.concat(Stream.of(command), Stream.of("--device", "cpu"))
                        .toArray(String[]::new);
    }
}
