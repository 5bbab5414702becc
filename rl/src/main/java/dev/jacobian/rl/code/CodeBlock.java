// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import dev.jacobian.tensor.Nullable;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Finds the program in what a model wrote: the last block between lines of {@code ```} that names the language, else the last that names
 * none.
 *
 * <p>A block that never ends counts only if there is no other: models that stop at {@code ```} write such, and so does one whose answer
 * was cut off in its second try. Read line by line; a regular expression's stack would grow with the text.
 */
final class CodeBlock {
    private static final String FENCE = "```";

    private CodeBlock() {}

    /**
     * The last program of a language.
     *
     * @param names the language's, in lower case
     */
    static Optional<String> last(String text, Set<String> names) {
        String named = null;
        String unnamed = null;
        String language = null; // of the block that we are in
        StringBuilder block = new StringBuilder();
        for (String line : (Iterable<String>) text.lines()::iterator) {
            String stripped = line.strip();
            if (language == null && stripped.startsWith(FENCE)) {
                language = language(stripped);
                block.setLength(0);
            } else if (language != null && stripped.equals(FENCE)) {
                named = names.contains(language) ? block.toString() : named;
                unnamed = language.isEmpty() ? block.toString() : unnamed;
                language = null;
            } else if (language != null) {
                block.append(line).append('\n');
            }
        }
        boolean unfinished = language != null && (language.isEmpty() || names.contains(language));
        return Optional.ofNullable(named).or(or(unnamed)).or(or(unfinished ? block.toString() : null));
    }

    private static Supplier<Optional<String>> or(@Nullable String block) {
        return () -> Optional.ofNullable(block);
    }

    /** The first word behind the fence: {@code ```python title="a"} is python. */
    private static String language(String fence) {
        String rest = fence.substring(FENCE.length()).strip();
        int end = 0;
        while (end < rest.length() && !Character.isWhitespace(rest.charAt(end)) && rest.charAt(end) != '{') {
            end++;
        }
        return rest.substring(0, end).toLowerCase(Locale.ROOT);
    }
}
