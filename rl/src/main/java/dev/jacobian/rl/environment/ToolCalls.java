// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import dev.jacobian.io.chat.ToolCallFormat;

/**
 * How a model calls tools in a conversation.
 *
 * @param format how its chat template has it write calls
 * @param most calls of one turn that the template can answer
 */
public record ToolCalls(ToolCallFormat format, int most) {}
