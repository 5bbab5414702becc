// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.io.chat.ToolCall;
import java.util.List;
import java.util.Optional;

/**
 * What has been added to one choice.
 *
 * @param choice index of the choice
 * @param text that is certain now
 * @param calls that are whole now
 * @param tokens those since the last delta; held-back text may still be in them
 * @param finishReason why the choice ended, if it has
 */
record Delta(int choice, String text, List<ToolCall> calls, List<ChosenToken> tokens, Optional<String> finishReason) {
    /** Whether a reader would see anything of it. */
    boolean isVisible() {
        return !text.isEmpty() || !calls.isEmpty() || finishReason.isPresent();
    }
}
