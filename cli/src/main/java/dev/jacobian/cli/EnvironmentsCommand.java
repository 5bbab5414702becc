// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.environment.catalog.EnvironmentKind;
import dev.jacobian.rl.environment.catalog.Environments;
import picocli.CommandLine.Command;

/** {@code jacobian environments}: what {@code --environment} can name, and its settings. */
@Command(
        name = "environments",
        header = "List the environments.",
        description =
                "Lists every environment that 'rl --environment' and 'eval --environment' know, with its settings and"
                        + " their defaults.")
final class EnvironmentsCommand extends CliCommand {
    EnvironmentsCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void execute() {
        if (common().json()) {
            ObjectNode all = Json.object();
            ArrayNode environments = all.putArray("environments");
            for (EnvironmentKind kind : Environments.all()) {
                ObjectNode entry = environments.addObject();
                entry.put("name", kind.name());
                entry.put("about", kind.about());
                entry.set("settings", SettingLines.json(Environments.settings(kind)));
            }
            streams().json(all);
            return;
        }
        Environments.all()
                .forEach(kind -> SettingLines.print(streams(), kind.name(), kind.about(), Environments.settings(kind)));
    }
}
