// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import dev.jacobian.rl.environment.Session;
import java.util.Optional;

/** A session of a server, and what it observed first. */
abstract class RemoteSession implements Session {
    private final OpenEnvClient client;
    private final Observed observed;
    private final Optional<String> opening;
    private final boolean isDone;

    RemoteSession(OpenEnvClient client, OpenEnvClient.Step first, Observed observed) throws OpenEnvException {
        this.client = client;
        this.observed = observed;
        this.opening = observed.text(first.observation());
        this.isDone = first.isDone();
    }

    OpenEnvClient client() {
        return client;
    }

    Observed observed() {
        return observed;
    }

    /** Whether it was over before it began. */
    boolean isDone() {
        return isDone;
    }

    @Override
    public Optional<String> opening() {
        return opening;
    }

    @Override
    public void close() {
        client.close();
    }
}
