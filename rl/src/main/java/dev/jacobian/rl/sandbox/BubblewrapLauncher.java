// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Walls that bubblewrap builds (version 0.8 or later): the namespaces of {@link NamespaceLauncher}, and a {@link CallFilter filter}
 * of system calls.
 *
 * <p>Its process 1 reaps what the program leaves, and its end ends all of it. That process has the program's user and namespace, so the kernel would let
 * the program read and write its memory; {@code /proc/1} is covered therefore. The folders that it makes in memory without a size
 * ({@code /} and {@code /dev}) are read-only in the end, or a program could fill the machine's memory with files there.
 *
 * @param bubblewrap its command
 */
record BubblewrapLauncher(String bubblewrap) implements Launcher {
    private static final int FILTER = 5;
    private static final Pattern EXIT = Pattern.compile("\"exit-code\":\\s*(\\d{1,3})");
    private static final List<String> TOP = List.of("bin", "sbin", "lib", "lib32", "lib64", "libx32");
    private static final List<String> SETTINGS = List.of("/etc/ld.so.cache", "/etc/alternatives");

    /** Closes our descriptors for the program. */
    private static final String START = "exec \"$@\" " + STATUS + ">&- " + FILTER + ">&-";

    @Override
    public Isolation isolation() {
        return Isolation.BUBBLEWRAP;
    }

    @Override
    public Optional<String> problem() {
        return Tools.missing(bubblewrap, "setpriv", "prlimit", "timeout");
    }

    @Override
    public String programFolder(Path host) {
        return "/program";
    }

    @Override
    public List<String> command(Request request) {
        Optional<byte[]> filter = CallFilter.program();
        Path file = request.folder().resolve("filter");
        try {
            Files.write(file, filter.orElseGet(() -> new byte[0]));
        } catch (IOException e) {
            throw new SandboxException("cannot write " + file, e);
        }
        List<String> command = new ArrayList<>(Launcher.opening(request));
        int shell = command.indexOf("timeout");
        command.addAll(
                shell,
                List.of("/bin/sh", "-c", "exec " + FILTER + "<\"$1\"; shift; exec \"$@\"", "sh", file.toString()));
        command.addAll(Launcher.identity(request.user()));
        command.addAll(List.of(
                bubblewrap,
                "--unshare-user",
                "--unshare-all",
                "--disable-userns",
                "--die-with-parent",
                "--new-session",
                "--uid",
                "1000",
                "--gid",
                "1000"));
        addFolders(request, command);
        command.addAll(List.of("--chdir", "/box", "--json-status-fd", Integer.toString(STATUS)));
        if (filter.isPresent()) {
            command.addAll(List.of("--seccomp", Integer.toString(FILTER)));
        }
        command.addAll(List.of("--", "/bin/sh", "-c", START, "sandbox"));
        command.addAll(Launcher.resources(request));
        command.addAll(request.command());
        return command;
    }

    private static void addFolders(Request request, List<String> command) {
        command.addAll(List.of("--ro-bind", "/usr", "/usr"));
        for (String top : TOP) {
            Path path = Path.of("/" + top);
            if (Files.isSymbolicLink(path)) {
                command.addAll(List.of("--symlink", Tools.linkTarget(path), "/" + top));
            } else if (Files.isDirectory(path)) {
                command.addAll(List.of("--ro-bind", "/" + top, "/" + top));
            }
        }
        SETTINGS.forEach(setting -> command.addAll(List.of("--ro-bind-try", setting, setting)));
        for (Path needed : request.folders()) {
            if (!needed.startsWith("/usr")) {
                command.addAll(List.of("--ro-bind", needed.toString(), needed.toString()));
            }
        }
        Path users = Tools.write(request.folder().resolve("passwd"), "sandbox:x:1000:1000::/box:/bin/sh\n");
        String size = Long.toString(request.limits().fileBytes());
        command.addAll(List.of("--ro-bind", users.toString(), "/etc/passwd", "--proc", "/proc", "--dev", "/dev"));
        command.addAll(List.of("--size", "4096", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1"));
        for (String folder : List.of("/dev/shm", "/tmp", "/box")) {
            command.addAll(List.of("--size", size, "--tmpfs", folder));
        }
        command.addAll(List.of("--ro-bind", request.program().toString(), "/program"));
        command.addAll(List.of("--remount-ro", "/dev", "--remount-ro", "/"));
    }

    @Override
    public boolean started(String status) {
        return status.contains("\"child-pid\"");
    }

    @Override
    public OptionalInt exitCode(String status) {
        return EXIT.matcher(status)
                .results()
                .map(MatchResult::group)
                .mapToInt(found -> Integer.parseInt(found.replaceAll("\\D", "")))
                .findFirst();
    }
}
