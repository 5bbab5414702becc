// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.tool.PlainCalls;
import dev.jacobian.rl.environment.tool.PythonTool;
import dev.jacobian.rl.environment.tool.ToolEnvironment;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.Optional;

/** A {@link PythonTool} beside the problems of a data file. */
public record PythonKind(
        @Setting(value = "5.0", doc = "seconds of the processor that a program may take")
        double cpuSeconds,

        @Setting(value = "256", doc = "memory that a program may use, in MiB")
        int memoryMib,

        @Setting(value = "true", doc = "refuse to run programs where this machine has no isolation for them")
        boolean requireIsolation,

        EnvironmentLimits limits)
        implements EnvironmentKind {
    /** The defaults. */
    public static final PythonKind DEFAULT = ConfigTree.defaults(PythonKind.class);

    public PythonKind {
        new PythonTool(cpuSeconds, memoryMib, requireIsolation); // which checks
    }

    @Override
    public String name() {
        return "python";
    }

    @Override
    public String about() {
        return "Python programs in a sandbox; needs --data, whose rewards judge the last turn";
    }

    @Override
    public Environment environment() {
        PythonTool tool = new PythonTool(cpuSeconds, memoryMib, requireIsolation);
        return new ToolEnvironment(name(), List.of(tool), PlainCalls.DEFAULT, limits);
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
