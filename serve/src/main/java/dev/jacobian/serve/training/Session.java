// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A client and what it made here, until nothing is heard of it. */
final class Session {
    /** What a number of the client's was used for. */
    record Made(String content, String answer) {}

    private final String id;
    private final List<String> models = new CopyOnWriteArrayList<>();
    private final List<String> samplers = new CopyOnWriteArrayList<>();
    private final Map<String, Made> made = new ConcurrentHashMap<>();
    private volatile Instant heard;

    Session(String id, Instant now) {
        this.id = id;
        this.heard = now;
    }

    String id() {
        return id;
    }

    List<String> models() {
        return models;
    }

    List<String> samplers() {
        return samplers;
    }

    /** What was made under the numbers that the client gives, so that a request sent again makes nothing again. */
    Map<String, Made> made() {
        return made;
    }

    Instant heard() {
        return heard;
    }

    void hear(Instant now) {
        heard = now;
    }
}
