// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import java.time.Duration;

/**
 * What requests may cost a server.
 *
 * @param bodyBytes longest body of a request; a longer one is refused with status 413
 * @param requests how many are handled at a time; one more is refused with status 429, so that a client can come again
 *     instead of waiting for a place that may never come
 * @param writing longest time that the client may take to read what is sent at once; then its connection ends
 * @param beat how often a client that waits is sent something without meaning: proxies keep the connection, and a client that
 *     has gone is noticed
 */
public record WebLimits(int bodyBytes, int requests, Duration writing, Duration beat) {
    /** Bodies of 4 MiB, 64 requests at a time, 30 seconds to read, a beat every 5 seconds. */
    public static final WebLimits DEFAULT = new WebLimits(4 << 20, 64, Duration.ofSeconds(30), Duration.ofSeconds(5));

    public WebLimits {
        if (bodyBytes < 1 || requests < 1 || !writing.isPositive() || !beat.isPositive()) {
            throw new IllegalArgumentException("limits of requests must be positive: " + bodyBytes + " bytes, "
                    + requests + " requests, " + writing + ", " + beat);
        }
    }

    /** The same with another limit on bodies. */
    public WebLimits withBodyBytes(int value) {
        return new WebLimits(value, requests, writing, beat);
    }

    /** The same with another number of requests at a time. */
    public WebLimits withRequests(int value) {
        return new WebLimits(bodyBytes, value, writing, beat);
    }

    /** The same with another limit on reading. */
    public WebLimits withWriting(Duration value) {
        return new WebLimits(bodyBytes, requests, value, beat);
    }

    /** The same with another beat. */
    public WebLimits withBeat(Duration value) {
        return new WebLimits(bodyBytes, requests, writing, value);
    }
}
