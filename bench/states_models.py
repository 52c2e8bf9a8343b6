#!/usr/bin/env python3
"""states_models.py LLAMA_CPP FOLDER: random models whose memory is a state, in Q8_0, for states_bench.

An LFM2 (convolutions beside attention) and a Falcon-H1 (Mamba-2 beside attention) of some hundred million weights, and a Mamba-2; and a Gemma 3
whose windows see 512 tokens of 32,768. Needs what tests/zoo/README.md names.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/zoo"))

import make_zoo
import transformers as tf
from architectures import Architecture, base, gemma

WIDTH = dict(hidden_size=1024, intermediate_size=2560, num_attention_heads=16, num_key_value_heads=4, max_position_embeddings=2048)
MAMBA = dict(mamba_n_heads=32, mamba_d_head=64, mamba_d_state=64, mamba_n_groups=1, tie_word_embeddings=True, mamba_d_ssm=2048)
MODELS = {
    "lfm2": Architecture(lambda: tf.Lfm2Config(**base() | WIDTH | dict(
        num_hidden_layers=12, layer_types=["conv", "conv", "full_attention"] * 4, block_multiple_of=256)), pre="lfm2"),
    "falconh1": Architecture(lambda: tf.FalconH1Config(**base(**MAMBA, head_dim=64) | WIDTH | dict(num_hidden_layers=8)), pre="falcon-h1"),
    "mamba2": Architecture(lambda: tf.Mamba2Config(
        vocab_size=base()["vocab_size"], hidden_size=1024, state_size=64, num_hidden_layers=16, num_heads=32, head_dim=64, expand=2, n_groups=1,
        bos_token_id=0, eos_token_id=0, pad_token_id=3)),
    "gemma3": Architecture(lambda: tf.Gemma3TextConfig(**gemma(**WIDTH | dict(
        num_hidden_layers=12, head_dim=64, sliding_window=512, max_position_embeddings=32768))), vocabulary="gemma"),
}


def main():
    llama_cpp, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    sys.path[:0] = [llama_cpp, llama_cpp + "/gguf-py"]
    folder.mkdir(parents=True, exist_ok=True)
    for name, architecture in MODELS.items():
        make_zoo.write_gguf(architecture, make_zoo.make_model(architecture), folder / f"random-{name}-q8_0.gguf", "q8_0")


if __name__ == "__main__":
    main()
