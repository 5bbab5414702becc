// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** A method of pairs without a reference: each completion must have tokens of its own, whose likelihood is all there is. */
interface UnreferencedMethod extends PreferenceMethod {
    /** What is measured of padding. */
    PaddedMetrics paddedMetrics();

    @Override
    default List<Preference> encode(JsonNode row, RowEncoder encoder) {
        return List.of(encoder.withTokens(encoder.preference(row)));
    }

    @Override
    default List<int[]> padded(List<Preference> batch) {
        return paddedMetrics().paddedLogits() ? Preference.sequences(batch) : List.of();
    }
}
