// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/** What makers state for dense BF16 products with F32 sums, operations a second; a share of it is stated with it only. */
final class DevicePeaks {
    private static final Map<String, Double> BY_NAME = new LinkedHashMap<>(); // the first that a name contains counts

    static {
        BY_NAME.put("H100 PCIe", 756e12);
        BY_NAME.put("H100 NVL", 835e12);
        BY_NAME.put("H100", 989e12);
        BY_NAME.put("H200 NVL", 835e12);
        BY_NAME.put("H200", 989e12);
        BY_NAME.put("A100", 312e12);
    }

    private DevicePeaks() {}

    /** Of a device's name, or empty where it is not known. */
    static OptionalDouble bf16(String name) {
        return BY_NAME.entrySet().stream()
                .filter(entry -> name.contains(entry.getKey()))
                .mapToDouble(Map.Entry::getValue)
                .findFirst();
    }
}
