// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import com.sun.net.httpserver.Headers;
import dev.jacobian.tensor.Nullable;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Who may ask.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Without a key only this machine may: the address must be a loopback one. A page in a browser on this machine reaches
 *       loopback too, so two more things are checked. {@code Host} must be a name of this machine: a foreign name that was made to
 *       point here (DNS rebinding) is refused. {@code Origin}, where a browser sends one, must be the server's own or one that
 *       was allowed: other pages can neither read an answer nor make the server compute one.
 *   <li>With a key, requests to everything but public routes need {@code Authorization: Bearer KEY} or {@code X-API-Key: KEY}. The host may then be any,
 *       since a page from elsewhere has no key; the origin is checked all the same.
 * </ul>
 *
 * @param key what clients must show; without one, nothing
 * @param origins pages from elsewhere that may ask, such as {@code https://example.org}
 */
public record Access(Optional<ApiKey> key, List<String> origins) {
    private static final List<String> THIS_MACHINE = List.of("localhost", "127.0.0.1", "[::1]");

    public Access {
        origins = List.copyOf(origins);
    }

    /** This machine, and no pages from elsewhere. */
    public static Access local() {
        return new Access(Optional.empty(), List.of());
    }

    /**
     * Refuses an address that others can reach while there is no key.
     *
     * @throws IllegalArgumentException if it is one
     */
    void requireFor(InetAddress address) {
        if (key.isEmpty() && !address.isLoopbackAddress()) {
            throw new IllegalArgumentException("without an API key only this machine may ask, and "
                    + address.getHostAddress() + " can be reached from others. Give a key, or use 127.0.0.1");
        }
    }

    /**
     * Checks a request before anything else of it is read.
     *
     * @param isPublic whether the route needs no key
     * @throws WebException if it is not allowed
     */
    void check(Headers headers, boolean isPublic) {
        String host = headers.getFirst("Host");
        if (key.isEmpty() && !isThisMachine(host)) {
            throw forbidden("the Host header names another machine (" + host
                    + "); without an API key only localhost, 127.0.0.1 and [::1] are answered");
        }
        String origin = headers.getFirst("Origin");
        if (origin != null && !isOwn(origin, host) && !origins.contains(origin)) {
            throw forbidden("pages of " + origin + " may not ask; the server can be told to allow an origin");
        }
        if (!isPublic && key.isPresent() && !isAuthorized(headers, key.get())) {
            throw new WebException(
                    401,
                    "authentication_error",
                    "the API key is missing or wrong; send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'",
                    null,
                    "invalid_api_key");
        }
    }

    /** The origin to name in a response, if a page from elsewhere asks and may. */
    Optional<String> allowedOrigin(Headers headers) {
        return Optional.ofNullable(headers.getFirst("Origin")).filter(origins::contains);
    }

    private static boolean isThisMachine(@Nullable String host) {
        if (host == null) {
            return false;
        }
        int colon = host.lastIndexOf(':');
        String name = colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
        return THIS_MACHINE.contains(name.toLowerCase(Locale.ROOT));
    }

    private static boolean isOwn(String origin, @Nullable String host) {
        return origin.equals("http://" + host) || origin.equals("https://" + host);
    }

    private static boolean isAuthorized(Headers headers, ApiKey key) {
        String alone = headers.getFirst("X-API-Key");
        if (alone != null) {
            return key.matches(alone.strip());
        }
        String authorization = headers.getFirst("Authorization");
        return authorization != null
                && authorization.regionMatches(true, 0, "Bearer ", 0, 7)
                && key.matches(authorization.substring(7).strip());
    }

    private static WebException forbidden(String message) {
        return new WebException(403, "permission_error", message, null, null);
    }
}
