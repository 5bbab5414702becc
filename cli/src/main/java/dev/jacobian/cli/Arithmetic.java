// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.nio.file.Path;

/**
 * What decides the bits of a run beside its settings.
 *
 * @param compute what it computes in
 * @param batchInvariant whether sums have an order that does not depend on the batch
 */
record Arithmetic(ComputeMode compute, boolean batchInvariant) {
    /** Where nobody says anything. */
    static final Arithmetic DEFAULT = new Arithmetic(ComputeMode.F32, false);

    /**
     * What a run.json says; the default where it says nothing, as one of an older version.
     *
     * @throws CliException if it names a type that there is not
     */
    static Arithmetic read(Path file) {
        JsonNode run = Json.read(file);
        JsonNode named = run.path("compute");
        ComputeMode compute = named.isMissingNode()
                ? DEFAULT.compute
                : ComputeMode.of(named.asText())
                        .orElseThrow(() -> new CliException(
                                file + " has \"compute\": " + named + "; use \"f32\", \"tf32\" or \"bf16\""));
        return new Arithmetic(compute, run.path("batch_invariant").asBoolean(DEFAULT.batchInvariant));
    }

    @Override
    public String toString() {
        return compute + (batchInvariant ? ", batch-invariant" : "");
    }
}
