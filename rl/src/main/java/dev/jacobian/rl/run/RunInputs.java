// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files that a run is made from, by their SHA-256: the model that it starts from, and its data. Settings alone do not make
 * a run the same; other rows or another initial model under the old names would change it without a word.
 *
 * @param hashes {@code model/NAME}, {@code data}, or {@code data/NAME} of a folder, and {@code ptx_data} to {@code sha256:…}; empty where
 *     there are no such files
 */
record RunInputs(Map<String, String> hashes) {
    private static final Pattern OF_MODEL = Pattern.compile(
            "config\\.json|generation_config\\.json|tokenizer(_config)?\\.json|.*\\.safetensors(\\.index\\.json)?");
    private static final String MODEL = "model/";
    private static final String DATA = "data";
    private static final int BUFFER = 1 << 20;

    /** The files of a run's origin as they are now. */
    static RunInputs of(RunOrigin origin) {
        Map<String, String> hashes = new TreeMap<>();
        for (Path file : modelFiles(Path.of(origin.model()))) {
            hashes.put(MODEL + file.getFileName(), hash(file));
        }
        origin.data().map(Path::of).ifPresent(data -> hashData(data, origin, hashes));
        Optional.ofNullable(origin.options().get(RunOrigin.PTX_DATA))
                .map(Path::of)
                .filter(Files::isRegularFile)
                .ifPresent(file -> hashes.put(RunOrigin.PTX_DATA, hash(file)));
        return new RunInputs(hashes);
    }

    private static void hashData(Path data, RunOrigin origin, Map<String, String> hashes) {
        if (Files.isRegularFile(data)) {
            hashes.put(DATA, hash(data));
        } else if (Files.isDirectory(data)) {
            SavedRows.read(data, origin.options())
                    .files()
                    .forEach(file -> hashes.put(DATA + "/" + data.relativize(file), hash(file)));
        }
    }

    /** As {@link #toJson} wrote it; empty for a run of a version that did not. */
    static Optional<RunInputs> read(JsonNode json) {
        if (!json.isObject()) {
            return Optional.empty();
        }
        Map<String, String> hashes = new TreeMap<>();
        json.properties()
                .forEach(entry -> hashes.put(entry.getKey(), entry.getValue().asText()));
        return Optional.of(new RunInputs(hashes));
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object();
        hashes.forEach(json::put);
        return json;
    }

    /**
     * The first file that is not what it was, in words.
     *
     * @param now the files now
     * @param origin where they are now
     */
    Optional<String> difference(RunInputs now, RunOrigin origin) {
        Map<String, String> all = new TreeMap<>(hashes);
        now.hashes().forEach(all::putIfAbsent);
        return all.keySet().stream()
                .filter(name ->
                        !String.valueOf(hashes.get(name)).equals(now.hashes().get(name)))
                .findFirst()
                .map(name -> place(name, origin)
                        + (!now.hashes().containsKey(name)
                                ? " is gone"
                                : hashes.containsKey(name) ? " has other content" : " is new"));
    }

    /** Whether the model is the same wherever it lies. */
    boolean hasModelOf(RunInputs other) {
        return !model().isEmpty() && model().equals(other.model());
    }

    private Map<String, String> model() {
        Map<String, String> files = new TreeMap<>(hashes);
        files.keySet().removeIf(name -> !name.startsWith(MODEL));
        return files;
    }

    private static String place(String name, RunOrigin origin) {
        if (name.equals(RunOrigin.PTX_DATA)) {
            return "the demonstrations " + origin.options().getOrDefault(name, "");
        }
        return !name.startsWith(MODEL)
                ? "the data " + origin.data().orElse("") + name.substring(DATA.length())
                : "the model's " + modelFile(name.substring(MODEL.length()), Path.of(origin.model()));
    }

    private static Path modelFile(String name, Path model) {
        return Files.isDirectory(model) ? model.resolve(name) : model;
    }

    /** Files that decide what the model in a folder computes. */
    private static List<Path> modelFiles(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Files.isRegularFile(folder) ? List.of(folder) : List.of(); // the config.json of a new model
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(path ->
                            OF_MODEL.matcher(path.getFileName().toString()).matches())
                    .filter(Files::isRegularFile)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static String hash(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[BUFFER];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return "sha256:" + HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
