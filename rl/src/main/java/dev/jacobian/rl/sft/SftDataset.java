// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Jsonl;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Demonstrations by index: a pure function of seed and index, so that a run can be repeated and resumed to the same bits. */
@FunctionalInterface
public interface SftDataset {
    /** The example at a place of the endless training stream. */
    SftExample example(long seed, long index);

    /** Examples of a JSONL file with {@code prompt} and {@code completion}, shuffled anew for every pass. */
    static SftDataset jsonl(Path file) {
        List<SftExample> examples = new ArrayList<>();
        for (JsonNode line : Jsonl.read(file)) {
            if (!line.path("prompt").isTextual() || !line.path("completion").isTextual()) {
                throw new FormatException(
                        file + ", example " + (examples.size() + 1),
                        "'prompt' and 'completion' must be strings",
                        "Write one object with these two per line");
            }
            examples.add(new SftExample(
                    line.get("prompt").textValue(), line.get("completion").textValue()));
        }
        return of(file.toString(), examples);
    }

    /** A fixed list, shuffled anew for every pass. */
    static SftDataset of(String name, List<SftExample> examples) {
        if (examples.isEmpty()) {
            throw new FormatException(name, "there are no examples", "Give at least one");
        }
        List<SftExample> all = List.copyOf(examples);
        return (seed, index) ->
                all.get(Permutation.of(seed, index / all.size(), all.size(), (int) (index % all.size())));
    }
}
