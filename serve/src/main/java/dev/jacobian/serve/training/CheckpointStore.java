// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.training.CheckpointPath.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What models saved: {@code RUN/weights/NAME} and {@code RUN/sampler_weights/NAME} under one folder, each whole or not there, with what
 * is known of it in {@code checkpoint.json} and its adapter, in PEFT's form, in {@code state}.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>What has outlived its time is not found any more, and its files go when somebody looks.
 *   <li>One thing is done at a time, so nobody finds a checkpoint missing, or removes a new one, while it takes an old one's place.
 * </ul>
 */
final class CheckpointStore {
    private static final String ABOUT = "checkpoint.json";
    private static final String STATE = "state";

    private final Path root;
    private final InstantSource clock;

    CheckpointStore(Path root, InstantSource clock) {
        this.root = root;
        this.clock = clock;
    }

    /** One that is there. */
    record Entry(CheckpointPath path, JsonNode about, long bytes) {
        ObjectNode toJson() {
            ObjectNode json = Json.object()
                    .put("checkpoint_id", path.id())
                    .put("checkpoint_type", path.kind().type())
                    .put("time", about.path("time").textValue())
                    .put("tinker_path", path.toString())
                    .put("size_bytes", bytes)
                    .put("public", false);
            json.set("expires_at", about.get("expires_at"));
            return json;
        }
    }

    private Path folder(CheckpointPath path) {
        return root.resolve(path.run()).resolve(path.kind().folder()).resolve(path.name());
    }

    /** Refuses a name that is taken. */
    void requireFree(CheckpointPath path) {
        if (find(path).isPresent()) {
            throw new WebException(
                    409,
                    "invalid_request_error",
                    path + " is there already; take another name, or overwrite = true",
                    "path",
                    "conflict");
        }
    }

    /**
     * Writes one, over one that is there.
     *
     * @param about what is known of it
     * @param seconds how long it is kept
     * @param state writes the adapter, and what else there is, into a folder
     */
    synchronized void write(CheckpointPath path, ObjectNode about, OptionalLong seconds, Consumer<Path> state) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        ObjectNode all = about.deepCopy().put("time", now.toString());
        expire(all, now, seconds);
        AtomicFiles.writeDirectory(folder(path), directory -> {
            state.accept(directory.resolve(STATE));
            Json.write(directory.resolve(ABOUT), all);
        });
    }

    private static void expire(ObjectNode about, Instant now, OptionalLong seconds) {
        if (seconds.isPresent()) {
            about.put("expires_at", now.plusSeconds(seconds.getAsLong()).toString());
        } else {
            about.putNull("expires_at");
        }
    }

    /** Keeps one for so long from now on, or for good. */
    synchronized void keep(CheckpointPath path, OptionalLong seconds) {
        ObjectNode about = (ObjectNode) about(path).deepCopy();
        expire(about, clock.instant().truncatedTo(ChronoUnit.MILLIS), seconds);
        AtomicFiles.writeString(folder(path).resolve(ABOUT), Json.pretty(about));
    }

    /** What is known of one, if it is there. */
    synchronized Optional<JsonNode> find(CheckpointPath path) {
        Path folder = folder(path);
        AtomicFiles.recover(folder);
        Path file = folder.resolve(ABOUT);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        JsonNode about = Json.read(file);
        String end = about.path("expires_at").asText("");
        if (about.path("expires_at").isTextual() && !Instant.parse(end).isAfter(clock.instant())) {
            delete(folder);
            return Optional.empty();
        }
        return Optional.of(about);
    }

    /** @throws WebException if it is not there */
    JsonNode about(CheckpointPath path) {
        return find(path)
                .orElseThrow(() -> WebException.notFound(
                        "there is no checkpoint " + path + " here; /api/v1/checkpoints lists those that are",
                        "unknown_checkpoint"));
    }

    /** The folder of its adapter, and of the optimizer where that was saved. */
    Path state(CheckpointPath path) {
        about(path);
        return folder(path).resolve(STATE);
    }

    /** Removes one. */
    synchronized void remove(CheckpointPath path) {
        about(path);
        delete(folder(path));
    }

    /** All of a run, or of all, oldest first. */
    synchronized List<Entry> list(Optional<String> run) {
        List<Entry> entries = new ArrayList<>();
        for (String name : run.map(List::of).orElseGet(() -> names(root))) {
            for (Kind kind : Kind.values()) {
                for (String one : checkpoints(root.resolve(name).resolve(kind.folder()))) {
                    CheckpointPath path = new CheckpointPath(name, kind, one);
                    find(path).ifPresent(about -> entries.add(new Entry(path, about, bytes(folder(path)))));
                }
            }
        }
        entries.sort(Comparator.comparing(entry -> entry.about().path("time").asText()));
        return entries;
    }

    /** What is there, and what a killed process may have set aside under a hidden name ({@link AtomicFiles#recover}). */
    private static SortedSet<String> checkpoints(Path folder) {
        SortedSet<String> all = new TreeSet<>();
        for (String name : names(folder)) {
            int end = name.indexOf('.', 1);
            if (!name.startsWith(".")) {
                all.add(name);
            } else if (end > 0) {
                all.add(name.substring(1, end));
            }
        }
        return all;
    }

    private static List<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(Files::isDirectory)
                    .map(path -> path.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static long bytes(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    /** What is known of it goes first: without that it is not found, should this be cut short. */
    private static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            Files.deleteIfExists(folder.resolve(ABOUT));
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(one);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + folder, e);
        }
    }
}
