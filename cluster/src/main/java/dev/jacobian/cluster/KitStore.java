// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Files that were sent to a worker, in its folder, by content: what came once is not asked for again, whoever sends it and however
 * often the sending was cut off. A file has its name when all of its chunks are there and flushed.
 */
final class KitStore {
    private final Path folder;
    private final Map<String, BitSet> parts = new HashMap<>(); // chunks that are there of files that are not whole

    KitStore(Path folder) {
        this.folder = folder;
    }

    /** The chunks that are not there yet, by the name of the file. */
    synchronized Map<String, List<Integer>> missing(Kit kit) {
        Map<String, List<Integer>> missing = new LinkedHashMap<>();
        for (KitFile file : kit.files()) {
            BitSet there = parts.getOrDefault(file.id(), new BitSet());
            List<Integer> chunks = new ArrayList<>();
            for (int i = 0; i < file.chunks().size() && !isWhole(file); i++) {
                if (!there.get(i)) {
                    chunks.add(i);
                }
            }
            if (!chunks.isEmpty()) {
                missing.put(file.name(), chunks);
            }
        }
        return missing;
    }

    private boolean isWhole(KitFile file) {
        return Files.exists(folder.resolve(file.id()));
    }

    /**
     * Takes a chunk; one that is there already is passed over.
     *
     * @throws Refusal if it is damaged, or there is no room on the disk
     */
    synchronized void accept(KitFile file, int index, byte[] content) {
        if (index < 0
                || index >= file.chunks().size()
                || !KitFile.hash(content).equals(file.chunks().get(index))) {
            throw new Refusal(Refusal.Kind.BROKEN, "chunk " + index + " of " + file.name() + " was damaged on the way");
        }
        BitSet there = parts.computeIfAbsent(file.id(), id -> new BitSet());
        if (isWhole(file) || there.get(index)) {
            return;
        }
        Path part = folder.resolve(file.id() + ".part");
        try (FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            long at = (long) index * KitFile.CHUNK;
            while (bytes.hasRemaining()) {
                at += out.write(bytes, at);
            }
            there.set(index);
            if (there.cardinality() == file.chunks().size()) {
                out.force(true);
                Files.move(part, folder.resolve(file.id()), StandardCopyOption.ATOMIC_MOVE);
                parts.remove(file.id());
            }
        } catch (IOException e) {
            throw new Refusal(
                    Refusal.Kind.BUSY,
                    "cannot write to " + folder + " (" + e.getMessage() + "); make room on the worker's disk",
                    e);
        }
    }

    /** Puts the files of a kit under their names into a folder, which the caller removes. */
    synchronized Path unpacked(Kit kit) {
        try {
            Path target = Files.createTempDirectory(folder, "model-");
            for (KitFile file : kit.files()) {
                Path named = target.resolve(file.name());
                if (file.chunks().isEmpty()) {
                    Files.createFile(named);
                    continue;
                }
                try {
                    Files.createLink(named, folder.resolve(file.id()));
                } catch (UnsupportedOperationException | IOException e) {
                    Files.copy(folder.resolve(file.id()), named);
                }
            }
            return target;
        } catch (IOException e) {
            throw new Refusal(Refusal.Kind.BUSY, "cannot put a model together in " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Forgets the files of all kits but some. */
    synchronized void keep(List<Kit> kits) {
        Set<String> wanted = kits.stream()
                .flatMap(kit -> kit.files().stream())
                .map(KitFile::id)
                .collect(Collectors.toSet());
        parts.keySet().retainAll(wanted);
        try (Stream<Path> all = Files.list(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (!wanted.contains(file.getFileName().toString().replace(".part", ""))) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot tidy " + folder, e);
        }
    }

    /** Removes a folder and all that is in it. */
    static void remove(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}
