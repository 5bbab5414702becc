// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.environment.catalog.EnvironmentKind;
import dev.jacobian.rl.environment.catalog.Environments;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The environment that the policy talks with. Its settings stand among the others: {@code --set max_turns=4}. */
final class EnvironmentOption {
    /** TRL's name for all turns but the first. */
    private static final String TRL_TURNS = "max_tool_calling_iterations";

    private static final String TURNS = "max_turns";

    @Option(
            names = "--environment",
            paramLabel = "NAME",
            description = "Let an environment answer the policy over several turns: one that 'jacobian environments'"
                    + " lists, with its settings as --set KEY=VALUE. Its problems are those of --task or --data if"
                    + " given, or else its own.")
    private Optional<String> name = Optional.empty();

    /** Fails for a name that is no environment. */
    void check(CliCommand command) {
        name.filter(given -> Environments.find(given).isEmpty()).ifPresent(given -> {
            throw command.usage("unknown environment '" + given + "'; use one of " + Environments.names());
        });
    }

    /**
     * The choice; empty if the command line names none.
     *
     * @param given all settings, those of the environment among them
     * @param ownProblems whether no other problems were given
     */
    Optional<EnvironmentChoice> choice(Given given, boolean ownProblems) {
        return name.flatMap(Environments::find)
                .map(kind -> new EnvironmentChoice(Environments.of(kind.name(), of(kind, given)), ownProblems));
    }

    /** The settings without those of the environment that the command line names. */
    Given without(Given given) {
        return name.flatMap(Environments::find)
                .map(kind -> given.without(ConfigTree.names((Record) kind)).without(List.of(TRL_TURNS)))
                .orElse(given);
    }

    private static Given of(EnvironmentKind kind, Given given) {
        List<String> own = ConfigTree.names((Record) kind);
        Given some = new Given();
        given.get(TRL_TURNS).ifPresent(value -> {
            if (!value.json().canConvertToInt()) {
                throw new CliException(value.origin() + ": '" + TRL_TURNS + "' must be an integer");
            }
            if (given.keys().contains(TURNS)) {
                throw new CliException(value.origin() + ": " + TRL_TURNS + " is one less than " + TURNS
                        + ", which is given too; leave one of them out");
            }
            some.set(TURNS, value.json().intValue() + 1, value.origin());
        });
        for (String key : own) {
            Optional<Given.Value> value = given.get(key);
            value.ifPresent(one -> some.set(key, one));
        }
        return some;
    }
}
