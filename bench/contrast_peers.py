#!/usr/bin/env python3
"""Hugging Face's contrastive search and DoLa, and contrastive decoding as a loop in torch: contrast_bench.py starts this.

    contrast_peers.py FOLDER    job on standard input, {setting: {ms, ids}} on standard output

A job is {"prompt": ids, "threads": n, "tokens": n, "settings": {name: options}}, options as decant has them. FOLDER is
that of beam_peers.py prepare. A step's time is that of the whole text less that of its first token, per token.
"""
import copy
import json
import sys
import time

import torch

from beam_peers import load_f32


def lower_half(network, layers):
    half = copy.copy(network)
    half._modules = dict(network._modules)
    half.model = copy.copy(network.model)
    half.model._modules = dict(network.model._modules)
    half.model.layers = network.model.layers[:layers]
    half.config = half.model.config = copy.deepcopy(network.config)
    half.config.num_hidden_layers = layers
    return half


def contrastive_decoding(expert, amateur, prompt, tokens, alpha=0.1, top_k=50):
    """Li et al. 2023 as one would write it with transformers: both caches kept, one forward of each a token."""
    ids, caches = prompt, [None, None]
    written = []
    with torch.no_grad():
        for _ in range(tokens):
            outputs = [network(ids, past_key_values=cache, use_cache=True) for network, cache in zip((expert, amateur), caches)]
            caches = [each.past_key_values for each in outputs]
            strong, weak = (each.logits[0, -1].log_softmax(-1) for each in outputs)
            scores = strong - weak
            scores[strong < strong.max() + torch.log(torch.tensor(alpha))] = -torch.inf
            scores[strong < strong.topk(top_k).values[-1]] = -torch.inf
            written.append(int(scores.argmax()))
            ids = torch.tensor([[written[-1]]])
    return written


def generate(network, options, prompt, tokens):
    if "amateur" in options:
        amateur = lower_half(network, int(options["amateur"].removeprefix("self:")))
        return contrastive_decoding(network, amateur, prompt, tokens)
    text = network.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, pad_token_id=0, max_new_tokens=tokens, **options)
    return text[0, prompt.shape[1] :].tolist()


def main(folder):
    job = json.load(sys.stdin)
    torch.set_num_threads(job["threads"])
    network = load_f32(folder)
    network.generation_config.eos_token_id = None
    prompt, answer = torch.tensor([job["prompt"]]), {}
    for name, options in job["settings"].items():
        def seconds(length):
            begin = time.perf_counter()
            ids = generate(network, options, prompt, length)
            assert len(ids) == length, f"{name} wrote {len(ids)} tokens, not {length}"
            return time.perf_counter() - begin, ids

        seconds(4)
        first, _ = seconds(1)
        whole, ids = seconds(job["tokens"])
        answer[name] = {"ms": 1000 * (whole - first) / (job["tokens"] - 1), "ids": ids}
    print("\n" + json.dumps(answer))  # the last line; libraries may have printed before


if __name__ == "__main__":
    main(*sys.argv[1:])
