// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Everything that a model computes, as hashes of its bits; a program of its own, to be run in a JVM set up otherwise. */
public final class BitsReport {
    private BitsReport() {}

    /** Prints the backend's name and the report of the model in folder {@code args[0]} for length {@code args[1]}. */
    public static void main(String[] args) {
        System.out.println("backend " + Backends.cpu().name());
        System.out.print(of(CausalLM.load(Path.of(args[0])), Integer.parseInt(args[1])));
    }

    static String of(CausalLM model, int length) {
        StringBuilder report = new StringBuilder();
        int vocabulary = model.config().vocabularySize();
        List<int[]> sequences = List.of(
                TestModels.tokens(1, 1, vocabulary),
                TestModels.tokens(2, length / 2, vocabulary),
                TestModels.tokens(3, length, vocabulary));
        for (int[] sequence : sequences) {
            append(report, "logits", model.logits(sequence).toFloatArray());
        }
        GenerationConfig sampling = GenerationConfig.sampling(length / 2, 0.8f, 3);
        for (List<Generation> group : new Generator(model).generate(sequences, 2, sampling)) {
            for (Generation generation : group) {
                report.append("tokens ")
                        .append(Arrays.toString(generation.tokenIds()))
                        .append('\n');
                append(report, "log-probabilities", generation.logProbs());
            }
        }
        Var loss = model.loss(sequences, sequences);
        append(report, "loss", loss.value().toFloatArray());
        loss.backward();
        for (Parameter parameter : model.parameters()) {
            append(
                    report,
                    "gradient of " + parameter.name(),
                    parameter.grad().orElseThrow().toFloatArray());
            parameter.clearGrad();
        }
        return report.toString();
    }

    private static void append(StringBuilder report, String what, float[] values) {
        long hash = values.length;
        for (float value : values) {
            hash = hash * 0x9E3779B97F4A7C15L + Float.floatToRawIntBits(value);
            hash ^= hash >>> 29;
        }
        report.append(String.format("%s %016x%n", what, hash));
    }
}
