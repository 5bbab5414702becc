// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import java.util.List;

/**
 * The configuration in a {@code run.json}, of this format or of an earlier one.
 *
 * <p>Format 1 had the settings of all methods in every run, though only those of the run's own method had an effect; the others
 * are let go. A key that is younger than the file has its default, which is what the file's run did.
 */
public final class SavedConfig {
    /** The format that is written. */
    public static final int FORMAT = 2;

    private SavedConfig() {}

    /**
     * Reads it.
     *
     * @param run the whole file
     * @param file its name, for messages
     */
    public static RlConfig read(JsonNode run, String file) {
        ObjectNode config = config(run, file);
        if (config.has("method")) {
            throw new FormatException(
                    file,
                    "the run's method, " + config.path("algorithm") + ", is none of " + Methods.names(),
                    "Resume it from the Java program that has the method");
        }
        return RlConfig.DEFAULT.with(new Given().setAll(config, file));
    }

    /** As {@link RlConfig#toJson} would write it now. */
    static ObjectNode upToDate(JsonNode run, String file) {
        ObjectNode config = config(run, file);
        return config.has("method") ? config : read(run, file).toJson();
    }

    private static ObjectNode config(JsonNode run, String file) {
        int format = run.path("format").asInt();
        if (format < 1 || format > FORMAT) {
            throw new FormatException(
                    file, "format " + run.path("format"), "Resume with the version of Jacobian that wrote it");
        }
        if (!(run.path("config") instanceof ObjectNode config)) {
            throw new FormatException(file, "there is no configuration", "Name the folder of a training run");
        }
        return format == 1 ? withoutOtherMethods(config) : config;
    }

    private static ObjectNode withoutOtherMethods(ObjectNode config) {
        ObjectNode own = config.deepCopy();
        List<String> keys = Methods.find(config.path("algorithm").asText())
                .map(method -> ConfigTree.names((Record) method))
                .orElse(List.of());
        boolean dynamic = Methods.find(config.path("algorithm").asText())
                .map(Method::samplesDynamically)
                .orElse(false);
        if (!dynamic) {
            own.remove("dynamic_sampling"); // it was DAPO's alone then
        }
        for (Method method : Methods.all()) {
            ConfigTree.names((Record) method).stream()
                    .filter(key -> !keys.contains(key))
                    .forEach(own::remove);
        }
        return own;
    }
}
