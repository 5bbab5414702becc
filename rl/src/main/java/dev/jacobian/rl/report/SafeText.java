// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

/** Text in pages and pictures: names of models and data come from files, and must not become markup. */
public final class SafeText {
    private SafeText() {}

    /** Text that is safe as the content of an element. */
    public static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
