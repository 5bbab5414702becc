// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model and a batch of random tokens.
 *
 * @param shape of the model
 * @param sequences sequences of the batch
 * @param length tokens of each
 * @param format of the weights, as GGUF files name it: f32, bf16, q8_0 or q4_0
 */
public record ModelCase(ModelShape shape, int sequences, int length, String format) {
    private static final Pattern FORM = Pattern.compile("(\\S+) (\\d+)x(\\d+)(?: (f32|bf16|q8_0|q4_0))?");

    /** Reads {@code MODEL SEQUENCESxLENGTH [FORMAT]}. */
    public static ModelCase parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not of the form 'MODEL SEQUENCESxLENGTH [f32|bf16|q8_0|q4_0]'");
        }
        return new ModelCase(
                ModelShape.named(m.group(1)),
                Integer.parseInt(m.group(2)),
                Integer.parseInt(m.group(3)),
                m.group(4) == null ? "f32" : m.group(4));
    }

    /** The model; the same weights every time. */
    public CausalLM model() {
        return CausalLM.create(shape.config(), Optional.empty(), 1);
    }

    /** The batch; the same tokens every time. */
    public List<int[]> tokens() {
        Rng rng = new Rng(7, 0);
        List<int[]> batch = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            int[] tokens = new int[length];
            for (int t = 0; t < length; t++) {
                tokens[t] = rng.nextInt(shape.vocabulary());
            }
            batch.add(tokens);
        }
        return batch;
    }

    /**
     * Operations of a training step: those of the forward pass three times, since each product has two gradients. What is
     * computed a second time to save memory is not counted, nor is anything but matrix products.
     */
    public double trainingOperations() {
        return 3 * shape.forwardOperations(tokenCount(), causalPairs(), (double) sequences * (length - 1));
    }

    /** Operations of generating {@code length} tokens after a prompt of one token. */
    public double decodeOperations() {
        return shape.forwardOperations(tokenCount(), causalPairs(), tokenCount());
    }

    /** Operations of reading a prompt; only the last row has a prediction. */
    public double prefillOperations() {
        return shape.forwardOperations(tokenCount(), causalPairs(), sequences);
    }

    /** Bytes of weights that decoding reads, once per step however many sequences advance together. */
    public double decodeBytes() {
        return shape.decodeWeights() * bytesPerWeight() * length;
    }

    /** Tokens of the batch. */
    public double tokenCount() {
        return (double) sequences * length;
    }

    private double causalPairs() {
        return sequences * (length * (length + 1.0) / 2);
    }

    private double bytesPerWeight() {
        return switch (format) {
            case "bf16" -> 2;
            case "q8_0" -> 34.0 / 32;
            case "q4_0" -> 18.0 / 32;
            default -> 4;
        };
    }
}
