// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import dev.jacobian.serve.http.WebRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The page to chat with: one file without anything from elsewhere.
 *
 * <p>Its policy allows the script and the style that are in the file, by their hashes, and requests to this server; nothing else,
 * whatever a model says. No page may frame it.
 */
final class ChatPage {
    private final byte[] html;
    private final String policy;

    ChatPage() {
        try (InputStream in = ChatPage.class.getResourceAsStream("chat.html")) {
            if (in == null) {
                throw new IllegalStateException("chat.html is missing beside " + ChatPage.class);
            }
            html = in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String text = new String(html, StandardCharsets.UTF_8);
        policy = "default-src 'none'; connect-src 'self'; img-src data:; script-src " + hash(text, "script")
                + "; style-src " + hash(text, "style")
                + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    private static String hash(String html, String tag) {
        int from = html.indexOf("<" + tag + ">") + tag.length() + 2;
        String content = html.substring(from, html.indexOf("</" + tag + ">", from));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    void reply(WebRequest request) throws IOException {
        request.setHeader("Content-Security-Policy", policy);
        request.setHeader("Referrer-Policy", "no-referrer");
        request.setHeader("Cache-Control", "no-cache");
        request.reply(200, "text/html; charset=utf-8", html);
    }
}
