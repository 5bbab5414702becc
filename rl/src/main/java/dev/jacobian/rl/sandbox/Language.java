// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How programs of a language are compiled and run. Any command can be one:
 *
 * <pre>{@code
 * Language perl = Language.of("perl", "main.pl", "/usr/bin/perl", "{program}/main.pl");
 * }</pre>
 *
 * <p>Commands are run in the program's empty working folder. In them {@code {program}} stands for the folder that has the
 * program's file, which cannot be written to, and {@code {memory}} for the limit of memory in MiB.
 *
 * <p>Decision: a compiler writes the one file that is run to standard output. So what it makes leaves its sandbox through the
 * same bounded pipe as every program's output, and no folder of the host is writable for it.
 *
 * @param name as in data sets and behind {@code ```}
 * @param file the name that the source gets
 * @param compile the compiler's command; empty if there is none
 * @param compiled the name that the compiler's output gets
 * @param run the program's command, its arguments are added
 * @param runtime what the language's own machinery needs and how it complains
 */
public record Language(
        String name, String file, List<String> compile, String compiled, List<String> run, Runtime runtime) {

    /**
     * What a language brings along.
     *
     * @param ownHeap whether it reserves far more addresses than it uses, as a JVM does, so that only what it really uses can be
     *     limited
     * @param cpuSeconds that it uses before the program's first line, added to the limit
     * @param memoryBytes that it uses besides the program's own, added to the limit
     * @param outOfMemory what standard error says when memory ran out
     * @param refused how standard error begins when the program was refused before its first line; empty: never
     * @param folders what it needs to see besides {@code /usr}
     */
    public record Runtime(
            boolean ownHeap,
            double cpuSeconds,
            long memoryBytes,
            Optional<String> outOfMemory,
            Optional<String> refused,
            List<Path> folders) {
        /** Nothing special. */
        public static final Runtime PLAIN = new Runtime(false, 0, 0, Optional.empty(), Optional.empty(), List.of());

        /** Copies the list. */
        public Runtime {
            folders = List.copyOf(folders);
        }
    }

    private static final Map<String, Supplier<Language>> KNOWN = Map.of(
            "python", Language::python,
            "python3", Language::python,
            "py", Language::python,
            "java", Language::java,
            "c", Language::c,
            "cpp", Language::cpp,
            "c++", Language::cpp,
            "sh", Language::shell,
            "shell", Language::shell);

    /** Copies the lists. */
    public Language {
        compile = List.copyOf(compile);
        run = List.copyOf(run);
        if (run.isEmpty()) {
            throw new IllegalArgumentException("language '" + name + "' has no command");
        }
        if (!file.matches("[\\w.+-]+") || !compiled.matches("[\\w.+-]*")) {
            throw new IllegalArgumentException(
                    "language '" + name + "': '" + file + "' or '" + compiled + "' is no plain file name");
        }
    }

    /** A language that is not compiled. */
    public static Language of(String name, String file, String... run) {
        return new Language(name, file, List.of(), "", List.of(run), Runtime.PLAIN);
    }

    /** One of those known here, by name or by what people write behind {@code ```}; case does not matter. */
    public static Optional<Language> named(String name) {
        return Optional.ofNullable(KNOWN.get(name.toLowerCase(Locale.ROOT))).map(Supplier::get);
    }

    /** Python 3: that of {@code /usr}. A syntax error counts as not compiled. */
    public static Language python() {
        return new Language(
                "python",
                "main.py",
                List.of(),
                "",
                List.of(tool("python3"), "{program}/main.py"),
                new Runtime(
                        false,
                        0,
                        0,
                        Optional.of("MemoryError"),
                        Optional.of("  File \"{program}/main.py\""),
                        List.of()));
    }

    /**
     * Java: the JDK that runs this. The class with {@code main} is {@code Main}. Half a second and 192 MiB are added for the virtual
     * machine; the limit of memory is that of its heap.
     */
    public static Language java() {
        Path home = realPath(Path.of(System.getProperty("java.home")));
        String bin = home.resolve("bin") + "/";
        String quick = "-J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 -J-XX:-UsePerfData -J-Xmx512m ";
        return new Language(
                "java",
                "Main.java",
                List.of(
                        "/bin/sh",
                        "-c",
                        bin + "javac " + quick
                                + "-proc:none -nowarn -encoding UTF-8 -d classes {program}/Main.java && exec " + bin
                                + "jar " + quick + "--create --no-compress -C classes ."),
                "main.jar",
                List.of(
                        bin + "java",
                        "-XX:+UseSerialGC",
                        "-XX:-UsePerfData",
                        "-Xshare:auto",
                        "-Xss64m",
                        "-Xmx{memory}m",
                        "-cp",
                        "{program}/main.jar",
                        "Main"),
                new Runtime(
                        true,
                        0.5,
                        192L << 20,
                        Optional.of("java.lang.OutOfMemoryError"),
                        Optional.empty(),
                        foldersOf(home)));
    }

    /** C: gcc with {@code -O2} and the mathematical library. */
    public static Language c() {
        return compiled("c", "main.c", "gcc", "-std=gnu17");
    }

    /** C++: g++ with {@code -O2}. */
    public static Language cpp() {
        return compiled("cpp", "main.cpp", "g++", "-std=gnu++17");
    }

    /** The machine's plain shell. */
    public static Language shell() {
        return of("shell", "main.sh", "/bin/sh", "{program}/main.sh");
    }

    private static Language compiled(String name, String file, String compiler, String standard) {
        return new Language(
                name,
                file,
                List.of(
                        "/bin/sh",
                        "-c",
                        tool(compiler) + " " + standard + " -O2 -w -o main {program}/" + file
                                + " -lm && exec cat main"),
                "main",
                List.of("{program}/main"),
                Runtime.PLAIN);
    }

    /**
     * What is missing on this machine to run the language.
     *
     * @return empty if nothing is
     */
    public Optional<String> missing() {
        List<String> needed = new ArrayList<>(run);
        compile.forEach(part -> needed.addAll(List.of(part.split(" ", -1))));
        return needed.stream()
                .filter(part -> part.startsWith("/") && !Files.isExecutable(Path.of(part)))
                .findFirst()
                .map(part -> name + " programs need " + part + ", which is not there");
    }

    /** A command with what stands for something put in. */
    static List<String> filled(List<String> command, String program, long memoryBytes) {
        String mebibytes = Long.toString(Math.max(1, memoryBytes >> 20));
        return command.stream()
                .map(part -> part.replace("{program}", program).replace("{memory}", mebibytes))
                .toList();
    }

    /** A tool below {@code /usr}, the one folder that every sandbox sees. */
    private static String tool(String name) {
        for (String folder : List.of("/usr/bin/", "/usr/local/bin/")) {
            if (Files.isExecutable(Path.of(folder + name))) {
                return folder + name;
            }
        }
        return "/usr/bin/" + name;
    }

    /** A JDK's folder, and the folders elsewhere that its links lead to: distributions keep its configuration in {@code /etc}. */
    private static List<Path> foldersOf(Path home) {
        List<Path> folders = new ArrayList<>(List.of(home));
        for (String part : List.of("conf", "lib/security", "conf/security/java.security", "lib/jvm.cfg")) {
            Path real = realPath(home.resolve(part));
            Path folder = Files.isDirectory(real) ? real : real.getParent();
            if (folder != null && folder.getNameCount() > 1 && folders.stream().noneMatch(folder::startsWith)) {
                folders.add(folder);
            }
        }
        return folders;
    }

    private static Path realPath(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException notThere) {
            return path;
        }
    }
}
