// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The table of a report as cells of text: one row for each case, one column for each side.
 *
 * @param header column names
 * @param lines cells
 */
record Grid(List<String> header, List<List<String>> lines) {
    static Grid of(Report report) {
        Set<String> sides = new LinkedHashSet<>();
        for (Row row : report.rows()) {
            others(row).forEach(side -> sides.add(side.name()));
        }
        boolean limits = report.rows().stream().anyMatch(row -> row.roofline().isPresent());
        boolean memory = report.suite().showMemory();
        List<String> header = new ArrayList<>(List.of(
                "case",
                report.suite().ours().name() + ", " + report.suite().unit().text(),
                "spread"));
        header.addAll(sides);
        if (report.withPeers()) {
            header.addAll(List.of("ratio", "of rounds"));
        }
        if (limits) {
            header.add("of roofline");
        }
        if (memory) {
            header.add("peak memory");
            if (report.withPeers()) {
                header.add("best peer's");
            }
        }
        List<List<String>> lines = new ArrayList<>();
        for (Row row : report.rows()) {
            List<String> line = new ArrayList<>(List.of(
                    row.label(),
                    number(row.ours().median()),
                    number(row.ours().min()) + " .. " + number(row.ours().max())));
            for (String name : sides) {
                line.add(others(row)
                        .filter(side -> side.name().equals(name))
                        .findFirst()
                        .map(side -> number(side.median()))
                        .orElse(""));
            }
            if (report.withPeers()) {
                line.add(row.ratio().map(Grid::fixed).orElse(""));
                line.add(row.ratioSpread()
                        .map(spread -> fixed(spread[0]) + " .. " + fixed(spread[1]))
                        .orElse(""));
            }
            if (limits) {
                line.add(row.roofline()
                        .map(limit -> Math.round(100 * limit.share()) + " % of "
                                + limit.kind().text())
                        .orElse(""));
            }
            if (memory) {
                line.add(mebibytes(row.ours().peakBytes()));
                if (report.withPeers()) {
                    line.add(mebibytes(row.best().map(Row.Score::peakBytes).orElse(0L)));
                }
            }
            lines.add(line);
        }
        return new Grid(header, lines);
    }

    private static Stream<Row.Score> others(Row row) {
        return Stream.concat(row.peers().stream(), row.baselines().stream());
    }

    /** Three significant digits or all digits before the point. */
    static String number(double value) {
        double size = Math.abs(value);
        int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 6;
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    static String fixed(double ratio) {
        return String.format(Locale.ROOT, "%.2f", ratio);
    }

    private static String mebibytes(long bytes) {
        return bytes == 0 ? "" : bytes / (1 << 20) + " MiB";
    }

    /** With columns padded to equal width, for a terminal. */
    String text() {
        int[] widths = new int[header.size()];
        Stream.concat(Stream.of(header), lines.stream()).forEach(line -> {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        });
        StringBuilder text = new StringBuilder();
        Stream.concat(Stream.of(header), lines.stream()).forEach(line -> {
            for (int i = 0; i < widths.length; i++) {
                String pad = " ".repeat(widths[i] - line.get(i).length());
                text.append(i == 0 ? line.get(i) + pad : "  " + pad + line.get(i));
            }
            text.append('\n');
        });
        return text.toString();
    }

    /** As a Markdown table. */
    String markdown() {
        StringBuilder text = new StringBuilder("| " + String.join(" | ", header) + " |\n| --- ");
        text.append("| ---: ".repeat(header.size() - 1)).append("|\n");
        lines.forEach(line -> text.append("| ").append(String.join(" | ", line)).append(" |\n"));
        return text.toString();
    }

    /** The line below a table that has peers. */
    static Optional<String> summary(Report report) {
        return Row.geometricMean(report.rows())
                .map(mean -> "Geometric mean of the ratios to the best peer: " + fixed(mean) + " ("
                        + report.rows().stream()
                                .filter(row -> row.ratio().isPresent())
                                .count()
                        + " cases, smallest "
                        + fixed(report.rows().stream()
                                .flatMap(row -> row.ratio().stream())
                                .mapToDouble(ratio -> ratio)
                                .min()
                                .orElseThrow())
                        + ").");
    }
}
