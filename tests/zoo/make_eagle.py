#!/usr/bin/env python3
"""Makes an EAGLE-3 draft for a model of the zoo, and beside it what it says.

usage: make_eagle.py LLAMA_CPP OUT

heads/eagle3_llama.gguf drafts for llama.gguf: a vocabulary of its own with the mapping `d2t`, no embedding of its own,
random weights as make_zoo.py has them. The file is written here, as llama.cpp's converter wants a folder of the target;
what it says is computed by the layers of transformers 4.55.4, after the paper (Li et al. 2025, "EAGLE-3", 3.1) and the
layout of its checkpoints: the first token of a text has no row, row n reads token n + 1 and the three states behind token
n, or behind a guess what the draft itself has left.

heads/eagle3_llama.json: `prompt_ids`, `rows`, `guesses` and `guessed_rows`, as make_mtp.py has them.
"""

import pathlib
import sys

import numpy as np
import torch
import transformers
import make_zoo
from heads_reference import GUESSES, Unclear, largest, likeliest
from transformers.models.llama import modeling_llama as llama

TARGET = "llama"
STATES = (1, 2, 3)  # what these layers read
DRAFT_VOCABULARY = 200


class Draft(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        size, head = config.hidden_size, config.hidden_size // config.num_attention_heads
        linear = lambda a, b: torch.nn.Linear(a, b, bias=False)
        norm = lambda: llama.LlamaRMSNorm(size, eps=config.rms_norm_eps)
        self.fc = linear(len(STATES) * size, size)
        self.input_layernorm, self.hidden_norm, self.post_attention_layernorm, self.norm = norm(), norm(), norm(), norm()
        self.self_attn = llama.LlamaAttention(config, 0)
        self.self_attn.q_proj = linear(2 * size, config.num_attention_heads * head)
        self.self_attn.k_proj = linear(2 * size, config.num_key_value_heads * head)
        self.self_attn.v_proj = linear(2 * size, config.num_key_value_heads * head)
        self.mlp = llama.LlamaMLP(config)
        self.lm_head = linear(size, DRAFT_VOCABULARY)

    def fuse(self, states):
        return self.fc(states)

    def forward(self, model, tokens, fused, target_of):
        """What it leaves behind each row, and the logits in the target's ids; row n reads tokens[n + 1], fused[n]."""
        embedded = model.model.embed_tokens(torch.tensor([tokens[1:]]))
        x = torch.cat((self.input_layernorm(embedded), self.hidden_norm(fused[None])), dim=-1)
        n = len(tokens) - 1
        places = torch.arange(n)[None]
        mask = torch.full((n, n), float("-inf")).triu(1)[None, None]
        attended, _ = self.self_attn(x, model.model.rotary_emb(x, places), mask)
        x = fused[None] + attended
        x = x + self.mlp(self.post_attention_layernorm(x))
        logits = torch.full((n, model.config.vocab_size), float("-inf"))
        logits[:, target_of] = self.lm_head(self.norm(x))[0]
        return x[0], logits


NAMES = {
    "fc.weight": "fc.weight",
    "input_layernorm.weight": "blk.0.attn_norm.weight",
    "hidden_norm.weight": "blk.0.attn_norm_2.weight",
    "self_attn.q_proj.weight": "blk.0.attn_q.weight",
    "self_attn.k_proj.weight": "blk.0.attn_k.weight",
    "self_attn.v_proj.weight": "blk.0.attn_v.weight",
    "self_attn.o_proj.weight": "blk.0.attn_output.weight",
    "post_attention_layernorm.weight": "blk.0.ffn_norm.weight",
    "mlp.gate_proj.weight": "blk.0.ffn_gate.weight",
    "mlp.up_proj.weight": "blk.0.ffn_up.weight",
    "mlp.down_proj.weight": "blk.0.ffn_down.weight",
    "norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}


def interleaved(weight, heads):
    """Rotary positions turn pairs of neighbours in ggml's order of these, and halves in transformers'."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def save(draft, target, out, target_of):
    import gguf  # that of LLAMA_CPP

    config = draft.config
    reader = gguf.GGUFReader(target)
    writer = gguf.GGUFWriter(out, "eagle3")
    writer.add_name(out.stem)
    for name, field in reader.fields.items():
        if not name.startswith("tokenizer."):
            continue
        kind = field.types[0]
        writer.add_key_value(name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(1)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    writer.add_target_layers(list(STATES))
    writer.add_target_hidden_size(config.hidden_size)
    for name, value in draft.state_dict().items():
        if "q_proj" in name:
            value = interleaved(value, config.num_attention_heads)
        if "k_proj" in name:
            value = interleaved(value, config.num_key_value_heads)
        writer.add_tensor(NAMES[name], value.contiguous().numpy())
    writer.add_tensor("d2t", np.array(target_of, dtype=np.int64), raw_dtype=gguf.GGMLQuantizationType.I64)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def answers(model, draft, prompt, target_of):
    said = model.model(torch.tensor([prompt]), output_hidden_states=True).hidden_states
    fused = draft.fuse(torch.cat([said[layer][0] for layer in STATES], dim=-1))[:-1]
    own, logits = draft(model, prompt, fused, target_of)
    rows = [largest(each) for each in logits]
    tokens, guesses, guessed_rows = list(prompt), [], []
    for _ in range(GUESSES):
        guesses.append(likeliest(logits[-1]))
        guessed_rows.append(largest(logits[-1]))
        tokens.append(guesses[-1])
        fused = torch.cat((fused, own[-1:]))
        own, logits = draft(model, tokens, fused, target_of)
    return dict(prompt_ids=prompt, rows=rows, guesses=guesses, guessed_rows=guessed_rows)


def golden(name, model, draft, target_of):
    for prompt in make_zoo.prompts(name, model):
        try:
            return answers(model, draft, prompt, target_of)
        except Unclear:
            continue
    raise SystemExit(f"{name}: no prompt leaves every decision clear")


def main():
    zoo, out = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[2])
    sys.path.insert(0, sys.argv[1] + "/gguf-py")
    name = f"eagle3_{TARGET}"
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    model = make_zoo.make_model(make_zoo.ZOO[TARGET])
    draft = Draft(model.config).float().eval()
    with torch.no_grad():
        for each, parameter in draft.named_parameters():
            parameter.copy_(make_zoo.weight("Eagle3", f"eagle3 {each}", parameter))
        target_of = list(range(3, 3 + DRAFT_VOCABULARY // 2)) + list(range(150, 150 + DRAFT_VOCABULARY - DRAFT_VOCABULARY // 2))
        save(draft, zoo / f"{TARGET}.gguf", out / f"{name}.gguf", target_of)
        found = golden(name, model, draft, target_of)
    make_zoo.write(out / f"{name}.json", {"model": name, "target": TARGET, "transformers": transformers.__version__}, found)
    print(f"{name}: {(out / f'{name}.gguf').stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main()
