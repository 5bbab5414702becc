// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.reward.Columns;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs the tools that a policy calls and tells it what they answer, until it says something without a call: that is its answer, which the
 * task's rewards judge. It gives no reward itself.
 *
 * <p>In a conversation calls are written as the model's chat template shows them, and answers are messages of the role
 * {@code tool}; in plain text both are written as {@link PlainCalls} says.
 *
 * @param name for metrics and messages
 * @param toolbox the tools, at least one
 * @param plain how calls are written in plain text
 * @param limits how far an episode may go
 */
public record ToolEnvironment(String name, List<Tool> toolbox, PlainCalls plain, EnvironmentLimits limits)
        implements Environment {
    public ToolEnvironment {
        toolbox = List.copyOf(toolbox);
        Set<String> names = new HashSet<>();
        for (Tool tool : toolbox) {
            if (!tool.name().matches("[A-Za-z0-9_-]{1,64}") || !names.add(tool.name())) {
                throw new IllegalArgumentException(
                        "tools need names of letters, digits, _ and -, and each another, not '" + tool.name() + "'");
            }
        }
        if (toolbox.isEmpty()) {
            throw new IllegalArgumentException("environment '" + name + "' has no tools");
        }
    }

    /** Some tools with the usual limits, named after the first. */
    public static ToolEnvironment of(Tool... tools) {
        return new ToolEnvironment(tools[0].name(), List.of(tools), PlainCalls.DEFAULT, EnvironmentLimits.DEFAULT);
    }

    /** The same with other limits. */
    public ToolEnvironment within(EnvironmentLimits others) {
        return new ToolEnvironment(name, toolbox, plain, others);
    }

    @Override
    public void requireUsable(Columns columns) {
        toolbox.forEach(tool -> tool.requireUsable(columns));
    }

    @Override
    public List<ObjectNode> tools() {
        return toolbox.stream().map(Tool::schema).toList();
    }

    /** As many as the tool that takes fewest. */
    @Override
    public int callsAtOnce() {
        return toolbox.stream().mapToInt(Tool::callsAtOnce).min().orElseThrow();
    }

    @Override
    public List<String> stops() {
        return List.of(plain.closing());
    }

    @Override
    public Session reset(Start start) throws Exception {
        if (start.isConversation() && start.calls().isEmpty()) {
            throw new IllegalStateException("the model's chat template shows it no tools, or in a form that is not read"
                    + " here; take a model whose template does, or prompts in plain text");
        }
        Map<String, ToolUse> open = new LinkedHashMap<>();
        try {
            for (Tool tool : toolbox) {
                open.put(tool.name(), tool.open(start));
            }
        } catch (Exception broken) {
            for (ToolUse tool : open.values()) {
                tool.close();
            }
            throw broken;
        }
        return start.calls()
                .<Session>map(calls -> new ToolConversation(open, calls))
                .orElseGet(() -> new PlainToolSession(toolbox, open, plain));
    }
}
