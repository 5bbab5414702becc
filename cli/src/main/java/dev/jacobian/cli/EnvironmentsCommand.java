// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.environment.catalog.EnvironmentKind;
import dev.jacobian.rl.environment.catalog.Environments;
import java.util.Locale;
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
        ArrayNode all = Json.object().arrayNode();
        for (EnvironmentKind kind : Environments.all()) {
            ObjectNode entry = all.addObject().put("name", kind.name()).put("about", kind.about());
            ArrayNode settings = entry.putArray("settings");
            if (!common().json()) {
                streams().line(kind.name() + ": " + kind.about());
            }
            for (ConfigTree.Key key : Environments.settings(kind)) {
                ObjectNode setting = settings.addObject().put("key", key.name());
                setting.set("default", key.value());
                setting.put("doc", key.doc());
                if (!key.choices().isEmpty()) {
                    key.choices().forEach(setting.putArray("choices")::add);
                }
                if (!common().json()) {
                    String choices = key.choices().isEmpty() ? "" : " (" + String.join(", ", key.choices()) + ")";
                    streams()
                            .line(String.format(
                                    Locale.ROOT,
                                    "  %-34s %s",
                                    key.name() + "=" + key.value().asText(),
                                    key.doc() + choices));
                }
            }
            if (!common().json()) {
                streams().line("");
            }
        }
        if (common().json()) {
            ObjectNode json = Json.object();
            json.set("environments", all);
            streams().json(json);
        }
    }
}
