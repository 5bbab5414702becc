// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Products in BF16, as {@code matmul.py} has them: squares, and those of a layer of Qwen2.5-0.5B and 7B over 8192 tokens. */
final class MatMulCases {
    private static final int TOKENS = 8192;

    private record Shape(String name, int m, int n, int k) {}

    private static final List<Shape> SHAPES = List.of(
            new Shape("4096^3", 4096, 4096, 4096),
            new Shape("8192^3", 8192, 8192, 8192),
            new Shape("0.5B qkv", TOKENS, 1152, 896),
            new Shape("0.5B attention out", TOKENS, 896, 896),
            new Shape("0.5B gate and up", TOKENS, 9728, 896),
            new Shape("0.5B down", TOKENS, 896, 4864),
            new Shape("0.5B head", TOKENS, 151936, 896),
            new Shape("7B qkv", TOKENS, 4608, 3584),
            new Shape("7B attention out", TOKENS, 3584, 3584),
            new Shape("7B gate and up", TOKENS, 37888, 3584),
            new Shape("7B down", TOKENS, 3584, 18944),
            new Shape("0.5B gate and up, 256 tokens", 256, 9728, 896),
            new Shape("7B gate and up, 256 tokens", 256, 37888, 3584));

    private final Device device;
    private final boolean smoke;

    MatMulCases(Device device, boolean smoke) {
        this.device = device;
        this.smoke = smoke;
    }

    List<GpuCase> all() {
        List<GpuCase> cases = new ArrayList<>();
        for (Shape shape : SHAPES) {
            Shape used = smoke ? new Shape(shape.name, 8, 16, 32) : shape;
            double work = 2e-12 * used.m * used.n * used.k;
            cases.add(new GpuCase("gpu-matmul", shape.name, "TFLOP/s", work, () -> product(used)));
        }
        return cases;
    }

    private Runnable product(Shape shape) {
        Backend backend = Backends.of(device);
        Tensor a = Random.normal(device, shape.m, shape.k); // [M, K]
        Tensor b = Random.normal(device, shape.n, shape.k).t(); // [K, N], stored as a layer's weight is
        Tensor out = Random.zeros(device, shape.m, shape.n); // [M, N]
        return () -> backend.matmul(a, b, out, false);
    }
}
