// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.io.FormatException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model in GGUF form: one file, or the parts {@code NAME-00001-of-0000N.gguf} and so on of which any may be given. Keys are those of
 * the first part, tensors those of all.
 */
public final class GgufCheckpoint implements AutoCloseable {
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf", Pattern.CASE_INSENSITIVE);
    private static final String COUNT = "split.count";
    private static final String NUMBER = "split.no";
    private static final int MAX_PARTS = 99_999;

    private final List<GgufFile> files;
    private final Map<String, GgufFile> places;

    private GgufCheckpoint(List<GgufFile> files, Map<String, GgufFile> places) {
        this.files = files;
        this.places = places;
    }

    /**
     * Opens all files of a model.
     *
     * @throws FormatException if one is broken or missing, or they do not belong together
     */
    public static GgufCheckpoint open(Path path) {
        List<GgufFile> files = new ArrayList<>();
        try {
            GgufFile given = GgufFile.open(path);
            files.add(given);
            int parts = given.metadata().integer(COUNT).orElse(1);
            if (parts > 1) {
                openParts(given, parts, files);
            }
            Map<String, GgufFile> places = new LinkedHashMap<>();
            for (GgufFile file : files) {
                for (GgufTensor tensor : file.tensors()) {
                    if (places.put(tensor.name(), file) != null) {
                        throw new FormatException(
                                file.path() + ", tensor '" + tensor.name() + "'",
                                "another part has it too",
                                "The parts are of different models; fetch them again");
                    }
                }
            }
            return new GgufCheckpoint(List.copyOf(files), Collections.unmodifiableMap(places));
        } catch (RuntimeException | Error e) {
            files.forEach(GgufFile::close);
            throw e;
        }
    }

    private static void openParts(GgufFile given, int parts, List<GgufFile> files) {
        Path path = given.path();
        Matcher name = PART.matcher(path.getFileName().toString());
        if (!name.matches() || Integer.parseInt(name.group(3)) != parts || parts > MAX_PARTS) {
            throw new FormatException(
                    path.toString(),
                    "it is a part of " + parts + ", but its name does not end in -0000i-of-"
                            + String.format(Locale.ROOT, "%05d", parts) + GgufFile.SUFFIX,
                    "Give the parts their names back, by which the others are found");
        }
        int own = Integer.parseInt(name.group(2));
        List<GgufFile> inOrder = new ArrayList<>();
        for (int part = 1; part <= parts; part++) {
            Path file = path.resolveSibling(
                    String.format(Locale.ROOT, "%s-%05d-of-%05d%s", name.group(1), part, parts, GgufFile.SUFFIX));
            if (part != own && !Files.exists(file)) {
                throw new FormatException(
                        path.toString(), "the part " + file.getFileName() + " is missing", "Fetch it too");
            }
            GgufFile opened = part == own ? given : GgufFile.open(file);
            if (part != own) {
                files.add(opened); // closed whatever comes
            }
            inOrder.add(opened);
            int number = opened.metadata().integer(NUMBER).orElse(-1);
            if (number != part - 1) {
                throw new FormatException(
                        file.toString(),
                        "its key " + NUMBER + " is " + number + ", its name makes it " + (part - 1),
                        "The part has another one's name; fetch the parts again");
            }
        }
        files.clear();
        files.addAll(inOrder);
    }

    /** The keys. */
    public GgufMetadata metadata() {
        return files.getFirst().metadata();
    }

    /** All tensors, part by part. */
    public List<GgufTensor> tensors() {
        return files.stream().flatMap(file -> file.tensors().stream()).toList();
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return places.containsKey(name);
    }

    /**
     * The file that a tensor is in.
     *
     * @throws FormatException if there is no such tensor
     */
    public GgufFile file(String name) {
        GgufFile file = places.get(name);
        return file == null ? requireTensor(name) : file;
    }

    private GgufFile requireTensor(String name) {
        files.getFirst().tensor(name); // the error of a missing one
        return files.getFirst();
    }

    /** Closes all files. Tensors that were read stay valid. */
    @Override
    public void close() {
        files.forEach(GgufFile::close);
    }
}
