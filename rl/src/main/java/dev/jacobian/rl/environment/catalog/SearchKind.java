// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.tool.PlainCalls;
import dev.jacobian.rl.environment.tool.TextSearch;
import dev.jacobian.rl.environment.tool.ToolEnvironment;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.Optional;

/** A {@link TextSearch} in a text that each problem brings along. */
public record SearchKind(
        @Setting(value = "context", doc = "column of the data that has the text, a passage a line")
        String textColumn,

        @Setting(value = "3", doc = "passages that a search tells at most")
        int passages,

        EnvironmentLimits limits)
        implements EnvironmentKind {
    /** The defaults. */
    public static final SearchKind DEFAULT = ConfigTree.defaults(SearchKind.class);

    public SearchKind {
        requireAtLeast("passages", 1, passages);
        new TextSearch(textColumn, passages); // which checks
    }

    @Override
    public String name() {
        return "search";
    }

    @Override
    public String about() {
        return "questions on a text that is searched by words; needs --data, whose rewards judge the last turn";
    }

    @Override
    public Environment environment() {
        return new ToolEnvironment(name(), List.of(new TextSearch(textColumn, passages)), PlainCalls.DEFAULT, limits);
    }

    @Override
    public Optional<Task> problems(boolean isConversation) {
        return Optional.empty();
    }

    @Override
    public boolean isRewarding() {
        return false;
    }
}
