#!/usr/bin/env python3
"""layers_models.py LLAMA_CPP FOLDER: a gpt2 and a llama of one size, random, in Q8_0, for layers_bench.

Both have 12 layers of 768 and GPT-2's vocabulary, which lies in the source of llama.cpp (build/deps/...): 123 million weights.
Needs numpy and gguf (tests/zoo/README.md).
"""

import pathlib
import sys

import gguf
import numpy as np

LAYERS, WIDTH, HEADS, CONTEXT = 12, 768, 12, 1024
VOCABULARY = "tokenizer.ggml."


class File(gguf.GGUFWriter):
    def __init__(self, path, architecture, vocabulary):
        super().__init__(path, architecture)
        self.dice = np.random.Generator(np.random.Philox(1))
        self.add_block_count(LAYERS)
        self.add_context_length(CONTEXT)
        self.add_embedding_length(WIDTH)
        self.add_head_count(HEADS)
        for field in vocabulary.fields.values():
            if field.name.startswith(VOCABULARY):
                kind = field.types[0]
                self.add_key_value(field.name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
        self.tokens = len(vocabulary.fields[VOCABULARY + "tokens"].data)
        self.matrix("token_embd", WIDTH, self.tokens, 1.0)

    def matrix(self, name, inputs, outputs, deviation=0.05):
        numbers = self.dice.standard_normal((outputs, inputs), dtype=np.float32) * np.float32(deviation)
        kind = gguf.GGMLQuantizationType.Q8_0
        self.add_tensor(name + ".weight", gguf.quantize(numbers, kind), raw_dtype=kind)

    def vector(self, name, size, value):
        self.add_tensor(name, np.full(size, value, np.float32))

    def finish(self):
        self.write_header_to_file()
        self.write_kv_data_to_file()
        self.write_tensors_to_file()
        self.close()


def gpt2(path, vocabulary):
    file = File(path, "gpt2", vocabulary)
    file.add_feed_forward_length(4 * WIDTH)
    file.add_layer_norm_eps(1e-5)
    file.add_tensor("position_embd.weight", np.zeros((CONTEXT, WIDTH), np.float32))

    def norm(name):
        file.vector(name + ".weight", WIDTH, 1)
        file.vector(name + ".bias", WIDTH, 0)

    for i in range(LAYERS):
        norm(f"blk.{i}.attn_norm")
        norm(f"blk.{i}.ffn_norm")
        for name, inputs, outputs in (("attn_qkv", WIDTH, 3 * WIDTH), ("attn_output", WIDTH, WIDTH), ("ffn_up", WIDTH, 4 * WIDTH),
                                      ("ffn_down", 4 * WIDTH, WIDTH)):
            file.matrix(f"blk.{i}.{name}", inputs, outputs)
            file.vector(f"blk.{i}.{name}.bias", outputs, 0)
    norm("output_norm")
    file.finish()


def llama(path, vocabulary):
    file = File(path, "llama", vocabulary)
    inner = 8 * WIDTH // 3
    file.add_feed_forward_length(inner)
    file.add_layer_norm_rms_eps(1e-5)
    for i in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            file.vector(f"blk.{i}.{name}.weight", WIDTH, 1)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            file.matrix(f"blk.{i}.{name}", WIDTH, WIDTH)
        for name, inputs, outputs in (("ffn_gate", WIDTH, inner), ("ffn_up", WIDTH, inner), ("ffn_down", inner, WIDTH)):
            file.matrix(f"blk.{i}.{name}", inputs, outputs)
    file.vector("output_norm.weight", WIDTH, 1)
    file.finish()


def main():
    vocabulary = gguf.GGUFReader(pathlib.Path(sys.argv[1]) / "models/ggml-vocab-gpt-2.gguf")
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for make in gpt2, llama:
        make(folder / f"random-{make.__name__}-q8_0.gguf", vocabulary)


if __name__ == "__main__":
    main()
