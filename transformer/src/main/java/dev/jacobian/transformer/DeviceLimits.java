// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import java.util.Optional;

/** What a device does not compute, known of a plan before anything is loaded. */
public final class DeviceLimits {
    private DeviceLimits() {}

    /**
     * What a device cannot compute of a plan, to follow the model's name: {@code has attention heads of 160 elements, a GPU computes
     * with up to 128}; empty if it computes all.
     *
     * @param deviceName what the device is called in the sentence
     */
    public static Optional<String> refusal(DecoderPlan plan, Device device, String deviceName) {
        Backend backend = Backends.of(device);
        int most = backend.attention().maxHeadDim();
        if (plan.widestHead() > most) {
            return Optional.of("has attention heads of " + plan.widestHead() + " elements, " + deviceName
                    + " computes with up to " + most);
        }
        int experts = plan.layers().stream()
                .mapToInt(layer -> layer.feedForward() instanceof FeedForward.Experts own ? own.count() : 0)
                .max()
                .orElse(0);
        if (experts > backend.experts().maxExperts()) {
            return Optional.of("has " + experts + " experts in a layer, " + deviceName + " routes among up to "
                    + backend.experts().maxExperts());
        }
        if (plan.isRecurrent() && !backend.recurrent().areThere()) {
            return Optional.of(
                    "has layers that carry a state from token to token, " + deviceName + " does not compute them yet");
        }
        if (plan.rotationsDependOnLength() && !device.equals(Device.CPU) && !device.equals(Device.COUNTED)) {
            return Optional.of("has rotations that depend on the length of a sequence, " + deviceName
                    + " does not compute them yet");
        }
        return Optional.empty();
    }
}
