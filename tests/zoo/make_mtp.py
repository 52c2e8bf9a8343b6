#!/usr/bin/env python3
"""Makes models that carry a head for further tokens (multi-token prediction), and beside them what the head says.

usage: make_mtp.py LLAMA_CPP OUT

As make_zoo.py, which says what LLAMA_CPP is and has the weights. transformers 4.55.4 drops such heads when it loads a
model, but has all that they are made of: its layer, its norms. The file is llama.cpp's converter's.

heads/NAME.json: `prompt_ids`; `greedy`, the text that the model alone writes behind them; `rows`, of the prompt and that
text, the head's largest logits behind each token, where it reads what the model says of the text before; `guesses`, the
tokens that the head says one after the other behind the whole, reading what it has said itself, and `guessed_rows` the
largest logits of each.
"""

import copy
import functools
import json
import pathlib
import sys
import tempfile
import zlib

import torch
import transformers
import make_zoo
from architectures import MLA, Architecture, base
from heads_reference import GUESSES, Unclear, largest, likeliest
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as deepseek
from transformers.models.glm4_moe import modeling_glm4_moe as glm
from vocabularies import BPE_SIZE

LAYERS = 2
TEXT = 16
EXTRA = ("[gMASK]", "<|user|>", "<|observation|>")


VOCABULARY = dict(vocab_size=BPE_SIZE + len(EXTRA), tie_word_embeddings=False, pad_token_id=3)


def glm4moe():
    return transformers.Glm4MoeConfig(**base(
        num_hidden_layers=LAYERS, head_dim=16, partial_rotary_factor=0.5, attention_bias=True, n_routed_experts=4,
        num_experts_per_tok=2, n_shared_experts=1, moe_intermediate_size=8, first_k_dense_replace=1, use_qk_norm=True,
        routed_scaling_factor=1.5) | VOCABULARY)


def deepseek2():
    """As GLM-4.7-Flash has it: DeepSeek-V3's layers, of whose own files the converter leaves the head out."""
    return transformers.DeepseekV3Config(**base(**MLA, routed_scaling_factor=1.5, n_group=1, topk_group=1, norm_topk_prob=True) | dict(
        num_hidden_layers=LAYERS, num_key_value_heads=2, n_routed_experts=4, num_experts_per_tok=2, moe_intermediate_size=8) | VOCABULARY)


# What their layers and norms are called, and what the converter is to think of them.
KINDS = {
    glm4moe: (glm.Glm4MoeDecoderLayer, glm.Glm4MoeRMSNorm, {}),
    deepseek2: (deepseek.DeepseekV3DecoderLayer, deepseek.DeepseekV3RMSNorm,
                {"architectures": ["Glm4MoeLiteForCausalLM"], "scoring_func": "sigmoid"}),
}


class Head(torch.nn.Module):
    """The layer behind the last one: what DeepSeek-V3 (2.2) has as a module of depth 1, without its embedding and
    output matrix, which are the model's."""

    def __init__(self, config, layer, norm):
        super().__init__()
        norm = functools.partial(norm, config.hidden_size, eps=config.rms_norm_eps)
        self.layer = layer(config, layer_idx=config.num_hidden_layers)
        self.enorm, self.hnorm, self.shared_head_norm = norm(), norm(), norm()
        self.eh_proj = torch.nn.Linear(2 * config.hidden_size, config.hidden_size, bias=False)

    def tensors(self):
        place = f"model.layers.{LAYERS}."
        own = {name: value for name, value in self.state_dict().items() if not name.startswith("layer.")}
        own["shared_head.norm.weight"] = own.pop("shared_head_norm.weight")
        own |= {name.removeprefix("layer."): value for name, value in self.layer.state_dict().items()}
        return {place + name: value for name, value in own.items()}

    def forward(self, model, tokens, states):
        """Its own last state and the logits behind every token; `states`: what is said of the text before each."""
        embedded = model.model.embed_tokens(torch.tensor([tokens]))
        x = self.eh_proj(torch.cat((self.enorm(embedded), self.hnorm(states[None])), dim=-1))
        places = torch.arange(len(tokens))[None]
        mask = torch.full((len(tokens), len(tokens)), float("-inf")).triu(1)[None, None]
        x = self.layer(x, attention_mask=mask, position_ids=places, position_embeddings=model.model.rotary_emb(x, places))
        x = self.shared_head_norm(x[0] if isinstance(x, tuple) else x)[0]
        return x, model.lm_head(x)


def make_random(name, module):
    with torch.no_grad():
        for each, parameter in module.named_parameters():
            made = make_zoo.weight("Glm4Moe", f"{name} {each}", parameter)
            if made is not None:
                parameter.copy_(made)
        for each, buffer in module.named_buffers():
            if "e_score_correction_bias" in each:
                buffer.copy_(make_zoo.values(f"{name} {each}", tuple(buffer.shape), 0.05))


def make_copying(model, head):
    """A model that looks at the last token alone, and a head that says the same of it."""
    with torch.no_grad():
        for layer in [*model.model.layers, head.layer]:
            layer.self_attn.o_proj.weight.zero_()
            for each, parameter in layer.mlp.named_parameters():
                if "down_proj" in each:
                    parameter.zero_()
        for norm in (model.model.norm, head.enorm, head.hnorm, head.shared_head_norm):
            norm.weight.fill_(1)
        head.shared_head_norm.weight.copy_(model.model.norm.weight)
        size = head.eh_proj.weight.shape[0]
        head.eh_proj.weight.zero_()
        head.eh_proj.weight[:, :size] = torch.eye(size)


def states_of(model, tokens):
    """What the model says of the text before each token; of the empty one nothing."""
    last = model.model(torch.tensor([tokens])).last_hidden_state[0]
    return torch.cat((torch.zeros(1, last.shape[1]), last[:-1]))


def answers(model, head, prompt):
    text = list(prompt)
    for _ in range(TEXT):
        text.append(likeliest(model(torch.tensor([text])).logits[0, -1]))
    states = states_of(model, text)
    own, logits = head(model, text, states)
    rows = [largest(each) for each in logits]
    tokens, guesses, guessed_rows = list(text), [], []
    for _ in range(GUESSES):
        guesses.append(likeliest(logits[-1]))
        guessed_rows.append(largest(logits[-1]))
        tokens.append(guesses[-1])
        states = torch.cat((states, own[-1:]))
        own, logits = head(model, tokens, states)
    return dict(prompt_ids=prompt, greedy=text[len(prompt):], rows=rows, guesses=guesses, guessed_rows=guessed_rows)


def golden(name, model, head):
    for prompt in make_zoo.prompts(name, model):
        try:
            return answers(model, head, prompt)
        except Unclear:
            continue
    raise SystemExit(f"{name}: no prompt leaves every decision clear")


def save(name, kind, model, head, out):
    architecture = Architecture(kind, pre="glm4", extra=EXTRA, patch=KINDS[kind][2] | {"num_nextn_predict_layers": 1, "eos_token_id": 0})
    with tempfile.TemporaryDirectory() as folder:
        whole = copy.deepcopy(model)
        whole.save_pretrained(folder, state_dict=model.state_dict() | head.tensors(), safe_serialization=True)
        path = pathlib.Path(folder) / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | architecture.patch))
        make_zoo.make_vocabulary(architecture, folder)
        make_zoo.convert(architecture, folder, out / f"{name}.gguf")


def make(name, out, kind, prepare):
    torch.manual_seed(1)
    own = kind()
    own._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(own, attn_implementation="eager").float().eval()
    head = Head(model.config, *KINDS[kind][:2]).float().eval()
    make_random("model", model)
    make_random("head", head)
    prepare(model, head)
    save(name, kind, model, head, out)
    with torch.no_grad():
        make_zoo.write(out / f"{name}.json", {"model": name, "transformers": transformers.__version__}, golden(name, model, head))
    size = (out / f"{name}.gguf").stat()
    print(f"{name}: {size.st_size} bytes, {len(zlib.compress((out / f'{name}.gguf').read_bytes()))} packed", flush=True)


def main():
    llama_cpp, out = sys.argv[1], pathlib.Path(sys.argv[2])
    sys.path[:0] = [llama_cpp, llama_cpp + "/gguf-py"]
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    make("glm4moe_head", out, glm4moe, lambda model, head: None)
    make("glm4moe_copy", out, glm4moe, make_copying)
    make("deepseek2_head", out, deepseek2, lambda model, head: None)


if __name__ == "__main__":
    main()
