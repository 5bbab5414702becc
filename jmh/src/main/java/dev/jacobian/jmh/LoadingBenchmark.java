// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A checkpoint from its files, which the operating system has in memory: {@code load} makes a model of it, {@code read} only
 * copies the same bytes into arrays.
 *
 * <p>The serial collector is told not to copy large arrays, as the launcher tells it for every command that loads a model.
 */
@Fork(jvmArgsPrepend = "-XX:PretenureSizeThreshold=1m")
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LoadingBenchmark {
    /** A model, the type it is stored in and, if it is not F32, the format it is held in. */
    @Param("100M f32")
    public String checkpoint;

    private Path folder;
    private WeightFormat held;
    private byte[] chunk;

    @Setup
    public void setUp() {
        String[] words = checkpoint.split(" ");
        held = words.length == 2 ? WeightFormat.F32 : WeightFormat.parse(words[3]);
        folder = ModelFiles.checkpoint(ModelShape.named(words[0]), DType.valueOf(words[1].toUpperCase(Locale.ROOT)));
        chunk = new byte[8 << 20];
    }

    /** Bytes of the weights of a case. */
    static double bytes(String text) {
        String[] words = text.split(" ");
        boolean form = words.length == 2 || words.length == 4 && words[2].equals("as");
        if (!form || !words[1].equals("f32") && !words[1].equals("bf16")) {
            throw new IllegalArgumentException("'" + text + "' is not of the form 'MODEL f32|bf16 [as FORMAT]'");
        }
        return ModelShape.named(words[0]).parameters() * (words[1].equals("f32") ? 4.0 : 2.0);
    }

    @Benchmark
    public CausalLM load() {
        return CausalLM.load(folder, held);
    }

    @Benchmark
    public byte[] read() throws IOException {
        try (FileChannel file = FileChannel.open(folder.resolve("model.safetensors"), StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.wrap(chunk);
            while (file.read(buffer) >= 0) {
                buffer.clear();
            }
        }
        return chunk;
    }
}
