#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""torch.matmul in BF16: squares, the products of a layer of Qwen2.5-0.5B and 7B over 8192 tokens, and torch.bmm.

A case is M, N, K, after the batch where there is one; the right factor is stored [N, K], as a layer's weight is.
"""

import torch

from measure import Bench, options

TOKENS = 8192
SHAPES = {
    "4096^3": (4096, 4096, 4096),
    "8192^3": (8192, 8192, 8192),
    "0.5B qkv": (TOKENS, 1152, 896),
    "0.5B attention out": (TOKENS, 896, 896),
    "0.5B gate and up": (TOKENS, 9728, 896),
    "0.5B down": (TOKENS, 896, 4864),
    "0.5B head": (TOKENS, 151936, 896),
    "7B qkv": (TOKENS, 4608, 3584),
    "7B attention out": (TOKENS, 3584, 3584),
    "7B gate and up": (TOKENS, 37888, 3584),
    "7B down": (TOKENS, 3584, 18944),
    "0.5B gate and up, 256 tokens": (256, 9728, 896),
    "7B gate and up, 256 tokens": (256, 37888, 3584),
    "scores of 224 heads, 1024 tokens": (224, 1024, 1024, 64),
    "values of 224 heads, 1024 tokens": (224, 1024, 64, 1024),
}


def main():
    bench = Bench("gpu-matrix-product", options(__doc__))
    for name, shape in SHAPES.items():
        if not bench.wanted(name):
            continue
        *batch, m, n, k = bench.pick(shape, (2, 8, 16, 32) if len(shape) == 4 else (8, 16, 32))
        # Normal numbers: of zeros or of small integers fewer bits change, and the clock stays higher.
        a = torch.randn(*batch, m, k, device=bench.device, dtype=torch.bfloat16)
        b = torch.randn(*batch, n, k, device=bench.device, dtype=torch.bfloat16)
        out = torch.empty(*batch, m, n, device=bench.device, dtype=torch.bfloat16)
        product = torch.bmm if batch else torch.matmul
        right = b.transpose(-2, -1)
        count = batch[0] if batch else 1
        bench.measure(
            name,
            "TFLOP/s",
            lambda: product(a, right, out=out),
            2e-12 * count * m * n * k,
            shape=[m, n, k],
            batch=count,
            dtype="bf16",
        )
        del a, b, right, out


main()
