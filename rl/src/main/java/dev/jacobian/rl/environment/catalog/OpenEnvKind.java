// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.EnvironmentReward;
import dev.jacobian.rl.environment.openenv.ActionForm;
import dev.jacobian.rl.environment.openenv.OpenEnv;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An {@link OpenEnv} server. */
public record OpenEnvKind(
        @Setting(value = "http://localhost:8000", doc = "address of the server")
        String url,

        @Setting(
                value = "field",
                doc = "how a turn becomes an action: the value of action_field, JSON, or calls of tools")
        ActionForm action,

        @Setting(value = "message", doc = "the member of an action that a turn is the value of")
        String actionField,

        @Setting(
                value = "",
                doc = "the member of an observation that the policy is told; empty for its only text, or all of it"
                        + " as JSON")
        String observationField,

        @Setting(value = "8", doc = "sessions that the server has at a time (its MAX_CONCURRENT_ENVS)")
        int maxSessions,

        @Setting(value = "", doc = "prompt of its own problems, before what the environment says first")
        String prompt,

        EnvironmentLimits limits)
        implements EnvironmentKind {
    /** The defaults. */
    public static final OpenEnvKind DEFAULT = ConfigTree.defaults(OpenEnvKind.class);

    public OpenEnvKind {
        requireAtLeast("max_sessions", 1, maxSessions);
    }

    @Override
    public String name() {
        return "openenv";
    }

    @Override
    public String about() {
        return "an environment in a server that speaks OpenEnv's protocol; the rewards are its own";
    }

    @Override
    public Environment environment() {
        try {
            return new OpenEnv(URI.create(url), action, actionField, observationField, maxSessions, limits);
        } catch (IOException e) {
            throw new UncheckedIOException("environment 'openenv': " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the environment was asked for its tools", e);
        }
    }

    @Override
    public Optional<Task> problems(boolean isConversation) {
        return Optional.of(new MadeUp(
                name(),
                rng -> {
                    int number = rng.nextInt(Integer.MAX_VALUE);
                    return new MadeUp.Drawn("episode " + number, prompt, Map.of("episode", number));
                },
                isConversation,
                WeightedRewards.of(new EnvironmentReward())));
    }

    @Override
    public boolean isRewarding() {
        return true;
    }

    @Override
    public boolean hasTools() {
        return action == ActionForm.TOOLS;
    }

    @Override
    public List<String> remarks() {
        return List.of(
                "An environment in a server may answer otherwise each time: the run cannot be repeated, nor resumed to"
                        + " the same bits");
    }
}
