// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import java.util.Optional;
import java.util.regex.Pattern;

/** What a completion says to its reader: without thoughts, struck-out words, code and marks of emphasis. */
final class Said {

    private static final Pattern SPECIAL_TOKEN = Pattern.compile("<\\|[^|<>\\n]{1,40}\\|>|</s>|<eos>");
    private static final Pattern TAG = Pattern.compile("<(/?)answer>", Pattern.CASE_INSENSITIVE);
    private static final Pattern STRUCK = Pattern.compile("~~[^~\\n]{1,200}~~");
    private static final Pattern FENCE = Pattern.compile("```[a-z]*\\n[^`]*+```");
    private static final Pattern BOLD =
            Pattern.compile("(?<![\\w)}*])(?:\\*\\*|__)(?!\\*)|(?<=[\\S])(?:\\*\\*|__)(?![\\w(\\\\*]|-\\d)");
    private static final Pattern ITALIC =
            Pattern.compile("(?<![\\w)}*])\\*(?=[^\\s*])([^*\\n]{1,80})(?<=\\S)\\*(?![\\w(*])");
    private static final Pattern HEADING = Pattern.compile("(?m)^[ >]*>\\s*|^#{1,3}\\s+");

    private Said() {}

    static String in(String text) {
        String said = text;
        int thoughtEnds = said.lastIndexOf("</think>");
        if (thoughtEnds >= 0) {
            said = said.substring(thoughtEnds + "</think>".length());
        }
        int thoughtBegins = said.indexOf("<think>");
        if (thoughtBegins >= 0) {
            said = said.substring(0, thoughtBegins);
        }
        if (said.indexOf('<') >= 0) {
            said = SPECIAL_TOKEN.matcher(said).replaceAll("");
            said = said.contains("<A") || said.contains("</A")
                    ? TAG.matcher(said).replaceAll("<$1answer>")
                    : said;
        }
        if (said.contains("~~")) {
            said = STRUCK.matcher(said).replaceAll("");
        }
        return withSingleBlanks(withoutMarkdown(said));
    }

    /** Runs of blanks as one, and of empty lines as one: they say nothing, and patterns that skip blanks would go through a long run again and again. */
    private static String withSingleBlanks(String text) {
        StringBuilder out = new StringBuilder(text.length());
        int lines = 0;
        boolean blank = false;
        for (int k = 0; k < text.length(); k++) {
            char c = text.charAt(k);
            if (c == '\n') {
                lines++;
            } else if (Character.isWhitespace(c)) {
                blank = true;
            } else {
                out.append(lines > 1 ? "\n\n" : lines == 1 ? "\n" : blank ? " " : "")
                        .append(c);
                lines = 0;
                blank = false;
            }
        }
        return out.append(lines > 0 ? "\n" : "").toString();
    }

    private static String withoutMarkdown(String text) {
        String said = text;
        if (said.indexOf('`') >= 0) {
            String outside = FENCE.matcher(said).replaceAll("");
            said = outside.isBlank() ? said.replaceAll("```[a-z]*", "") : outside;
            said = said.replace('`', ' ');
        }
        if (said.contains("**") || said.contains("__")) {
            said = said.replace("**!", "**.");
            said = BOLD.matcher(said).replaceAll("");
        }
        if (said.indexOf('*') >= 0) {
            said = ITALIC.matcher(said).replaceAll("$1");
        }
        return said.indexOf('>') >= 0 || said.indexOf('#') >= 0
                ? HEADING.matcher(said).replaceAll("")
                : said;
    }

    /** The content of the last answer tag; an open one counts up to the end. */
    static Optional<String> tagged(String text) {
        int open = text.lastIndexOf("<answer>");
        if (open < 0) {
            return Optional.empty();
        }
        int close = text.indexOf("</answer>", open);
        return Optional.of(text.substring(open + "<answer>".length(), close < 0 ? text.length() : close));
    }
}
