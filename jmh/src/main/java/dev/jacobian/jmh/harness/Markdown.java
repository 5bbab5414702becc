// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A report as a page. */
final class Markdown {
    private Markdown() {}

    static String of(Report report) {
        Suite suite = report.suite();
        Machine machine = report.machine();
        Effort effort = report.effort();
        StringBuilder text = new StringBuilder();
        text.append("# ").append(suite.name()).append("\n\n");
        text.append(sentence(suite.description()))
                .append(' ')
                .append(suite.note())
                .append("\n\n");
        text.append("![chart](").append(suite.name()).append(".svg)\n\n");
        text.append(Grid.of(report).markdown()).append('\n');
        Grid.summary(report).ifPresent(line -> text.append(line).append("\n\n"));
        text.append("A ratio above 1 means that ours is faster. Scores are medians of ")
                .append(effort.rounds())
                .append(effort.rounds() == 1 ? " round" : " rounds")
                .append(" in which the sides take turns, each in a process of its own; a round's time is the median"
                        + " of ")
                .append(effort.iterations())
                .append(" iterations of ")
                .append(effort.milliseconds())
                .append(" ms (one call at least) after ")
                .append(effort.warmup())
                .append(report.quick() ? " to warm up. This was a quick run: an order of magnitude." : " to warm up.")
                .append("\n\n");
        line(text, "processor", machine.processor() + ", " + machine.processors() + " available");
        line(text, "threads", String.valueOf(report.threads()));
        line(text, "system", machine.os());
        line(text, "JVM", machine.jvm() + ", kernels " + machine.backend());
        line(text, "flags", "`" + String.join(" ", report.flags()) + "`");
        line(text, "environment of the peers", environment());
        line(text, "commit", machine.commit());
        new TreeSet<>(report.rows().stream()
                        .flatMap(row -> row.roofline().stream())
                        .map(limit -> limit.kind().text() + " " + Grid.number(limit.peak()) + " "
                                + limit.kind().unit().text())
                        .collect(Collectors.toSet()))
                .forEach(peak -> line(text, "roofline", peak));
        return text.toString();
    }

    private static String sentence(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append("- ").append(name).append(": ").append(value).append('\n');
    }

    /** The settings that jmh/bench gives the peers, or the user has given them. */
    private static String environment() {
        return Stream.of(
                        "OMP_WAIT_POLICY",
                        "OPENBLAS_CORETYPE",
                        "MALLOC_ARENA_MAX",
                        "MALLOC_MMAP_MAX_",
                        "GLIBC_TUNABLES")
                .filter(name -> System.getenv(name) != null)
                .map(name -> "`" + name + "=" + System.getenv(name) + "`")
                .collect(Collectors.joining(", "));
    }
}
