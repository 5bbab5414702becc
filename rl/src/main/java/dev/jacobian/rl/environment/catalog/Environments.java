// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The environments that have a name, each with its default settings. */
public final class Environments {
    private static final List<EnvironmentKind> ALL = List.of(
            CalculatorKind.DEFAULT,
            SearchKind.DEFAULT,
            PythonKind.DEFAULT,
            GuessKind.DEFAULT,
            TicTacToeKind.DEFAULT,
            OpenEnvKind.DEFAULT);

    private Environments() {}

    /** All of them. */
    public static List<EnvironmentKind> all() {
        return ALL;
    }

    /** The one of a name, with its defaults. */
    public static Optional<EnvironmentKind> find(String name) {
        return ALL.stream().filter(kind -> kind.name().equals(name)).findFirst();
    }

    /** Their names, as a sentence has them. */
    public static String names() {
        return ALL.stream().map(EnvironmentKind::name).collect(Collectors.joining(", "));
    }

    /** Its settings. */
    public static List<ConfigTree.Key> settings(EnvironmentKind kind) {
        return ConfigTree.keys((Record) kind);
    }

    /**
     * The one of a name with some settings replaced.
     *
     * @throws IllegalArgumentException if there is none of that name
     * @throws dev.jacobian.io.FormatException for a setting that it has not, or a value that is refused
     */
    public static EnvironmentKind of(String name, Given settings) {
        EnvironmentKind usual = find(name)
                .orElseThrow(() ->
                        new IllegalArgumentException("unknown environment '" + name + "'; use one of " + names()));
        return (EnvironmentKind) ConfigTree.with((Record) usual, settings);
    }
}
