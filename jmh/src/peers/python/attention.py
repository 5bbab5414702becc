#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scaled_dot_product_attention in BF16, causal, forward and backward, 16384 tokens in sequences of 2048 and of 16384.

Of a causal product half counts: forward 4 B H T^2 D / 2 operations, backward two and a half times as many, as is usual. Each
case is measured with the implementation that PyTorch chooses by itself, and with each one that it has (`implementation`).
"""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from measure import Bench, options

TOKENS = 16384


def cases():
    for length in (2048, 16384):
        for dimension in (64, 128):
            heads = 2048 // dimension
            yield f"{length} tokens, D {dimension}", length, heads, heads, dimension
    yield "2048 tokens, Qwen2.5-0.5B", 2048, 14, 2, 64
    yield "2048 tokens, Qwen2.5-7B", 2048, 28, 4, 128


def main():
    bench = Bench("gpu-attention", options(__doc__))
    chosen = {"default": None, "flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION}
    if bench.arguments.quick or bench.smoke:
        chosen = {"default": None}
    for name, length, heads, kv_heads, dimension in cases():
        if not (bench.wanted(f"forward, {name}") or bench.wanted(f"backward, {name}")):
            continue
        if bench.smoke:
            length = 32
        batch = bench.pick(TOKENS // length, 2)
        q, k, v = (
            torch.randn(batch, h, length, dimension, device=bench.device, dtype=torch.bfloat16, requires_grad=True)
            for h in (heads, kv_heads, kv_heads)
        )
        gradient = torch.randn(batch, heads, length, dimension, device=bench.device, dtype=torch.bfloat16)
        work = 2e-12 * batch * heads * length * length * dimension

        def attend():
            return scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=heads != kv_heads)

        def forward():
            with torch.no_grad():
                attend()

        for implementation, backend in chosen.items():
            suffix = "" if backend is None else f" ({implementation})"
            facts = {"shape": [batch, heads, kv_heads, length, dimension], "implementation": implementation}
            try:
                with sdpa_kernel(backend) if backend else torch.no_grad():
                    bench.measure(f"forward, {name}{suffix}", "TFLOP/s", forward, work, **facts)
                with sdpa_kernel(backend) if backend else torch.enable_grad():
                    out = attend()

                    def backward(out=out):
                        torch.autograd.grad(out, (q, k, v), gradient, retain_graph=True)

                    bench.measure(f"backward, {name}{suffix}", "TFLOP/s", backward, 2.5 * work, **facts)
                    del out
            except RuntimeError as refused:  # an implementation that this build or shape does not have
                if backend is None:
                    raise
                print(f"{name}: {implementation} refused: {str(refused).splitlines()[0]}", flush=True)
        del q, k, v, gradient


main()
