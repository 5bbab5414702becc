// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

/**
 * A function that a model wants called.
 *
 * @param name of the function, as the model wrote it; it may be none of those that it was told of
 * @param arguments a JSON object as text
 */
public record ToolCall(String name, String arguments) {}
