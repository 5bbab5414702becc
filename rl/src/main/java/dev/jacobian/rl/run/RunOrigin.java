// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Where a run's model and problems come from, in words that can be used again to resume it from any working directory.
 *
 * @param model checkpoint folder
 * @param task name of the task
 * @param data data file of the task
 * @param skipBadRows whether rows of it that cannot be used are left out
 * @param options what else decides the data or the initial model, by name
 */
public record RunOrigin(
        String model, String task, Optional<String> data, boolean skipBadRows, Map<String, String> options) {
    /** Copies the options. */
    public RunOrigin {
        options = Map.copyOf(options);
    }

    static final String PTX_DATA = "ptx_data";

    /** The same with demonstrations that are mixed in; empty for none. */
    public RunOrigin withPtxData(String file) {
        if (file.isEmpty()) {
            return this;
        }
        Map<String, String> more = new TreeMap<>(options);
        more.put(PTX_DATA, Path.of(file).toAbsolutePath().normalize().toString());
        return new RunOrigin(model, task, data, skipBadRows, more);
    }

    /** Without further options. */
    public RunOrigin(String model, String task, Optional<String> data, boolean skipBadRows) {
        this(model, task, data, skipBadRows, Map.of());
    }

    /** A bad row is an error. */
    public RunOrigin(String model, String task, Optional<String> data) {
        this(model, task, data, false);
    }
}
