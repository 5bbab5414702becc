// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where to compute, as asked for: a device, or {@code auto} for the first GPU if it can be used and the CPU otherwise.
 *
 * @param asked the device; empty for {@code auto}
 */
record DeviceChoice(Optional<Device> asked) {
    private static final Device FIRST_GPU = Device.cuda(0);

    /**
     * What was decided.
     *
     * @param device where to compute
     * @param reason why it was chosen; empty if it was asked for
     */
    record Decision(Device device, String reason) {
        /** Whether nobody asked for the device. */
        boolean isAutomatic() {
            return !reason.isEmpty();
        }

        @Override
        public String toString() {
            return device + (isAutomatic() ? " (auto: " + reason + ")" : "");
        }
    }

    /**
     * Decides, and opens the device.
     *
     * @throws CliException if the device that was asked for cannot be used: it is never replaced by another
     */
    Decision decide() {
        return asked.map(DeviceChoice::open).orElseGet(DeviceChoice::automatic);
    }

    private static Decision open(Device device) {
        if (device.kind() == Device.Kind.CUDA) {
            List<String> obstacles = GpuAdvice.obstacles();
            if (!obstacles.isEmpty()) {
                throw new CliException("device " + device + " cannot be used: " + String.join(". Also: ", obstacles)
                        + ". 'jacobian doctor' shows what the machine has, and --device cpu needs none of it");
            }
        }
        Backends.of(device);
        return new Decision(device, "");
    }

    private static Decision automatic() {
        if (!GpuHardware.present()) {
            return new Decision(Device.CPU, "no NVIDIA GPU");
        }
        List<String> obstacles = GpuAdvice.obstacles();
        if (!obstacles.isEmpty()) {
            return new Decision(Device.CPU, "the GPU cannot be used: " + obstacles.getFirst());
        }
        try {
            Backends.of(FIRST_GPU);
        } catch (RuntimeException refused) { // whatever it is: the CPU works, and the reason is told
            return new Decision(Device.CPU, "the GPU cannot be used: " + refused.getMessage());
        }
        return new Decision(FIRST_GPU, "the first GPU");
    }

    /** Parses the option. */
    static final class Converter implements ITypeConverter<DeviceChoice> {
        Converter() {}

        @Override
        public DeviceChoice convert(String text) {
            if (text.equals("auto")) {
                return new DeviceChoice(Optional.empty());
            }
            try {
                return new DeviceChoice(Optional.of(Device.parse(text)));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("unknown device '" + text + "'; use auto, cpu, cuda or cuda:N");
            }
        }
    }
}
