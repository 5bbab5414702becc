// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that set keys of a run's configuration: a file, and {@code --set KEY=VALUE}. The latter wins. */
final class Settings {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "JSON object of settings, in TRL's names; an unknown key is an error.")
    private Optional<Path> file = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One setting, such as --set num_generations=16; may be repeated and wins over --config.")
    private List<String> assignments = List.of();

    /**
     * All that is set.
     *
     * @param options what options of the command set; stronger than the file, weaker than {@code --set}
     */
    Given with(Given options) {
        Given given = new Given();
        file.ifPresent(path -> given.setAll(read(path), path.toString()));
        return given.setAll(options).setAll(given(assignments));
    }

    /** What {@code --set} sets. */
    static Given given(List<String> assignments) {
        Given given = new Given();
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new CliException("--set takes KEY=VALUE, found '" + assignment + "'");
            }
            given.setText(assignment.substring(0, equals), assignment.substring(equals + 1), "--set " + assignment);
        }
        return given;
    }

    private static ObjectNode read(Path file) {
        JsonNode json = Json.read(file);
        if (json instanceof ObjectNode object) {
            return object;
        }
        throw new CliException(file + " must hold one JSON object with settings");
    }
}
