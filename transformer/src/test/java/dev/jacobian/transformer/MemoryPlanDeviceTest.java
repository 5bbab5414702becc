// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.MemoryPlan.Part;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a GPU cannot hold is refused before anything is computed. */
class MemoryPlanDeviceTest {
    @Test
    @DisplayName("training needs gradients, moments and a reference beside the weights that are there already")
    void training() {
        Device device = TestModels.placement().device();
        Assumptions.assumeFalse(device.equals(Device.CPU), "no device named");
        long free = Backends.of(device).memory().availableMemory();
        Map<Part, Long> enough = Map.of(
                Part.WEIGHTS, 2 * free, Part.GRADIENTS, free / 4, Part.MOMENTS, free / 2, Part.ACTIVATIONS, free);
        new MemoryPlan(enough).requireTraining(device, false);
        MemoryPlan tooMuch = new MemoryPlan(
                Map.of(Part.GRADIENTS, free / 4, Part.MOMENTS, free / 2, Part.REFERENCE, free / 4 + (1 << 20)));
        assertThatThrownBy(() -> tooMuch.requireTraining(device, false))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("training needs " + MemoryPlan.size(tooMuch.bytes()) + " beside the weights (")
                .hasMessageContaining(
                        device + " has " + MemoryPlan.size(free) + " free. What helps: offload_optimizer=true, ");
        tooMuch.requireTraining(device, true);
    }

    @Test
    @DisplayName("an offloaded reference has the gradients' place, and what is offloaded must fit into the heap")
    void offloaded() {
        Device device = TestModels.placement().device();
        Assumptions.assumeFalse(device.equals(Device.CPU), "no device named");
        long free = Backends.of(device).memory().availableMemory();
        long part = free / 2;
        MemoryPlan plan = new MemoryPlan(Map.of(Part.GRADIENTS, part, Part.MOMENTS, part / 2, Part.REFERENCE, part));
        assertThatThrownBy(() -> plan.requireTraining(device, false))
                .hasMessageContaining("What helps: offload_optimizer=true, offload_reference=true, a smaller model");
        plan.requireTraining(device, false, true);
        MemoryPlan large = new MemoryPlan(
                Map.of(Part.GRADIENTS, 2 * free, Part.MOMENTS, 4 * free, Part.REFERENCE, 2 * free + (1 << 20)));
        assertThatThrownBy(() -> large.requireTraining(device, true, true))
                .hasMessageContaining(" 0.0 MiB AdamW moments, 1.0 MiB reference model), ")
                .hasMessageContaining("free. What helps: a smaller model, ");
        long heap = Runtime.getRuntime().maxMemory();
        long mebibyte = 1 << 20;
        MemoryPlan host =
                new MemoryPlan(Map.of(Part.MOMENTS, heap, Part.REFERENCE, mebibyte, Part.GRADIENTS, mebibyte));
        assertThatThrownBy(() -> host.requireTraining(device, true, true))
                .hasMessageStartingWith(
                        "training keeps " + MemoryPlan.size(heap + mebibyte) + " in the host's memory (")
                .hasMessageContaining("the heap may grow to " + MemoryPlan.size(heap) + ". What helps: a larger heap");
    }
}
