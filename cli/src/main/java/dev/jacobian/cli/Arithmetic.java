// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What decides the bits of a run beside its settings.
 *
 * @param compute what it computes in
 * @param batchInvariant whether sums have an order that does not depend on the batch
 */
record Arithmetic(ComputeMode compute, boolean batchInvariant) {
    /** Where nobody says anything. */
    static final Arithmetic DEFAULT = new Arithmetic(ComputeMode.F32, false);

    /** What a run.json says; the default where it says nothing. */
    static Arithmetic of(JsonNode run) {
        return new Arithmetic(
                ComputeMode.of(run.path("compute").asText()).orElse(DEFAULT.compute),
                run.path("batch_invariant").asBoolean(DEFAULT.batchInvariant));
    }

    @Override
    public String toString() {
        return compute + (batchInvariant ? ", batch-invariant" : "");
    }
}
