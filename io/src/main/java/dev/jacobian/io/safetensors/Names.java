// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import java.util.Collection;
import java.util.List;

/** Helps with names that do not exist. */
final class Names {
    private Names() {}

    /** A remark on names that end or begin alike, for an error message; empty if there are none. */
    static String similar(String name, Collection<String> names) {
        String tail = name.substring(name.lastIndexOf('.', Math.max(0, name.lastIndexOf('.') - 1)) + 1);
        List<String> alike =
                names.stream().filter(n -> n.endsWith(tail)).limit(3).toList();
        return alike.isEmpty()
                ? " among its " + names.size() + " tensors"
                : " (there is " + String.join(", ", alike) + ")";
    }
}
