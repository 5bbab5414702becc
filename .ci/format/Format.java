// SPDX-License-Identifier: Apache-2.0

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Checks or applies the source format: palantir-java-format and the licence line. Run by Maven from the repository's root;
 * needs nothing but the formatter on the class path.
 *
 * <p>What has once been found in order is remembered in {@code target/format.ok} by its content, so a repeated check
 * costs about a second.
 */
final class Format {

    private static final String LICENCE = "// SPDX-License-Identifier: Apache-2.0\n";
    private static final Path REMEMBERED = Path.of("target", "format.ok");
    /** Folders without house sources; examples import whole modules, which the formatter cannot read yet. */
    private static final List<String> SKIPPED = List.of("target", "out", "node_modules", "examples");

    private static final Formatter FORMATTER = Formatter.createFormatter(JavaFormatterOptions.builder()
            .style(JavaFormatterOptions.Style.PALANTIR)
            .formatJavadoc(false)
            .build());

    private Format() {}

    public static void main(String[] args) throws IOException {
        boolean apply = args.length == 1 && args[0].equals("apply");
        if (!apply && !(args.length == 1 && args[0].equals("check"))) {
            System.err.println("usage: Format check|apply");
            System.exit(2);
        }
        List<Path> sources;
        try (Stream<Path> files = Files.walk(Path.of(""))) {
            sources = files.filter(f -> f.toString().endsWith(".java"))
                    .filter(Format::isOurs)
                    .sorted()
                    .toList();
        }
        var inOrder = new TreeMap<String, String>();
        if (Files.exists(REMEMBERED)) {
            Files.readAllLines(REMEMBERED).forEach(line -> inOrder.put(line, ""));
        }
        var complaints = new ConcurrentHashMap<Path, String>();
        var keys = ConcurrentHashMap.<String>newKeySet();
        sources.parallelStream().forEach(file -> {
            String source = read(file);
            if (inOrder.containsKey(key(file, source))) {
                keys.add(key(file, source));
                return;
            }
            String wanted;
            try {
                wanted = FORMATTER.formatSourceAndFixImports(withLicence(source));
            } catch (FormatterException e) {
                complaints.put(file, "does not parse: " + e.getMessage());
                return;
            }
            if (!wanted.equals(source)) {
                if (!apply) {
                    complaints.put(file, "line " + firstDifference(source, wanted));
                    return;
                }
                write(file, wanted);
                System.out.println("formatted " + file);
            }
            keys.add(key(file, wanted));
        });
        Files.createDirectories(REMEMBERED.getParent());
        Files.write(REMEMBERED, keys.stream().sorted().toList());
        new TreeMap<>(complaints).forEach((file, what) -> System.err.println(file + ": " + what));
        if (!complaints.isEmpty()) {
            System.err.println(complaints.size() + " of " + sources.size()
                    + " files are not in the house format. To mend them: scripts/format.sh");
            System.exit(1);
        }
    }

    /** Hidden folders and build output are somebody else's; this folder is the one hidden one that is ours. */
    private static boolean isOurs(Path file) {
        if (file.startsWith(Path.of(".ci"))) {
            return true;
        }
        for (Path part : file) {
            if (part.toString().startsWith(".") || SKIPPED.contains(part.toString())) {
                return false;
            }
        }
        return true;
    }

    private static String withLicence(String source) {
        return source.startsWith(LICENCE) ? source : LICENCE + source;
    }

    /** The first line at which two texts part, counted from 1, with what stands there and what should. */
    private static String firstDifference(String is, String wanted) {
        String[] a = is.split("\n", -1);
        String[] b = wanted.split("\n", -1);
        int i = 0;
        while (i < a.length && i < b.length && a[i].equals(b[i])) {
            i++;
        }
        return (i + 1) + "\n    is:     " + (i < a.length ? a[i] : "(end)") + "\n    wanted: "
                + (i < b.length ? b[i] : "(end)");
    }

    /** A file in order, under this version of the formatter. */
    private static String key(Path file, String source) {
        Path formatter = Path.of(Formatter.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath());
        return file + " " + source.length() + " " + Integer.toHexString(source.hashCode()) + " "
                + formatter.getFileName();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String source) {
        try {
            Files.writeString(file, source);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
