// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts {@code report.html}, its style sheet, its script, Chart.js and the data together into one page.
 *
 * <p>Placeholders are filled in a single pass, so text that looks like a placeholder in a completion stays text.
 */
final class ReportPage {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z-]+)}}");

    /** Only a hint for developer tools, which would ask for a file that is not there. */
    private static final Pattern SOURCE_MAP = Pattern.compile("//# sourceMappingURL=\\S*");

    private ReportPage() {}

    static String render(String title, ObjectNode data) {
        String style = resource("report.css");
        String chart = chartLibrary();
        String script = resource("report.js");
        Map<String, String> parts = Map.of(
                "title",
                SafeText.html(title),
                "policy",
                "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + hash(style) + "; script-src "
                        + hash(chart) + " " + hash(script),
                "style",
                style,
                "chart",
                chart,
                "chart-licence",
                SafeText.html(resource("chart-licence.txt")),
                "data",
                escapeScript(Json.compact(data)),
                "script",
                script);
        Matcher matcher = PLACEHOLDER.matcher(resource("report.html"));
        return matcher.replaceAll(match -> Matcher.quoteReplacement(parts.get(match.group(1))));
    }

    /**
     * JSON that is safe inside a script element: no character of it can begin a tag, a comment or an entity, and none
     * is a line end to old JavaScript parsers. All of these can only occur inside strings, where an escape means the
     * same.
     */
    static String escapeScript(String json) {
        return json.replace("&", "\\u0026")
                .replace("<", "\\u003c")
                .replace(">", "\\u003e")
                .replace("\u2028", "\\u2028")
                .replace("\u2029", "\\u2029");
    }

    static String hash(String source) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(source.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** Chart.js. */
    static String chartLibrary() {
        return SOURCE_MAP.matcher(resource("chart.umd.min.js")).replaceAll("");
    }

    /** A file beside this class. */
    static String resource(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("The resource " + name + " is missing from this build of the rl module;"
                        + " build it with Maven, which unpacks Chart.js");
            }
            // Browsers hash what is between the tags with line ends as \n.
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read the resource " + name, e);
        }
    }
}
