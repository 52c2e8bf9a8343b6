"""Hugging Face transformers with the weights in F32; contrastive decoding is a loop of our own (worker.py)."""
import copy

import torch

from peers.weights import load_f32
from settings import HALF

FIELDS = {"num_beams", "num_beam_groups", "diversity_penalty", "penalty_alpha", "top_k", "dola_layers", "prompt_lookup_num_tokens"}
SAMPLING = {"temperature", "top_p", "top_k", "num_return_sequences"}


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


def load(job):
    torch.set_num_threads(job["threads"])
    network = load_f32(job["weights"])
    network.generation_config.eos_token_id = None
    prompt = torch.tensor([job["prompt"]])

    def writer(setting):
        setting, half = dict(setting), lower_half(network, HALF)
        if "amateur" in setting:
            return lambda tokens: contrastive_decoding(network, half, prompt, tokens)
        model = half if setting.pop("lower_half", False) else network
        extra = {"assistant_model": half} if setting.pop("draft", False) else {}
        if "prompt_lookup_num_tokens" in setting:
            extra["eos_token_id"] = -1  # it wants one
        sampling = "temperature" in setting
        if set(setting) - (SAMPLING if sampling else FIELDS):
            return None

        def write(tokens):
            options = {"attention_mask": torch.ones_like(prompt), "do_sample": sampling, "pad_token_id": 0, "max_new_tokens": tokens}
            return model.generate(prompt, **options, **setting, **extra)[0, prompt.shape[1] :].tolist()

        return write

    return writer
