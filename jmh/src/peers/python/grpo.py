#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An iteration of GRPO end to end, as one writes it with transformers and PyTorch: 32 prompts of 64 tokens, 8 samples of 512
tokens each, Qwen2.5-0.5B's shape in BF16, fused AdamW.

Sampling by generate, a reward for each sample, advantages within the group, one clipped policy-gradient update on-policy (the
old log-probabilities are the new ones, detached), no reference model: TRL's defaults. The log-probabilities of sampled tokens
are computed in micro-batches of 16 sequences, whose logits are what memory holds. The reward is arithmetic on the token ids,
so that it costs nothing.
"""

import time

import torch

from measure import Bench, options
from model import create, ids

CLIP = 0.2
EPSILON = 1e-4


def main():
    bench = Bench("gpu-grpo", options(__doc__))
    prompts, group, prompt_length, length, micro_batch = bench.pick((32, 8, 64, 512, 16), (2, 2, 4, 4, 2))
    model = create(bench)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.0, fused=True)
    questions = ids(bench, prompts, prompt_length)  # [P, T0]
    phases = {"sampling": [], "training": []}

    def now():
        if not bench.smoke:
            torch.cuda.synchronize()
        return time.perf_counter()

    def sample():
        repeated = questions.repeat_interleave(group, dim=0)  # [P G, T0]
        model.eval()
        with torch.no_grad():  # not inference_mode, whose tensors cannot be trained on
            return model.generate(
                repeated,
                attention_mask=torch.ones_like(repeated),
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=length,
                min_new_tokens=length,
                pad_token_id=0,
            )  # [P G, T0 + T]

    def advantages(sequences):
        completions = sequences[:, prompt_length:]
        rewards = (completions % 7 == 0).float().mean(dim=1).view(prompts, group)
        mean = rewards.mean(dim=1, keepdim=True)
        return ((rewards - mean) / (rewards.std(dim=1, keepdim=True) + EPSILON)).flatten()  # [P G]

    def log_probabilities(sequences):
        logits = model(sequences, logits_to_keep=length + 1, use_cache=False).logits[:, :-1]  # [B, T, V]
        targets = sequences[:, prompt_length:]
        chosen = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1).float()
        return chosen - torch.logsumexp(logits.float(), dim=-1)  # [B, T]

    def train(sequences):
        model.train()
        weights = advantages(sequences)
        for part, weight in zip(sequences.split(micro_batch), weights.split(micro_batch)):
            new = log_probabilities(part)
            ratio = torch.exp(new - new.detach())
            clipped = ratio.clamp(1 - CLIP, 1 + CLIP)
            weight = weight.unsqueeze(1)
            loss = -torch.minimum(ratio * weight, clipped * weight).sum() / (prompts * group * length)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def iteration():
        start = now()
        sequences = sample()
        middle = now()
        train(sequences)
        phases["sampling"].append(middle - start)
        phases["training"].append(now() - middle)

    case = f"{prompts} prompts x {group} samples, {length} tokens"
    bench.measure(case, "s", iteration, 1, inverse=False, warm_up=1, micro_batch=micro_batch)
    if phases["sampling"]:
        print({name: round(sorted(values)[len(values) // 2], 3) for name, values in phases.items()}, flush=True)


main()
