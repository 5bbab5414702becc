#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training step of Qwen2.5-0.5B's shape: transformers and PyTorch, eager, SDPA, fused AdamW, 16384 tokens.

Two ways. `bf16`: weights, gradients and moments in BF16, the fastest that PyTorch offers without a compiler. `autocast`: F32
weights and moments, products in BF16, the way that keeps F32 master weights as Jacobian does. If the step does not fit, it is
split into equal micro-batches whose gradients are added up, and the row says into how many.

`mfu` is the share of 989 TFLOP/s, what an H100 or H200 (SXM) does in dense BF16.
"""

import gc

import torch

from measure import Bench, options
from model import create, flops_per_token, ids, parameters

PEAK = 989e12


def measure(bench, way, length, sequences):
    case = f"{way}, {sequences} sequences of {length}"
    if not bench.wanted(case):
        return
    model = create(bench, torch.bfloat16 if way == "bf16" else torch.float32).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)
    tokens = ids(bench, sequences, length)
    parts = 1

    def step():
        for part in tokens.chunk(parts):
            with torch.autocast(bench.device, torch.bfloat16, enabled=way == "autocast"):
                loss = model(input_ids=part, labels=part, use_cache=False).loss / parts
            loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    while True:
        try:
            step()
            break
        except torch.OutOfMemoryError:
            if parts == sequences:
                raise
        # Outside of the handler, whose exception holds the failed step's tensors.
        parts *= 2
        optimizer.zero_grad(set_to_none=True)
        gc.collect()
        torch.cuda.empty_cache()
    before = len(bench.rows)
    bench.measure(case, "tokens/s", step, sequences * length, way=way, micro_batches=parts, parameters=parameters(model))
    for row in bench.rows[before:]:
        print(f"mfu {row['score'] * flops_per_token(model, length) / PEAK:.3f}", flush=True)


def main():
    bench = Bench("gpu-training-step", options(__doc__))
    for way in ("bf16", "autocast"):
        measure(bench, way, *bench.pick((2048, 8), (32, 2)))
        gc.collect()
        if not bench.smoke:
            torch.cuda.empty_cache()


main()
