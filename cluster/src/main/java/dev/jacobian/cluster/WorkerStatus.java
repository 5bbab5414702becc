// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.Locale;

/**
 * A worker as its master sees it now.
 *
 * @param address where it listens
 * @param state what it does
 * @param detail why it is lost or refused; otherwise empty
 * @param version of the weights that it has; -1 for none
 * @param threads that it computes with
 * @param samples that were taken from it
 * @param tokens of them
 * @param tokensPerSecond while it sampled
 * @param idle part of its time in [0, 1] in which it had nothing to sample, since it was first heard
 * @param lastHeard seconds since it was last heard
 * @param losses how often it was lost
 */
public record WorkerStatus(
        String address,
        State state,
        String detail,
        long version,
        int threads,
        long samples,
        long tokens,
        double tokensPerSecond,
        double idle,
        double lastHeard,
        int losses) {
    /** What a worker does. */
    public enum State {
        /** It is asked who it is, and sent the model. */
        CONNECTING,
        /** It gets weights. */
        RECEIVING,
        /** It samples. */
        SAMPLING,
        /** It has nothing to do. */
        IDLE,
        /** It does not answer; it is asked again and again. */
        LOST,
        /** It is another version, model or arithmetic, and is not asked again. */
        REFUSED;

        /** In lower case. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What a report has of it. */
    public ObjectNode toJson() {
        return Json.object()
                .put("address", address)
                .put("state", state.label())
                .put("detail", detail)
                .put("version", version)
                .put("threads", threads)
                .put("samples", samples)
                .put("tokens", tokens)
                .put("tokens_per_second", tokensPerSecond)
                .put("idle", idle)
                .put("last_heard", lastHeard)
                .put("losses", losses);
    }

    /** One line of a table: who, what, how fast, with which weights, last heard. */
    public String line() {
        String now = String.format(
                Locale.ROOT,
                "%s %s, %.0f tokens/s, weights %s, %.0f %% idle, heard %.0f s ago",
                address,
                state.label(),
                tokensPerSecond,
                version < 0 ? "none" : Long.toString(version),
                100 * idle,
                lastHeard);
        return detail.isEmpty() ? now : now + " (" + detail + ")";
    }
}
