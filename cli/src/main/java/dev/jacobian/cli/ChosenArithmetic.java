// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;

/**
 * What decides the bits of a run beside its settings.
 *
 * @param compute what it computes in
 * @param batchInvariant whether sums have an order that does not depend on the batch
 */
record ChosenArithmetic(ComputeMode compute, boolean batchInvariant) {
    /** Where nobody says anything. */
    static final ChosenArithmetic DEFAULT = new ChosenArithmetic(ComputeMode.F32, false);

    /**
     * What a run.json says; the default where it says nothing, as one of an older version.
     *
     * @throws CliException if it names a type that there is not
     */
    static ChosenArithmetic read(Path file) {
        JsonNode run = Json.read(file);
        JsonNode named = run.path("compute");
        ComputeMode compute = named.isMissingNode()
                ? DEFAULT.compute
                : ComputeMode.of(named.asText())
                        .orElseThrow(() -> new CliException(
                                file + " has \"compute\": " + named + "; use \"f32\", \"tf32\" or \"bf16\""));
        return new ChosenArithmetic(compute, run.path("batch_invariant").asBoolean(DEFAULT.batchInvariant));
    }

    /**
     * Options of a model that computes so on a device. The CPU is batch-invariant whatever was asked for; a batch-invariant GPU
     * rounds nothing to TF32.
     */
    ModelOptions on(Device device) {
        boolean fixedOrder = batchInvariant || device.kind() != Device.Kind.CUDA;
        Arithmetic fastest = compute == ComputeMode.TF32 ? Arithmetic.TF32 : Arithmetic.FAST;
        return ModelOptions.DEFAULT
                .on(device.with(fixedOrder ? Arithmetic.BATCH_INVARIANT : fastest))
                .computingIn(compute.type());
    }

    @Override
    public String toString() {
        return compute + (batchInvariant ? ", batch-invariant" : "");
    }
}
