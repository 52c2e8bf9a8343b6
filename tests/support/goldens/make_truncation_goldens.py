#!/usr/bin/env python3
"""Writes truncations.json: which tokens the truncations of Hugging Face transformers keep of small distributions.

Needs no model. README.md beside this file says how to run it and what each field means. The output depends on nothing
but the versions below.
"""

import argparse
import json
import math
import pathlib
import random

import torch
import transformers
from transformers.generation import logits_process as hf

VERSIONS = {"transformers": "4.55.4", "torch": "2.13.0"}
CASES = 40  # of each truncation, besides those by hand

rng = random.Random(5)

TRUNCATIONS = {
    "top_k": (hf.TopKLogitsWarper, lambda: rng.randint(1, 12)),
    "top_p": (hf.TopPLogitsWarper, lambda: rng.choice([0.1, 0.37, 0.7, 0.93])),
    "min_p": (hf.MinPLogitsWarper, lambda: rng.choice([0.01, 0.09, 0.3, 0.9])),
    "typical_p": (hf.TypicalLogitsWarper, lambda: rng.choice([0.1, 0.37, 0.7, 0.93])),
    "epsilon_cutoff": (hf.EpsilonLogitsWarper, lambda: rng.choice([0.0007, 0.007, 0.07, 0.7])),
    "eta_cutoff": (hf.EtaLogitsWarper, lambda: rng.choice([0.0007, 0.007, 0.07, 0.7])),
}

# Halves and quarters, ties, one survivor: (logits, parameter). Natural logarithms of 1/2, 1/4, 1/8, 1/8.
DYADIC = [math.log(p) for p in (0.125, 0.5, 0.125, 0.25)]
EQUAL = [1.0, 1.0, 1.0, 1.0]
ONE_LEFT = [-math.inf, 3.0, -math.inf]
TWO_LEFT = [-math.inf, 0.0, -math.inf, 0.0]
BY_HAND = {
    "top_k": [(EQUAL, 2), (DYADIC, 3), (ONE_LEFT, 2), ([5.0], 1)],
    "top_p": [(DYADIC, 0.5), (DYADIC, 0.75), (ONE_LEFT, 0.5), ([5.0], 0.5)],
    "min_p": [(DYADIC, 0.25), (DYADIC, 0.5), (EQUAL, 1.0), (ONE_LEFT, 0.5), ([5.0], 0.5)],
    "typical_p": [
        (DYADIC, 0.25), (DYADIC, 0.74), (DYADIC, 0.76), (EQUAL, 0.1), (ONE_LEFT, 0.5), (TWO_LEFT, 0.3), ([5.0], 0.5),
    ],
    "epsilon_cutoff": [(DYADIC, 0.25), (DYADIC, 0.6), (EQUAL, 0.9), (ONE_LEFT, 0.5), (TWO_LEFT, 0.7), ([5.0], 0.5)],
    "eta_cutoff": [(DYADIC, 0.25), (DYADIC, 0.72), (EQUAL, 0.9), (ONE_LEFT, 0.5), (TWO_LEFT, 0.7), ([5.0], 0.5)],
}


def random_logits():
    n = rng.randint(1, 32)
    spread = rng.choice([0.3, 1.0, 3.0])
    values = [rng.gauss(0, spread) for _ in range(n)]
    if rng.random() < 0.3:
        values = [round(value * 2) / 2 for value in values]
    values = [-math.inf if rng.random() < 0.1 else value for value in values]
    values[rng.randrange(n)] = 1.0  # never all removed
    return values


def case(name, logits, parameter, min_keep):
    """Logits as shortest decimals that read back as the same float32; -infinity as null."""
    scores = torch.tensor([logits], dtype=torch.float32)
    warper = TRUNCATIONS[name][0]
    if name == "typical_p":
        processor = warper(mass=parameter, min_tokens_to_keep=min_keep)
    else:
        processor = warper(parameter, min_tokens_to_keep=min_keep)
    kept = processor(torch.zeros((1, 1), dtype=torch.long), scores)[0].isfinite().nonzero().flatten().tolist()
    listed = [None if math.isinf(value) else float(str(value)) for value in scores[0].numpy()]
    return {"processor": name, "parameter": parameter, "min_tokens_to_keep": min_keep, "logits": listed, "kept": kept}


def cases(name):
    parameter = TRUNCATIONS[name][1]
    made = [case(name, logits, value, 1) for logits, value in BY_HAND[name]]
    return made + [case(name, random_logits(), parameter(), rng.choice([1, 1, 2, 3])) for _ in range(CASES)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="where truncations.json goes")
    arguments = parser.parse_args()
    for module in (transformers, torch):
        if module.__version__.split("+")[0] != VERSIONS[module.__name__]:
            raise SystemExit(f"{module.__name__} {module.__version__}: needs {VERSIONS[module.__name__]}")
    rows = ",\n".join(json.dumps(c) for name in TRUNCATIONS for c in cases(name))
    text = json.dumps(VERSIONS)[:-1] + ',\n"cases": [\n' + rows + "\n]}\n"
    (arguments.folder / "truncations.json").write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
