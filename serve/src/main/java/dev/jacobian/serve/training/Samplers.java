// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.serve.http.WebException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The sampling sessions that are held; when one more is wanted, the one that was asked longest ago and rests makes room. */
final class Samplers implements AutoCloseable {
    private final int most;
    /** By how long ago they were asked for, the longest first; guarded by this. */
    private final Map<String, Sampler> held = new LinkedHashMap<>(16, 0.75f, true);

    Samplers(int most) {
        this.most = most;
    }

    synchronized Optional<Sampler> find(String id) {
        return Optional.ofNullable(held.get(id));
    }

    /**
     * The one of a name, made if it is not held.
     *
     * @throws WebException if all that are held are at work (429)
     */
    synchronized Sampler get(String id, Supplier<Sampler> made) {
        Sampler known = held.get(id);
        if (known != null) {
            return known;
        }
        if (held.size() >= most) {
            Sampler resting = held.values().stream()
                    .filter(sampler -> !sampler.isBusy())
                    .findFirst()
                    .orElseThrow(() -> new WebException(
                            429,
                            "rate_limit_error",
                            "all " + most + " sampling sessions that are held here are at work; come again",
                            null,
                            "rate_limit_exceeded"));
            held.remove(resting.id());
            resting.close();
        }
        Sampler sampler = made.get();
        held.put(id, sampler);
        return sampler;
    }

    /** Ends one. */
    synchronized void remove(String id) {
        Sampler sampler = held.remove(id);
        if (sampler != null) {
            sampler.close();
        }
    }

    @Override
    public synchronized void close() {
        held.values().forEach(Sampler::close);
        held.clear();
    }
}
