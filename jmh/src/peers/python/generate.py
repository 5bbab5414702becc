#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""transformers' generate with Qwen2.5-0.5B's shape in BF16: one sequence decoded, and rollouts of 256 sequences.

As a user calls it: the default cache, eager. The decoding case is also measured with the static cache, which transformers
compiles (`static cache`); compiling takes a minute that does not count.
"""

import torch

from measure import Bench, options
from model import create, ids


def main():
    bench = Bench("gpu-decode", options(__doc__))
    model = create(bench).eval()

    def generate(prompts, count, **settings):
        mask = torch.ones_like(prompts)
        with torch.inference_mode():
            out = model.generate(
                prompts, attention_mask=mask, max_new_tokens=count, min_new_tokens=count, pad_token_id=0, **settings
            )
        if out.shape[1] != prompts.shape[1] + count:
            raise AssertionError(f"generated {out.shape[1] - prompts.shape[1]} tokens, not {count}")

    prompt = ids(bench, 1, bench.pick(32, 4))
    count = bench.pick(256, 4)
    bench.measure(
        "decode, 1 sequence", "tokens/s", lambda: generate(prompt, count, do_sample=False), count, warm_up=1, new_tokens=count
    )
    sequences, length = bench.pick((256, 512), (3, 4))
    prompts = ids(bench, sequences, bench.pick(64, 4))
    bench.suite = "gpu-rollouts"
    bench.measure(
        f"rollouts, {sequences} sequences x {length} tokens",
        "tokens/s",
        lambda: generate(prompts, length, do_sample=True, temperature=1.0, top_k=0, top_p=1.0),
        sequences * length,
        warm_up=1,
        new_tokens=length,
    )

    bench.suite = "gpu-decode"
    if not bench.smoke and not bench.arguments.quick:
        try:
            bench.measure(
                "decode, 1 sequence, static cache",
                "tokens/s",
                lambda: generate(prompt, count, do_sample=False, cache_implementation="static"),
                count,
                warm_up=2,
                new_tokens=count,
            )
        except Exception as failure:  # its compiler needs more of the machine than the rest
            print(f"static cache: {type(failure).__name__}: {str(failure).splitlines()[0]}", flush=True)


main()
