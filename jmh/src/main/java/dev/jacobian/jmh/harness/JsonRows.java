// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.stream.Stream;

/**
 * A report as an array of objects, one for each case.
 *
 * <p>{@code suite}, {@code case}, {@code unit}, {@code score} (ours), {@code peer} (the best one), {@code peer_score}, {@code
 * ratio} (above 1 ours is faster, whatever the unit), {@code others} (scores of the other sides by name); without peers the
 * three are null. More: {@code spread} (smallest and largest round), {@code ratio_spread}, {@code rounds}, {@code threads},
 * {@code roofline}, {@code peak_memory_bytes} by side, and the machine.
 */
final class JsonRows {
    private JsonRows() {}

    static ArrayNode of(Report report) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        report.rows().forEach(row -> array.add(object(row, report)));
        return array;
    }

    private static ObjectNode object(Row row, Report report) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("suite", report.suite().name());
        object.put("case", row.label());
        object.put("unit", row.unit().text());
        object.put("score", significant(row.ours().median()));
        object.put("peer", row.best().map(Row.Score::name).orElse(null));
        object.put(
                "peer_score", row.best().map(best -> significant(best.median())).orElse(null));
        object.put("ratio", row.ratio().map(JsonRows::significant).orElse(null));
        ObjectNode others = object.putObject("others");
        Stream.concat(row.peers().stream().skip(1), row.baselines().stream())
                .forEach(other -> others.put(other.name(), significant(other.median())));
        object.putArray("spread")
                .add(significant(row.ours().min()))
                .add(significant(row.ours().max()));
        row.ratioSpread()
                .ifPresent(spread -> object.putArray("ratio_spread")
                        .add(significant(spread[0]))
                        .add(significant(spread[1])));
        object.put("rounds", row.rounds());
        object.put("threads", row.threads());
        row.roofline()
                .ifPresent(limit -> object.putObject("roofline")
                        .put("kind", limit.kind().text())
                        .put("unit", limit.kind().unit().text())
                        .put("peak", significant(limit.peak()))
                        .put("share", significant(limit.share())));
        ObjectNode memory = object.putObject("peak_memory_bytes");
        Stream.concat(Stream.of(row.ours()), row.peers().stream())
                .filter(side -> side.peakBytes() > 0)
                .forEach(side -> memory.put(side.name(), side.peakBytes()));
        object.put("quick", report.quick());
        object.put("commit", report.machine().commit());
        object.put("cpu", report.machine().processor());
        object.put("processors", report.machine().processors());
        object.put("os", report.machine().os());
        object.put("jvm", report.machine().jvm());
        object.put("kernels", report.machine().backend());
        return object;
    }

    /** Five significant digits; no measurement has more. */
    private static double significant(double value) {
        return new BigDecimal(value).round(new MathContext(5)).doubleValue();
    }
}
