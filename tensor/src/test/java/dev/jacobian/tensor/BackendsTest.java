// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BackendsTest {
    @Test
    void testsRunOnTheVectorBackend() {
        // Otherwise the conformance tests would compare the reference with itself.
        assertThat(Backends.hasVectorApi()).isTrue();
        assertThat(Backends.cpu().name()).matches("vector-(128|256|512)");
        assertThat(Backends.of(Device.CPU)).isSameAs(Backends.cpu());
        assertThat(Backends.reference().name()).isEqualTo("reference");
    }

    @Test
    void aDeviceThatCannotBeUsedSaysWhatToDo() {
        assertThatThrownBy(() -> Backends.of(Device.parse("cuda:99")))
                .isInstanceOf(DeviceException.class)
                .message()
                .containsAnyOf("no GPU can be used", "there is no device cuda:99", "sees no GPU");
    }
}
