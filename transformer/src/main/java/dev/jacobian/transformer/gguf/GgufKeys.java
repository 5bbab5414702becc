// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.gguf.GgufMetadata;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The keys by which a GGUF file describes its architecture. Reading one consumes it; one that is left over, and not known to change no
 * number, is an error.
 */
final class GgufKeys {
    static final String ARCHITECTURE = "general.architecture";

    /** How fast queries grow with their positions. */
    static final String GROWTH = "attention.temperature_scale";

    /** Keys of every architecture that say nothing of what it computes, or say it again. */
    private static final Set<String> HARMLESS =
            Set.of("rope.scaling.finetuned", "attention.causal", "tensor_data_layout", "attention.value_length");

    private final GgufMetadata metadata;
    private final String prefix;
    private final Set<String> used = new HashSet<>();

    GgufKeys(GgufMetadata metadata) {
        this.metadata = metadata;
        this.prefix = metadata.requireText(ARCHITECTURE) + ".";
    }

    GgufMetadata metadata() {
        return metadata;
    }

    private String key(String name) {
        used.add(name);
        return prefix + name;
    }

    Optional<Integer> size(String name) {
        return metadata.integer(key(name));
    }

    int requireSize(String name) {
        return metadata.requireInteger(key(name));
    }

    /** A size that a file may give for each layer, if it is the same in all. */
    Optional<Integer> sizeOfAllLayers(String name) {
        if (!isList(name)) {
            return size(name);
        }
        long[] each = metadata.integers(key(name)).orElseThrow();
        for (long size : each) {
            if (size != each[0] || size < 0 || size > Integer.MAX_VALUE) {
                throw metadata.bad(key(name), "layers of different sizes are not computed here");
            }
        }
        return each.length == 0 ? Optional.empty() : Optional.of((int) each[0]);
    }

    boolean isList(String name) {
        return metadata.has(prefix + name) && !metadata.plain().containsKey(prefix + name);
    }

    Optional<long[]> list(String name) {
        return metadata.integers(key(name));
    }

    Optional<Double> number(String name) {
        return metadata.number(key(name));
    }

    Optional<Boolean> flag(String name) {
        return metadata.flag(key(name));
    }

    Optional<String> text(String name) {
        return metadata.text(key(name));
    }

    /** Keys that change nothing here. */
    void unused(String... names) {
        used.addAll(List.of(names));
    }

    /** Whether the file has a key. */
    boolean has(String name) {
        return metadata.has(prefix + name);
    }

    FormatException bad(String name, String what) {
        return metadata.bad(prefix + name, what);
    }

    /** Refuses what nobody read. */
    void finish() {
        Set<String> left = new TreeSet<>();
        for (String key : metadata.keys()) {
            if (key.startsWith(prefix)
                    && !used.contains(key.substring(prefix.length()))
                    && !HARMLESS.contains(key.substring(prefix.length()))) {
                left.add(key);
            }
        }
        if (!left.isEmpty()) {
            throw new FormatException(
                    metadata.where(),
                    "keys that are not understood and may change what is computed: " + String.join(", ", left),
                    "Use the safetensors of the same model, whose config.json says what they mean");
        }
    }
}
