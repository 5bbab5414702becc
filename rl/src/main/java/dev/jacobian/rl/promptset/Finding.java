// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.spill.NodeCodec;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.io.spill.RecordReader;
import dev.jacobian.io.spill.RecordWriter;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.io.spill.SpillingList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a tool found of a row.
 *
 * @param kept whether the row stays in the set
 * @param bin where it stands in the distribution
 * @param columns what was measured, by the names of the columns that say so
 */
public record Finding(boolean kept, String bin, Map<String, JsonNode> columns) {
    private static final RecordCodec<Finding> CODEC = RecordCodec.of(Finding::write, Finding::read);

    /** Copies the columns. */
    public Finding {
        columns = Map.copyOf(columns);
    }

    /** An empty list, for as many as there may be. */
    static List<Finding> list() {
        return new SpillingList<>(CODEC, Spill.usual());
    }

    private static void write(Finding finding, RecordWriter out) {
        out.truth(finding.kept).text(finding.bin).integer(finding.columns.size());
        finding.columns.forEach((name, value) -> {
            out.text(name);
            NodeCodec.INSTANCE.write(value, out);
        });
    }

    private static Finding read(RecordReader in) {
        boolean kept = in.truth();
        String bin = in.text();
        int count = in.integer();
        Map<String, JsonNode> columns = new HashMap<>();
        for (int i = 0; i < count; i++) {
            columns.put(in.text(), NodeCodec.INSTANCE.read(in));
        }
        return new Finding(kept, bin, columns);
    }
}
