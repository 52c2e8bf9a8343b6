"""GGUF files of tiny random models, right by default, of the kinds that libllama treats apart."""

import math
import random
import struct

U16, U32, I32, F32, BOOL, TEXT, ARRAY = 2, 4, 5, 6, 7, 8, 9


class Short(int):
    """A number of 16 bits."""


class Signed(int):
    """One of 32 with a sign."""


class Halves(list):
    """Numbers that a file has in F16."""


def text(data):
    data = data if isinstance(data, bytes) else data.encode()
    return struct.pack("<Q", len(data)) + data


def value(x):
    if isinstance(x, bool):
        return struct.pack("<IB", BOOL, x)
    if isinstance(x, Short):
        return struct.pack("<IH", U16, x)
    if isinstance(x, Signed):
        return struct.pack("<Ii", I32, x)
    if isinstance(x, int):
        return struct.pack("<II", U32, x)
    if isinstance(x, float):
        return struct.pack("<If", F32, x)
    if isinstance(x, (str, bytes)):
        return struct.pack("<I", TEXT) + text(x)
    kind, form = {str: (TEXT, None), float: (F32, "f"), int: (I32, "i")}[type(x[0])]
    return struct.pack("<IIQ", ARRAY, kind, len(x)) + b"".join(text(e) if kind == TEXT else struct.pack("<" + form, e) for e in x)


def gguf(keys, tensors):
    """`tensors`: name to (dims, numbers or None for random ones)."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    head += b"".join(text(key) + value(x) for key, x in keys.items())
    data = b""
    for name, (dims, numbers) in tensors.items():
        dice = random.Random(name)  # the same numbers in whatever order
        count = 1
        for dim in dims:
            count *= dim
        numbers = numbers or [dice.gauss(0, 0.3) if len(dims) > 1 else 1 + dice.gauss(0, 0.1) for _ in range(count)]
        kind = isinstance(numbers, Halves)  # 0 is ggml's F32, 1 its F16
        head += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, len(data))
        data += struct.pack(f"<{count}{'e' if kind else 'f'}", *numbers)
        data += bytes(-len(data) % 32)
    return head + bytes(-len(head) % 32) + data


def spm_vocabulary(byte_tokens=True, size=300):
    tokens, types, scores = ["<unk>", "<s>", "</s>"], [2, 3, 3], [0.0, 0.0, 0.0]
    if byte_tokens:
        tokens += [f"<0x{i:02X}>" for i in range(256)]
        types += [6] * 256
        scores += [0.0] * 256
    letters = ["\u2581"] + [chr(97 + i) for i in range(26)] + ["he", "th", "\u2581the", "ll", "\u00e9", "\u20ac"]
    tokens += letters
    types += [1] * len(letters)
    scores += [-float(i) for i in range(len(letters))]
    while len(tokens) < size:
        tokens.append(f"<x{len(tokens)}>")
        types.append(1)
        scores.append(-1000.0)
    return {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.scores": scores,
            "tokenizer.ggml.token_type": types, "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2,
            "tokenizer.ggml.unknown_token_id": 0}


def llama(architecture="llama", layers=1, width=32, vocabulary=None, context=128, **extra):
    """(keys, tensors) of a llama, or of an architecture with the same tensors."""
    vocabulary = vocabulary or spm_vocabulary()
    n = len(vocabulary["tokenizer.ggml.tokens"]) if "tokenizer.ggml.tokens" in vocabulary else 64
    keys = {"general.architecture": architecture,
            **{f"{architecture}.{key}": x for key, x in
               {"block_count": layers, "context_length": context, "embedding_length": width, "feed_forward_length": width,
                "attention.head_count": 2, "attention.layer_norm_rms_epsilon": 1e-5, "vocab_size": n, **extra}.items()}, **vocabulary}
    tensors = {"token_embd.weight": ((width, n), None), "output_norm.weight": ((width,), None)}
    for i in range(layers):
        tensors |= {f"blk.{i}.{name}.weight": ((width,), None) for name in ("attn_norm", "ffn_norm")}
        tensors |= {f"blk.{i}.{name}.weight": ((width, width), None)
                    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")}
    return keys, tensors


def gemma(architecture, layers, **extra):
    """Whose head size is not width / heads: how attention is scaled shows."""
    size = {"attention.key_length": 8, "attention.value_length": 8, "rope.dimension_count": 8}
    keys, tensors = llama(architecture, layers, **{"attention.head_count_kv": 2, **size, **extra})
    for i in range(layers):
        tensors |= {f"blk.{i}.{name}.weight": ((32,), None) for name in ("post_attention_norm", "post_ffw_norm")}
        tensors |= {f"blk.{i}.{name}.weight": ((32, 16), None) for name in ("attn_q", "attn_k", "attn_v")}
        tensors[f"blk.{i}.attn_output.weight"] = ((16, 32), None)
        if architecture == "gemma3":
            tensors |= {f"blk.{i}.{name}.weight": ((8,), None) for name in ("attn_q_norm", "attn_k_norm")}
    return keys, tensors


def exaone4(layers, **extra):
    keys, tensors = llama("exaone4", layers, **{"attention.head_count_kv": 2, **extra})
    for i in range(layers):
        del tensors[f"blk.{i}.attn_norm.weight"], tensors[f"blk.{i}.ffn_norm.weight"]
        tensors |= {f"blk.{i}.{name}.weight": ((32,), None) for name in ("post_attention_norm", "post_ffw_norm")}
        tensors |= {f"blk.{i}.{name}.weight": ((16,), None) for name in ("attn_q_norm", "attn_k_norm")}
    return keys, tensors


def smallthinker(layers):
    keys, tensors = llama("smallthinker", layers, **{"expert_count": 2, "expert_used_count": 1, "expert_feed_forward_length": 32,
                                                     "expert_gating_func": 1, "rope.dimension_count": 16})
    for i in range(layers):
        for name in ("gate", "up", "down"):
            del tensors[f"blk.{i}.ffn_{name}.weight"]
            tensors[f"blk.{i}.ffn_{name}_exps.weight"] = ((32, 32, 2), None)
        tensors[f"blk.{i}.ffn_gate_inp.weight"] = ((32, 2), None)
    return keys, tensors


def command_r(layers):
    """The larger of them norms queries and keys, head by head."""
    keys, tensors = llama("command-r", layers, **{"attention.layer_norm_epsilon": 1e-5, "rope.dimension_count": 16})
    for i in range(layers):
        del tensors[f"blk.{i}.ffn_norm.weight"]
        if layers >= 64:
            tensors |= {f"blk.{i}.{name}.weight": ((16, 2), None) for name in ("attn_q_norm", "attn_k_norm")}
    return keys, tensors


def baichuan(layers):
    keys, tensors = llama("baichuan", layers, **{"attention.head_count_kv": 2, "rope.dimension_count": 16})
    return keys, tensors | {"output.weight": ((32, 300), None)}


def deepseek2(layers, **extra):
    """Without experts but for the one that its keys must name; queries come of one product."""
    keys, tensors = llama("deepseek2", layers, **{
        "attention.kv_lora_rank": 16, "attention.key_length": 16, "attention.value_length": 16, "rope.dimension_count": 8,
        "expert_feed_forward_length": 32, "expert_shared_count": 1, "leading_dense_block_count": layers, **extra})
    for i in range(layers):
        del tensors[f"blk.{i}.attn_k.weight"], tensors[f"blk.{i}.attn_v.weight"]
        tensors |= {f"blk.{i}.attn_kv_a_mqa.weight": ((32, 24), None), f"blk.{i}.attn_kv_a_norm.weight": ((16,), None),
                    f"blk.{i}.attn_kv_b.weight": ((16, 48), None)}
    return keys, tensors


def minicpm3(layers):
    keys, tensors = llama("minicpm3", layers, **{"attention.q_lora_rank": 16, "attention.kv_lora_rank": 16, "attention.key_length": 16,
                                                 "attention.value_length": 16, "rope.dimension_count": 8})
    for i in range(layers):
        for name in ("attn_q", "attn_k", "attn_v"):
            del tensors[f"blk.{i}.{name}.weight"]
        tensors |= {f"blk.{i}.attn_q_a.weight": ((32, 16), None), f"blk.{i}.attn_q_a_norm.weight": ((16,), None),
                    f"blk.{i}.attn_q_b.weight": ((16, 32), None), f"blk.{i}.attn_kv_a_mqa.weight": ((32, 24), None),
                    f"blk.{i}.attn_kv_a_norm.weight": ((16,), None), f"blk.{i}.attn_kv_b.weight": ((16, 48), None)}
    return keys, tensors


def idle(model, first):
    """The model with layers that add nothing from `first` on: it is what its first layers alone are."""
    keys, tensors = model
    for name, (dims, _) in tensors.items():
        part = name.split(".")
        if part[0] == "blk" and int(part[1]) >= first and part[2] in ("attn_output", "ffn_down", "ffn_down_exps"):
            tensors[name] = (dims, [0.0] * math.prod(dims))
    return keys, tensors


def phi3(**extra):
    keys, tensors = llama("phi3", **{"rope.dimension_count": 16, **extra})
    for name in ("attn_q", "attn_k", "attn_v", "ffn_gate"):
        del tensors[f"blk.0.{name}.weight"]
    tensors["blk.0.attn_qkv.weight"] = ((32, 96), None)
    tensors["blk.0.ffn_up.weight"] = ((32, 64), None)
    return keys, tensors


def gpt2(context=24):
    """Its positions are learned: there is no other one."""
    width, vocabulary = 32, spm_vocabulary()
    n = len(vocabulary["tokenizer.ggml.tokens"])
    keys = {"general.architecture": "gpt2", "gpt2.block_count": 1, "gpt2.context_length": context, "gpt2.embedding_length": width,
            "gpt2.feed_forward_length": 64, "gpt2.attention.head_count": 2, "gpt2.attention.layer_norm_epsilon": 1e-5, **vocabulary}
    tensors = {"token_embd.weight": ((width, n), None), "position_embd.weight": ((width, context), None),
               "output_norm.weight": ((width,), None), "output_norm.bias": ((width,), None)}
    shapes = {"attn_norm": (width,), "ffn_norm": (width,), "attn_qkv": (width, 3 * width), "attn_output": (width, width),
              "ffn_up": (width, 64), "ffn_down": (64, width)}
    for name, dims in shapes.items():
        tensors[f"blk.0.{name}.weight"] = (dims, None)
        tensors[f"blk.0.{name}.bias"] = ((dims[-1],), None)
    return keys, tensors


def bert(**extra):
    """An encoder without the key that says so."""
    keys, tensors = llama("bert", **{"attention.layer_norm_epsilon": 1e-5, **extra})
    keys["tokenizer.ggml.token_type_count"] = 2
    n = len(keys["tokenizer.ggml.tokens"])
    tensors = {"token_embd.weight": ((32, n), None), "token_types.weight": ((32, 2), None), "position_embd.weight": ((32, 128), None),
               "token_embd_norm.weight": ((32,), None), "token_embd_norm.bias": ((32,), None)}
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"):
        tensors |= {f"blk.0.{name}.weight": ((32, 32), None), f"blk.0.{name}.bias": ((32,), None)}
    for name in ("attn_output_norm", "layer_output_norm"):
        tensors |= {f"blk.0.{name}.weight": ((32,), None), f"blk.0.{name}.bias": ((32,), None)}
    return keys, tensors


def split(keys, tensors, count, folder, name="m"):
    """The paths of a model in several files, tensors in turn. The first holds the keys."""
    names, paths = list(tensors), []
    for part in range(count):
        own = {"split.no": Short(part), "split.count": Short(count), "split.tensors.count": Signed(len(names))}
        path = f"{folder}/{name}-{part + 1:05}-of-{count:05}.gguf"
        with open(path, "wb") as file:
            file.write(gguf({**(keys if part == 0 else {}), **own}, {each: tensors[each] for each in names[part::count]}))
        paths.append(path)
    return paths
