#!/usr/bin/env python3
"""Makes a Qwen3.5, whose layers have states (Gated DeltaNet) or attention, with its head for further tokens.

usage: make_qwen35.py LLAMA_CPP OUT

As make_mtp.py, which says what is recorded; but transformers has this architecture since version 5.2 only (README.md).
"""

import copy
import pathlib
import sys

import architectures
import make_mtp
import make_zoo
import torch
import transformers
from transformers.models.qwen3_5 import modeling_qwen3_5 as qwen
from vocabularies import BPE_SIZE

LAYERS = ["linear_attention", "full_attention", "linear_attention"]


def qwen35():
    return architectures.qwen35(*LAYERS, vocab_size=BPE_SIZE + len(make_mtp.EXTRA))


class Head(make_mtp.Head):
    """Its layer is one of attention."""

    def __init__(self, config, layer, norm):
        config = copy.deepcopy(config)
        config.layer_types = [*LAYERS, "full_attention"]
        super().__init__(config, layer, norm)

    def tensors(self):
        names = {"enorm": "pre_fc_norm_embedding", "hnorm": "pre_fc_norm_hidden", "shared_head_norm": "norm", "eh_proj": "fc"}
        return {"mtp." + (f"layers.0.{name.removeprefix('layer.')}" if name.startswith("layer.") else
                          names[name.removesuffix(".weight")] + ".weight"): value for name, value in self.state_dict().items()}


def make_random(name, module):
    with torch.no_grad():
        for each, parameter in module.named_parameters():
            # Its norms add 1 to their weights, as Gemma's do; but for that of the states.
            kind = "Qwen" if "linear_attn.norm" in each else "Gemma"
            made = make_zoo.weight(kind, f"{name} {each}", parameter)
            parameter.copy_(made if made is not None else torch.log(torch.linspace(0.5, 2, parameter.numel())))


def make_copying(model, head):
    """A model that looks at the last token alone, and a head that says the same of it."""
    with torch.no_grad():
        for layer in [*model.model.layers, head.layer]:
            (layer.self_attn.o_proj if hasattr(layer, "self_attn") else layer.linear_attn.out_proj).weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        for norm in (model.model.norm, head.enorm, head.hnorm, head.shared_head_norm):
            norm.weight.zero_()
        size = head.eh_proj.weight.shape[0]
        head.eh_proj.weight.zero_()
        head.eh_proj.weight[:, :size] = torch.eye(size)


def main():
    llama_cpp, out = sys.argv[1], pathlib.Path(sys.argv[2])
    sys.path[:0] = [llama_cpp, llama_cpp + "/gguf-py"]
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    make_mtp.Head, make_mtp.make_random = Head, make_random
    make_mtp.KINDS[qwen35] = (qwen.Qwen3_5DecoderLayer, qwen.Qwen3_5RMSNorm, {"mtp_num_hidden_layers": 1})
    make_mtp.make("qwen35_head", out, qwen35, lambda model, head: None)
    make_mtp.make("qwen35_copy", out, qwen35, make_copying)


if __name__ == "__main__":
    main()
