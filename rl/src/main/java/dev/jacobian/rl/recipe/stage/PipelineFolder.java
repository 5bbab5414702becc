// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.run.RunLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The folder of a pipeline: whose it is, which stages have begun, and with what settings.
 *
 * <p>A stage has begun when {@code recipe.json} says so, which happens before the stage's folder is made: there is no folder of a stage whose
 * settings are not known.
 */
final class PipelineFolder implements AutoCloseable {
    private static final String FILE = "recipe.json";
    private static final int FORMAT = 1;

    private final Path path;
    private final Pipeline pipeline;
    private final RunLock lock;
    private final Map<String, JsonNode> begun; // settings of stages that have begun, by name
    private final int anew;

    private PipelineFolder(Path path, Pipeline pipeline, RunLock lock, Map<String, JsonNode> begun, int anew) {
        this.path = path;
        this.pipeline = pipeline;
        this.lock = lock;
        this.begun = begun;
        this.anew = anew;
    }

    /**
     * Takes a folder. Changes nothing in it yet but for the lock.
     *
     * @param anew number of the first stage that is begun anew; as many as there are stages for none
     */
    static PipelineFolder open(Path folder, Pipeline pipeline, int anew) {
        Path path = folder.toAbsolutePath().normalize();
        boolean isNew = isNew(path, folder);
        make(path);
        RunLock lock = RunLock.acquire(path);
        try {
            Map<String, JsonNode> begun = isNew ? new TreeMap<>() : begun(path, pipeline, anew);
            return new PipelineFolder(path, pipeline, lock, begun, anew);
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private static boolean isNew(Path path, Path given) {
        if (Files.exists(path.resolve(FILE))) {
            return false;
        }
        if (!Files.exists(path)) {
            return true;
        }
        if (!Files.isDirectory(path)) {
            throw new IllegalStateException(given + " is a file; choose a folder with --out DIR");
        }
        try (Stream<Path> entries = Files.list(path)) {
            if (entries.anyMatch(entry -> !entry.endsWith(RunLock.FILE))) { // a start that was refused leaves that
                throw new IllegalStateException(given + " is not empty and holds no recipe (no " + FILE
                        + "); choose another folder with --out DIR");
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + given + ": " + e.getMessage(), e);
        }
    }

    private static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot make the folder " + folder + ": " + e + "; choose another with --out DIR", e);
        }
    }

    private static Map<String, JsonNode> begun(Path path, Pipeline pipeline, int anew) {
        Path file = path.resolve(FILE);
        JsonNode json = Json.read(file);
        if (json.path("format").asInt() != FORMAT || !json.path("stages").isArray()) {
            throw new FormatException(file.toString(), "it is not a recipe of this version", "Choose another --out");
        }
        String name = json.path("name").asText();
        if (!name.equals(pipeline.name())) {
            throw new IllegalStateException(path + " is of the recipe '" + name + "', not of '" + pipeline.name()
                    + "'; choose another folder with --out DIR");
        }
        if (anew > 0 && json.path("seed").asLong() != pipeline.seed()) {
            throw new IllegalStateException(
                    path + " was begun with the seed " + json.path("seed").asLong() + ", not "
                            + pipeline.seed() + "; choose that one, another --out, or begin anew with --from "
                            + pipeline.stages().getFirst().name());
        }
        Map<String, JsonNode> begun = new TreeMap<>();
        List<String> order = pipeline.stages().stream().map(Stage::name).toList();
        for (JsonNode stage : json.get("stages")) {
            int place = order.indexOf(stage.path("name").asText());
            if (!stage.path("begun").asBoolean() || place >= anew) {
                continue;
            }
            if (place != begun.size()) {
                throw new IllegalStateException(path + " has finished or begun the stages "
                        + json.findValuesAsText("name") + " in another order than " + order
                        + "; begin anew with --from " + order.get(Math.min(begun.size(), order.size() - 1)));
            }
            requireSame(path, pipeline.stages().get(place), stage.path("settings"));
            begun.put(order.get(place), stage.path("settings"));
        }
        return begun;
    }

    private static void requireSame(Path path, Stage stage, JsonNode before) {
        JsonNode now = Json.parse(Json.compact(stage.settings()), "the settings"); // as it comes back from a file
        if (now.equals(before)) {
            return;
        }
        StringBuilder changes = new StringBuilder();
        Map<String, JsonNode> all = new TreeMap<>();
        before.properties().forEach(entry -> all.put(entry.getKey(), entry.getValue()));
        now.properties().forEach(entry -> all.putIfAbsent(entry.getKey(), entry.getValue()));
        for (String key : all.keySet()) {
            if (!Objects.equals(before.get(key), now.get(key))) {
                changes.append(changes.isEmpty() ? "" : ", ")
                        .append(key)
                        .append(" was ")
                        .append(before.has(key) ? before.get(key) : "not there")
                        .append(", now ")
                        .append(now.has(key) ? now.get(key) : "is not there");
            }
        }
        throw new IllegalStateException("stage '" + stage.name() + "' in " + path + " has begun with other settings: "
                + changes + ". Give the settings that it had, begin it anew with --from " + stage.name()
                + ", or choose another --out");
    }

    /** The folder, absolute. */
    Path path() {
        return path;
    }

    /** Removes what is begun anew, and writes what is going to be done. */
    void begin() {
        for (Stage stage : pipeline.stages().subList(anew, pipeline.stages().size())) {
            begun.remove(stage.name());
        }
        write(); // first: stages without a claim on their folders may lose them at any instant
        for (Stage stage : pipeline.stages()) {
            if (!begun.containsKey(stage.name())) {
                remove(pipeline.folder(path, stage.name()));
            }
        }
    }

    /** Writes that a stage has begun, and makes its folder. */
    void begin(Stage stage) {
        begun.put(stage.name(), stage.settings());
        write();
        Path folder = pipeline.folder(path, stage.name());
        if (Files.isSymbolicLink(folder)) {
            throw new IllegalStateException(folder + " is a link; a pipeline writes only what is its own");
        }
        make(folder);
    }

    private void write() {
        ObjectNode json = Json.object();
        json.put("format", FORMAT);
        json.put("name", pipeline.name());
        json.put("seed", pipeline.seed());
        ArrayNode stages = json.putArray("stages");
        for (Stage stage : pipeline.stages()) {
            ObjectNode one = stages.addObject();
            one.put("name", stage.name());
            one.put("purpose", stage.purpose());
            one.put("begun", begun.containsKey(stage.name()));
            ArrayNode inputs = one.putArray("inputs");
            stage.inputs().forEach(inputs::add);
            one.set("settings", stage.settings());
        }
        Json.write(path.resolve(FILE), json);
    }

    /** Removes a stage's folder: its {@code stage.json} first, so that what is half removed is not taken for finished. */
    private static void remove(Path folder) {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.deleteIfExists(folder.resolve(StageFile.NAME));
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path entry : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(entry);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        lock.close();
    }
}
