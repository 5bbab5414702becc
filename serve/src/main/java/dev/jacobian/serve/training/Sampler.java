// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.EngineMetrics;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A sampling session: weights that do not change, and the engine that generates with them, made when it is asked for the first time.
 */
final class Sampler implements AutoCloseable {
    private final String id;
    private final Optional<String> path;
    private final CausalLM model;
    private final EngineConfig config;
    private final Map<Integer, Session.Made> made = new ConcurrentHashMap<>();
    private @Nullable AsyncEngine engine; // guarded by this
    private boolean closed;

    /** @param path of the checkpoint that the weights are of, if they are of one */
    Sampler(String id, Optional<String> path, CausalLM model, EngineConfig config) {
        this.id = id;
        this.path = path;
        this.model = model;
        this.config = config;
    }

    String id() {
        return id;
    }

    Optional<String> path() {
        return path;
    }

    CausalLM model() {
        return model;
    }

    Map<Integer, Session.Made> made() {
        return made;
    }

    /** @throws IllegalStateException if it is closed */
    synchronized AsyncEngine engine() {
        if (closed) {
            throw new IllegalStateException(
                    "the sampling session " + id + " has made room for others; make another one");
        }
        if (engine == null) {
            engine = new AsyncEngine(model, config);
        }
        return engine;
    }

    /** Whether something is generated. */
    synchronized boolean isBusy() {
        return engine != null && isBusy(engine.metrics());
    }

    private static boolean isBusy(EngineMetrics now) {
        return now.running() + now.prefilling() + now.waiting() > 0;
    }

    /** Ends; what runs fails. */
    @Override
    public synchronized void close() {
        closed = true;
        if (engine != null) {
            engine.close(Duration.ZERO);
        }
    }
}
