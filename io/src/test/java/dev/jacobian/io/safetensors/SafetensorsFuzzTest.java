// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import dev.jacobian.testing.fuzz.JsonMutator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broken safetensors files: a clear error or tensors, soon, and in memory that the file accounts for. */
class SafetensorsFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final int threads = ComputePool.threads();

    @TempDir
    Path folder;

    @BeforeEach
    void oneThread() {
        ComputePool.setThreads(1); // what others allocate would not be counted
    }

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    private static final String HEADER = """
        {"__metadata__":{"format":"pt"},
         "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
         "b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},
         "c":{"dtype":"F16","shape":[1,1,2],"data_offsets":[32,36]},
         "d":{"dtype":"I64","shape":[],"data_offsets":[36,44]},
         "e":{"dtype":"U8","shape":[3],"data_offsets":[44,47]},
         "f":{"dtype":"F64","shape":[0,5],"data_offsets":[47,47]}}\
        """;

    private static final int DATA_BYTES = 47;

    private static byte[] input(Choices choices) {
        try {
            JsonNode header = JSON.readTree(HEADER);
            if (!choices.oneIn(4)) {
                header = JsonMutator.mutate(header, choices);
            }
            byte[] json = JSON.writeValueAsBytes(header);
            long length = choices.oneIn(8) ? json.length + choices.below(64) - 32 : json.length;
            byte[] data = Arrays.copyOf(new byte[] {1, 2, 3}, choices.oneIn(4) ? choices.below(64) : DATA_BYTES);
            byte[] file = ByteBuffer.allocate(Long.BYTES + json.length + data.length)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .put(json)
                    .put(data)
                    .array();
            return choices.oneIn(3) ? Bytes.mutate(file, choices) : file;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void readsOrSaysWhatIsWrong() {
        Path path = folder.resolve("model.safetensors");
        int inputs = Fuzz.inputs(2000);
        int read = Fuzz.run(
                inputs,
                1,
                SafetensorsFuzzTest::input,
                input -> {
                    Files.write(path, input);
                    try (SafetensorsFile file = SafetensorsFile.open(path)) {
                        for (String name : file.names()) {
                            file.read(name);
                        }
                    }
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
    }
}
