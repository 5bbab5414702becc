// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What {@link Bench} can measure: benchmarks of one subject and what they are compared with.
 *
 * @param name on the command line
 * @param description one line
 * @param parameter name of the JMH parameter that names a case, the same in all benchmarks of the suite
 * @param ours benchmark method, class and method name
 * @param peers benchmark methods that do the same work, by the name to print; those that need the build profile {@code
 *     peers} are left out when it is off
 * @param baselines as peers, but measured only once: slow or without a case
 * @param operations floating-point operations of one call of a case
 */
record Suite(
        String name,
        String description,
        String parameter,
        String ours,
        Map<String, String> peers,
        Map<String, String> baselines,
        ToDoubleFunction<String> operations) {
    static final List<Suite> ALL = List.of(
            new Suite(
                    "matrix-product",
                    "matrix products of F32 numbers",
                    "matmul",
                    "dev.jacobian.jmh.MatMulBenchmark.vector",
                    Map.of("openblas", "dev.jacobian.jmh.peers.OpenBlasMatMulBenchmark.openblas"),
                    Map.of(
                            "plain-loop",
                            "dev.jacobian.jmh.MatMulBenchmark.loop",
                            "fma-roofline",
                            "dev.jacobian.jmh.RooflineBenchmark.fma"),
                    text -> MatMulCase.parse(text).operations()),
            new Suite(
                    "attention",
                    "causal attention with cached keys, and its gradients",
                    "attention",
                    "dev.jacobian.jmh.AttentionBenchmark.vector",
                    Map.of(),
                    Map.of(
                            "plain-loop",
                            "dev.jacobian.jmh.AttentionBenchmark.loop",
                            "fma-roofline",
                            "dev.jacobian.jmh.RooflineBenchmark.fma"),
                    text -> AttentionCase.parse(text).operations()),
            new Suite(
                    "training-step",
                    "forward, backward, clipping and AdamW of a Llama",
                    "model",
                    "dev.jacobian.jmh.TrainingStepBenchmark.step",
                    Map.of(),
                    Map.of("fma-roofline", "dev.jacobian.jmh.RooflineBenchmark.fma"),
                    text -> ModelCase.parse(text).trainingOperations()),
            new Suite(
                    "decode",
                    "generation of many sequences with a KV cache",
                    "model",
                    "dev.jacobian.jmh.DecodeBenchmark.generate",
                    Map.of(),
                    Map.of("fma-roofline", "dev.jacobian.jmh.RooflineBenchmark.fma"),
                    text -> ModelCase.parse(text).decodeOperations()));

    static Optional<Suite> named(String name) {
        return ALL.stream().filter(suite -> suite.name.equals(name)).findFirst();
    }
}
