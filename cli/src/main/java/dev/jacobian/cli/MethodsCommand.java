// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.offline.Dpo;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineMethods;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** {@code jacobian methods}: what {@code rl --algorithm} can name, and what {@code --set} can set. */
@Command(
        name = "methods",
        header = "List the methods.",
        description = "Lists every method that 'rl --algorithm' knows with its paper, its settings and their defaults,"
                + " then the settings that all methods share; and the same of the methods for recorded data.")
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
            ArrayNode presets = all.putArray("presets");
            for (Methods.Preset preset : Methods.presets()) {
                ObjectNode entry = presets.addObject();
                entry.put("name", preset.name());
                entry.put("method", preset.method().name());
                entry.put("paper", preset.paper());
                preset.settings().forEach(entry.putObject("settings")::putPOJO);
            }
            ArrayNode offline = all.putArray("offline_methods");
            for (OfflineMethod<?> method : OfflineMethods.all()) {
                ObjectNode entry = offline.addObject();
                entry.put("name", method.name());
                entry.put("paper", method.paper());
                entry.set("settings", json(ConfigTree.keys((Record) method)));
                entry.set("shared_settings", json(shared(method)));
            }
            streams().json(all);
            return;
        }
        for (Method method : Methods.all()) {
            SettingLines.print(streams(), method.name(), method.paper(), own(method));
        }
        streams().line("Names for settings of a method:");
        for (Methods.Preset preset : Methods.presets()) {
            String settings = new TreeMap<>(preset.settings())
                    .entrySet().stream()
                            .map(setting -> setting.getKey() + "=" + setting.getValue())
                            .collect(Collectors.joining(" "));
            streams()
                    .line(String.format(
                            Locale.ROOT,
                            "  %-10s %s %s (%s)",
                            preset.name(),
                            preset.method().name(),
                            settings,
                            preset.paper()));
        }
        streams().line("");
        streams().line("Settings of all methods:");
        shared().forEach(this::print);
        streams().line("");
        streams().line("Methods for recorded data, each a command of its own:");
        for (OfflineMethod<?> method : OfflineMethods.all()) {
            streams().line("");
            streams().line(method.name() + ": " + method.paper());
            ConfigTree.keys((Record) method).forEach(this::print);
            Map<String, Object> own = method.defaults();
            shared(method).stream().filter(key -> own.containsKey(key.name())).forEach(this::print);
        }
        streams().line("");
        streams().line("Settings of all of these, where a method does not list another default:");
        shared(Dpo.DEFAULT).stream()
                .filter(key -> !Dpo.DEFAULT.defaults().containsKey(key.name()))
                .forEach(this::print);
    }

    private static List<ConfigTree.Key> shared(OfflineMethod<?> method) {
        List<String> own = ConfigTree.names((Record) method);
        return ConfigTree.keys(OfflineConfig.of(method)).stream()
                .filter(key -> !own.contains(key.name()))
                .toList();
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
        return SettingLines.json(keys);
    }

    private void print(ConfigTree.Key key) {
        streams().line(SettingLines.line(key));
    }
}
