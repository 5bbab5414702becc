// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.jmh.ModelShape;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The model of the suites: Qwen2.5-0.5B's shape with random weights, F32 weights and BF16 arithmetic; made when it is first
 * asked for, once for all suites. Speed does not depend on what its weights are.
 */
final class GpuModel {
    private static final ModelShape FULL = new ModelShape("Qwen2.5-0.5B", 896, 24, 14, 2, 64, 4864, 151936);
    private static final ModelShape TINY = new ModelShape("tiny", 64, 2, 2, 1, 32, 96, 300);

    private final Device device;
    private final ModelShape shape;
    private @Nullable CausalLM model; // null before a suite wants it

    GpuModel(Device device, boolean tiny) {
        this.device = device;
        this.shape = tiny ? TINY : FULL;
    }

    ModelShape shape() {
        return shape;
    }

    /** No id ends a sequence: every side generates as many tokens as it is asked for. */
    CausalLM model() {
        if (model == null) {
            Path folder = null;
            try {
                folder = Files.createTempDirectory("jacobian-bench");
                ByteTokenizer.write(folder);
                model = CausalLM.create(Families.parse(shape.json("qwen2"), "benchmark"), Optional.of(folder), 1)
                        .to(device, DType.BF16);
            } catch (IOException unwritable) {
                throw new UncheckedIOException("cannot write a tokenizer to " + folder, unwritable);
            } finally {
                ByteTokenizer.delete(folder);
            }
        }
        return model;
    }

    /** Sequences of random ids; the same every time. */
    List<int[]> sequences(int count, int length) {
        Rng rng = new Rng(7, 0);
        List<int[]> sequences = new ArrayList<>();
        for (int s = 0; s < count; s++) {
            int[] tokens = new int[length];
            for (int t = 0; t < length; t++) {
                tokens[t] = 1 + rng.nextInt(shape.vocabulary() - 1);
            }
            sequences.add(tokens);
        }
        return sequences;
    }

    /**
     * Floating-point operations of forward and backward for one token of a sequence: 6 for each weight that is multiplied,
     * and causal attention over half of the keys. What is computed a second time to save memory does not count.
     */
    double trainingOperationsPerToken(int length) {
        return 6.0 * model().config().parameters()
                + 3.0 * shape.layers() * 4 * shape.heads() * shape.headDim() * length / 2;
    }

    /** Bytes that decoding a token of a sequence reads: every weight as BF16, and the cached keys and values. */
    double decodeBytesPerToken(double history) {
        return 2.0 * model().config().parameters()
                + 2.0 * 2 * shape.layers() * shape.kvHeads() * shape.headDim() * history;
    }
}
