// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Recurrence;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/** The rotary tables of a decoder, one for each rotary embedding among its layers, and one for queries that grow. */
final class RotaryTables {
    private final Map<Positions, RotaryTable> tables = new LinkedHashMap<>();

    RotaryTables(DecoderPlan plan, Device device) {
        for (LayerPlan layer : plan.layers()) {
            Positions positions = switch (layer.mixer()) {
                case Attention.Grouped grouped -> grouped.positions();
                case Attention.Gated gated -> gated.grouped().positions();
                case Attention.Latent latent -> latent.rotary();
                case Recurrence recurrence -> new Positions.None();
            };
            switch (positions) {
                case Positions.Rotary rotary -> tables.computeIfAbsent(rotary, r -> RotaryTable.of(rotary, device));
                case Positions.GrowingQueries growing -> {
                    tables.computeIfAbsent(growing.rotary(), r -> RotaryTable.of(growing.rotary(), device));
                    tables.computeIfAbsent(growing, r -> RotaryTable.of(growing, device));
                }
                case Positions.None none -> {}
            }
        }
    }

    /** Bytes of a plan's tables with so many positions. */
    static long bytes(DecoderPlan plan, int positions) {
        return new RotaryTables(plan, Device.COUNTED)
                .tables.values().stream()
                        .mapToLong(table -> table.bytes(positions))
                        .sum();
    }

    /** Makes sure that positions below {@code count} are in all tables. */
    void ensure(int count) {
        tables.values().forEach(table -> table.ensure(count));
    }

    /**
     * The turns of rows at these positions, which must be in the tables.
     *
     * @param lengths of the sequence of each row, which some rotations depend on
     */
    Map<Positions, Rotation> at(int[] positions, IntUnaryOperator lengths) {
        Map<Positions, Rotation> rotations = new LinkedHashMap<>();
        tables.forEach((rotary, table) -> rotations.put(rotary, table.at(positions, lengths)));
        return rotations;
    }

    /** The memory of the tables as it is now: equal as long as no table has grown. */
    List<Tensor> memory() {
        return tables.values().stream().map(RotaryTable::cos).toList();
    }
}
