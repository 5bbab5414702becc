// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;

/** {@code jacobian methods}: what {@code rl --algorithm} can name, and what {@code --set} can set. */
@Command(
        name = "methods",
        header = "List the methods of reinforcement learning.",
        description = "Lists every method that 'rl --algorithm' knows with its paper, its settings and their defaults,"
                + " then the settings that all methods share.")
final class MethodsCommand extends CliCommand {
    MethodsCommand(Streams streams) {
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
            ArrayNode methods = all.putArray("methods");
            for (Method method : Methods.all()) {
                ObjectNode entry = methods.addObject();
                entry.put("name", method.name());
                entry.put("paper", method.paper());
                entry.set("settings", json(own(method)));
            }
            all.set("shared_settings", json(shared()));
            streams().json(all);
            return;
        }
        for (Method method : Methods.all()) {
            streams().line(method.name() + ": " + method.paper());
            own(method).forEach(this::print);
            streams().line("");
        }
        streams().line("Settings of all methods:");
        shared().forEach(this::print);
    }

    private static List<ConfigTree.Key> own(Method method) {
        return ConfigTree.keys((Record) method);
    }

    private static List<ConfigTree.Key> shared() {
        RlConfig config = RlConfig.DEFAULT;
        List<String> own = ConfigTree.names((Record) config.method());
        return ConfigTree.keys(config).stream()
                .filter(key -> !own.contains(key.name()))
                .toList();
    }

    private static ArrayNode json(List<ConfigTree.Key> keys) {
        ArrayNode settings = Json.object().arrayNode();
        for (ConfigTree.Key key : keys) {
            ObjectNode entry = settings.addObject();
            entry.put("key", key.name());
            entry.set("default", key.value());
            entry.put("doc", key.doc());
            if (!key.choices().isEmpty()) {
                key.choices().forEach(entry.putArray("choices")::add);
            }
        }
        return settings;
    }

    private void print(ConfigTree.Key key) {
        String choices = key.choices().isEmpty() ? "" : " (" + String.join(", ", key.choices()) + ")";
        streams()
                .line(String.format(
                        Locale.ROOT,
                        "  %-38s %s",
                        key.name() + "=" + key.value().asText().replace(".0E", "e"),
                        key.doc() + choices));
    }
}
