# SPDX-License-Identifier: Apache-2.0
"""The model of the peers: Qwen2.5-0.5B's shape with random weights, so that nothing is downloaded.

Speed does not depend on what the weights are, except that constant ones would draw less power; these are normal.
"""

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM


def shape(smoke):
    if smoke:
        return {
            "vocab_size": 512,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
        }
    return {
        "vocab_size": 151936,
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    }


def create(bench, dtype=torch.bfloat16):
    config = Qwen2Config(max_position_embeddings=32768, tie_word_embeddings=True, **shape(bench.smoke))
    config._attn_implementation = "sdpa"
    with torch.device(bench.device):
        model = Qwen2ForCausalLM(config)
    model = model.to(dtype)
    # No id ends a sequence: every side generates as many tokens as it is asked for.
    model.generation_config.eos_token_id = None
    model.generation_config.bos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def flops_per_token(model, length):
    """Forward and backward of one token in a sequence: 6 per weight that is multiplied, and causal attention.

    The tied embedding is multiplied once, as the head; attention is two products over length / 2 keys on average, times
    three for the backward pass.
    """
    config = model.config
    width = config.hidden_size
    return 6 * parameters(model) + 3 * config.num_hidden_layers * 2 * 2 * width * length / 2


def ids(bench, *dims):
    return torch.randint(1, shape(bench.smoke)["vocab_size"], dims, device=bench.device)
