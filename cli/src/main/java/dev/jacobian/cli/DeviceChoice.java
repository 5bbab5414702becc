// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where to compute, as asked for.
 *
 * @param device the device
 * @param automatic whether Jacobian chose it
 */
record DeviceChoice(Device device, boolean automatic) {
    /** Refuses a device that this build cannot use: a GPU that was asked for is never silently replaced by the CPU. */
    void require() {
        if (device.kind() != Device.Kind.CPU) {
            throw new CliException(
                    "device " + device + " cannot be used: this build has no GPU backend. Use --device cpu"
                            + " (or auto), and 'jacobian doctor' to see what the machine has");
        }
        Backends.of(device);
    }

    /** Says what was chosen, and that it was. */
    String describe() {
        return automatic ? device + " (auto)" : device.toString();
    }

    /** Parses the option. */
    static final class Converter implements ITypeConverter<DeviceChoice> {
        Converter() {}

        @Override
        public DeviceChoice convert(String text) {
            if (text.equals("auto")) {
                return new DeviceChoice(Device.CPU, true);
            }
            try {
                return new DeviceChoice(Device.parse(text), false);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("unknown device '" + text + "'; use auto, cpu, cuda or cuda:N");
            }
        }
    }
}
