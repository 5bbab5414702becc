// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.Roofline;
import dev.jacobian.jmh.harness.Side;
import dev.jacobian.jmh.harness.Side.Role;
import dev.jacobian.jmh.harness.Suite;
import dev.jacobian.jmh.harness.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Suites of single kernels. One thread unless told otherwise, so that nothing but the kernel is seen. */
final class KernelSuites {
    static final String OURS = "jacobian";
    static final String OPENBLAS = "OpenBLAS 0.3.31";
    static final String LIBTORCH = "libtorch 2.10";

    private static final String PACKAGE = "dev.jacobian.jmh.";
    private static final Effort EFFORT = new Effort(3, 3, 5, 200);

    /** A plain loop that takes longer than this is not worth the wait. */
    private static final double SLOW = 1e9;

    private KernelSuites() {}

    static Suite matrixProduct() {
        return new Suite(
                "matrix-product",
                "matrix products of F32 numbers",
                "matmul",
                Unit.GFLOPS,
                matrixProducts(),
                List.of(
                        "NN 128x128x128",
                        "NT 256x256x256",
                        "NN 1024x1024x1024",
                        "TN 1024x1024x1024",
                        "NT 1x4864x896",
                        "NT 8x4864x896",
                        "NT 64x4864x896",
                        "NN 512x896x4864",
                        "TN 4864x896x512",
                        "NT 112 of 128x128x64",
                        "NN 1024 of 16x16x16"),
                text -> MatMulCase.parse(text).operations(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.COMPUTE, MatMulCase.parse(text).operations())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "MatMulBenchmark.vector"),
                        new Side.Jmh(OPENBLAS, Role.PEER, PACKAGE + "peers.OpenBlasMatMulBenchmark.openblas"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchMatMulBenchmark.torch"),
                        new Side.Jmh(
                                "plain loop",
                                Role.BASELINE,
                                PACKAGE + "MatMulBenchmark.loop",
                                text -> MatMulCase.parse(text).operations() < SLOW),
                        new Side.Jmh(
                                "one by one",
                                Role.BASELINE,
                                PACKAGE + "MatMulBenchmark.oneByOne",
                                text -> MatMulCase.parse(text).batched())),
                1,
                EFFORT,
                text -> 1024,
                false,
                "Cases are the form and M x N x K: NN, NT (right operand transposed: a layer's forward product) and TN"
                    + " (left operand transposed: its weight gradient); squares, and the layers of a 0.5B model at 1,"
                    + " 8, 64 and 512 rows. '112 of' is a batch of so many products in one call, here the scores of"
                    + " the heads of 8 sequences of 128 tokens, their sums over values and a gradient; OpenBLAS has no"
                    + " such call and does them one by one.");
    }

    /** Squares, then each layer's forward product and its two gradients, then batches. */
    private static List<String> matrixProducts() {
        List<String> cases = new ArrayList<>();
        for (String kind : List.of("NN", "NT", "TN")) {
            for (int size = 64; size <= 2048; size *= 2) {
                cases.add(kind + " " + size + "x" + size + "x" + size);
            }
        }
        int[][] layers = {{896, 896}, {896, 128}, {896, 4864}, {4864, 896}, {896, 32000}}; // in, out
        for (int rows : new int[] {1, 8, 64, 512}) {
            for (int[] layer : layers) {
                int in = layer[0];
                int out = layer[1];
                cases.add("NT " + rows + "x" + out + "x" + in);
                cases.add("NN " + rows + "x" + in + "x" + out);
                cases.add("TN " + out + "x" + in + "x" + rows);
            }
        }
        cases.addAll(
                List.of("NT 112 of 128x128x64", "NN 112 of 128x64x128", "TN 112 of 128x64x128", "NN 1024 of 16x16x16"));
        return List.copyOf(cases);
    }

    static Suite attention() {
        List<String> cases = List.of(
                "decode 64x150 h4/2 d32",
                "score 16x200 h4/2 d32",
                "backward 16x200 h4/2 d32",
                "decode 64x150 h8/2 d64",
                "score 16x200 h8/2 d64",
                "backward 16x200 h8/2 d64",
                "score 1x1024 h8/2 d64",
                "backward 1x1024 h8/2 d64",
                "score 1x4096 h8/2 d64",
                "backward 1x4096 h8/2 d64");
        return new Suite(
                "attention",
                "causal attention with cached keys, and its gradients",
                "attention",
                Unit.GFLOPS,
                cases,
                cases.subList(0, 8),
                text -> AttentionCase.parse(text).operations(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.COMPUTE, AttentionCase.parse(text).operations())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "AttentionBenchmark.vector"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchAttentionBenchmark.torch"),
                        new Side.Jmh(
                                "plain loop",
                                Role.BASELINE,
                                PACKAGE + "AttentionBenchmark.loop",
                                text -> AttentionCase.parse(text).operations() < SLOW)),
                1,
                EFFORT,
                text -> 1024,
                false,
                "Cases are what is done, sequences x tokens, heads / key heads and elements of a head. Masked pairs"
                    + " are not counted. libtorch: scaled_dot_product_attention on key heads repeated beforehand; the"
                    + " repeating and the sum over a group in backward are not timed.");
    }

    static Suite norms() {
        List<String> cases = List.of(
                "rmsnorm 2048x128",
                "rmsnorm 2048x896",
                "rotary 2048x896",
                "swiglu 2048x512",
                "swiglu 512x4864",
                "softmax 64x32000",
                "softmax 2048x512");
        return new Suite(
                "norms",
                "RMSNorm, rotary positions, SwiGLU and softmax",
                "rows",
                Unit.GIGABYTES,
                cases,
                cases,
                text -> RowsCase.parse(text).bytes(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.MEMORY, RowsCase.parse(text).bytes())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "RowsBenchmark.vector"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchRowsBenchmark.torch"),
                        new Side.Jmh("plain loop", Role.BASELINE, PACKAGE + "RowsBenchmark.loop")),
                1,
                EFFORT,
                text -> 1024,
                false,
                "Cases are the operation and rows x columns. Bytes are those read and written. The roofline is the"
                        + " bandwidth of memory; arrays of these sizes fit into a cache in part, so it can be passed."
                        + " libtorch: rms_norm, softmax, silu times, and rotary positions as three operations.");
    }

    static Suite head() {
        List<String> cases = List.of(
                "forward 512x896x32000",
                "training 512x896x32000",
                "forward 2048x128x512",
                "training 2048x128x512",
                "training 1024x512x8192");
        return new Suite(
                "head",
                "log-probabilities of tokens from hidden states, fused and chunked, and their gradients",
                "head",
                Unit.GFLOPS,
                cases,
                cases,
                text -> HeadCase.parse(text).operations(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.COMPUTE, HeadCase.parse(text).operations())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "HeadBenchmark.run"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchHeadBenchmark.torch")),
                1,
                new Effort(3, 4, 5, 400),
                text -> 2048,
                true,
                "Cases are what is done and rows x hidden x vocabulary; training is forward and backward. The logits"
                    + " are computed a second time in backward to save memory, which is not counted. libtorch: linear"
                    + " and cross_entropy_loss, logits in memory.");
    }

    static Suite optimizer() {
        List<String> cases = List.of("adamw 1M", "adamw 16M", "adamw 64M");
        return new Suite(
                "optimizer",
                "AdamW",
                "optimizer",
                Unit.GIGABYTES,
                cases,
                cases,
                text -> 28.0 * OptimizerBenchmark.size(text),
                text -> Optional.of(new Roofline.Demand(Roofline.MEMORY, 28.0 * OptimizerBenchmark.size(text))),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "OptimizerBenchmark.vector"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchOptimizerBenchmark.torch"),
                        new Side.Jmh("plain loop", Role.BASELINE, PACKAGE + "OptimizerBenchmark.loop")),
                1,
                EFFORT,
                text -> 3072,
                false,
                "Bytes are those of four arrays read and three written. The roofline is the bandwidth of reading."
                        + " libtorch: torch::optim::AdamW, the one of its C++ API, which is not fused.");
    }
}
