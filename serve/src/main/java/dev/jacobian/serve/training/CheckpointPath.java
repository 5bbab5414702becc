// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.serve.http.WebException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where something is saved: {@code tinker://RUN/weights/NAME} or {@code tinker://RUN/sampler_weights/NAME}.
 *
 * @param run the model that saved it
 * @param name letters, digits, hyphens and underscores, so that no path leads out of the folder
 */
record CheckpointPath(String run, Kind kind, String name) {
    /** What is saved. */
    enum Kind {
        /** Adapter and optimizer, to go on from. */
        WEIGHTS("training"),
        /** The adapter alone. */
        SAMPLER_WEIGHTS("sampler");

        private final String type;

        Kind(String type) {
            this.type = type;
        }

        /** Its name in paths. */
        String folder() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Its name in lists. */
        String type() {
            return type;
        }
    }

    /** File systems take 255 bytes, of which the folder that a checkpoint is written in first needs some for its own ending. */
    private static final int LONGEST_NAME = 200;

    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1," + LONGEST_NAME + "}");
    private static final Pattern PATH =
            Pattern.compile("tinker://([a-zA-Z0-9_-]{1,255})/(weights|sampler_weights)/([a-zA-Z0-9_-]{1,255})");

    /** @throws WebException if the name is none */
    static CheckpointPath of(String run, Kind kind, String name) {
        if (!NAME.matcher(name).matches()) {
            throw WebException.invalid(
                    "path",
                    "a checkpoint's name is 1 to " + LONGEST_NAME + " letters, digits, '-' and '_', found '"
                            + shown(name) + "'");
        }
        return new CheckpointPath(run, kind, name);
    }

    /** @throws WebException if it is none */
    static CheckpointPath parse(String path) {
        Matcher parts = PATH.matcher(path);
        if (!parts.matches()) {
            throw WebException.invalid(
                    "path",
                    "a checkpoint's path is tinker://RUN/weights/NAME or tinker://RUN/sampler_weights/NAME, found '"
                            + shown(path) + "'");
        }
        return new CheckpointPath(
                parts.group(1), Kind.valueOf(parts.group(2).toUpperCase(Locale.ROOT)), parts.group(3));
    }

    private static String shown(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }

    /** What it is called within its run. */
    String id() {
        return kind.folder() + "/" + name;
    }

    @Override
    public String toString() {
        return "tinker://" + run + "/" + id();
    }
}
