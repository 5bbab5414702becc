// SPDX-License-Identifier: Apache-2.0
/**
 * Conversations to text, by a checkpoint's own chat template: {@link dev.jacobian.io.chat.ChatTemplate} renders a {@link
 * dev.jacobian.io.chat.Chat}, and {@link dev.jacobian.io.chat.RenderedChat} has the text, its token ids, and which of the tokens the
 * assistant says.
 */
package dev.jacobian.io.chat;
