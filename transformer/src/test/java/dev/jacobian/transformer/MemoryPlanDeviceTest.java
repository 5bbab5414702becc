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
        Device device = Fixtures.placement().device();
        Assumptions.assumeFalse(device.equals(Device.CPU), "no device named");
        long free = Backends.of(device).availableMemory();
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
}
