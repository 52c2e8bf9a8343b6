"""Contrastive search as a recipe (recipes/contrastive_search) beside the native one, in turn, in one process:
PYTHONPATH=build/release/python python recipe_bench.py [MODEL] [--rounds 9] [--tokens 64] [--threads 1]

Both write the same tokens. Said of each: the median seconds of a text, and those of a processor (all threads of the process), which a
machine that is busy with others' work lengthens less; the ratios are of the two texts of a round.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import decant

ROOT = Path(__file__).resolve().parents[1]
PROMPT = "The lighthouse keeper wrote in his book"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default=str(ROOT / "build/models/smollm2-q4_0.gguf"))
    for name, value in ("rounds", 9), ("tokens", 64), ("threads", 1):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    model = decant.Model(options.model, quiet=True, threads=options.threads)
    ways = {
        "native": {"penalty_alpha": 0.6, "top_k": 4},
        "recipe": {"custom_generate": str(ROOT / "recipes/contrastive_search"), "alpha": 0.6, "k": 4},
    }
    took, texts = {name: [] for name in ways}, {}
    for i in range(options.rounds + 1):
        for name in ways if i % 2 else reversed(ways):
            begin, computed = time.monotonic(), time.process_time()
            texts[name] = model.generate(PROMPT, chat_template=False, ignore_eos=True, max_new_tokens=options.tokens, **ways[name]).ids
            if i > 0:  # the first of each reads files
                took[name].append((time.monotonic() - begin, time.process_time() - computed))
    assert texts["native"] == texts["recipe"] and len(texts["native"]) == options.tokens
    print(f"{options.tokens} tokens, {options.rounds} rounds, {options.threads} threads, load {os.getloadavg()[0]:.1f}")
    for name, each in took.items():
        print(f"{name}: {statistics.median(a for a, _ in each):.3f} s, {statistics.median(b for _, b in each):.3f} s of a processor")
    for label, at in ("time", 0), ("processor", 1):
        ratios = sorted(b[at] / a[at] for a, b in zip(took["native"], took["recipe"]))
        print(f"recipe / native, {label}: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
