// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.SavingConfig;
import java.util.function.BiFunction;

/**
 * What decides a run: what run.json says of it, and what a resumed run must agree with.
 *
 * @param format of run.json
 * @param algorithm name of the method
 * @param config all settings
 * @param seed key of all random numbers
 * @param saving checkpoints kept, and where metrics go
 * @param origin model and data
 * @param upToDate the settings in a run.json, of this format or of an earlier one, as they would be written now; its second
 *     argument is the file's name, for messages
 */
public record RunRecord(
        int format,
        String algorithm,
        ObjectNode config,
        long seed,
        SavingConfig saving,
        RunOrigin origin,
        BiFunction<JsonNode, String, ObjectNode> upToDate) {}
