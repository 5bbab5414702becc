// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import dev.jacobian.jmh.Folders;
import dev.jacobian.tensor.Backends;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Where and with what a suite was measured; no names of machines or folders.
 *
 * @param processor model name
 * @param processors how many the JVM may use
 * @param os name, version, architecture
 * @param jvm vendor and version
 * @param backend this project's kernels
 * @param commit of the working tree, with {@code +} if it has changes
 */
public record Machine(String processor, int processors, String os, String jvm, String backend, String commit) {
    /** This one. */
    public static Machine here() {
        return new Machine(
                processorName(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                System.getProperty("java.vm.vendor") + " " + Runtime.version(),
                Backends.cpu().name(),
                commitHere());
    }

    /** Whether the system gives pages of 2 MiB to a process that asks; the JVM warns where it does not. */
    static boolean givesLargePages() {
        try {
            String setting = Files.readString(Path.of("/sys/kernel/mm/transparent_hugepage/enabled"));
            return setting.contains("[madvise]") || setting.contains("[always]");
        } catch (IOException noSuchFile) {
            return false;
        }
    }

    /** Name, family and model: a virtual machine's name often says no more than the maker. */
    private static String processorName() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            Map<String, String> first = lines.takeWhile(line -> !line.isBlank())
                    .map(line -> line.split(":", 2))
                    .filter(parts -> parts.length == 2)
                    .collect(Collectors.toMap(parts -> parts[0].strip(), parts -> parts[1].strip(), (x, y) -> x));
            String name = first.getOrDefault("model name", "unknown processor");
            return first.containsKey("cpu family")
                    ? "%s, family %s, model %s".formatted(name, first.get("cpu family"), first.get("model"))
                    : name;
        } catch (IOException noSuchFile) {
            return "unknown processor";
        }
    }

    private static String commitHere() {
        String commit = git("rev-parse", "--short", "HEAD");
        if (commit.isEmpty()) {
            return "unknown";
        }
        return git("status", "--porcelain", "--untracked-files=no").isEmpty() ? commit : commit + "+";
    }

    private static String git(String... arguments) {
        try {
            List<String> command = new ArrayList<>(List.of("git"));
            command.addAll(List.of(arguments));
            Process process = new ProcessBuilder(command)
                    .directory(Folders.root().toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? out : "";
        } catch (IOException noGit) {
            return "";
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
