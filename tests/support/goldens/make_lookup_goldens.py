#!/usr/bin/env python3
"""Writes lookups.json: what the prompt lookup of Hugging Face transformers drafts behind small texts.

Needs no model. README.md beside this file says how to run it and what each field means. The output depends on nothing
but the versions below.
"""

import argparse
import json
import pathlib
import random

import torch
import transformers
from transformers.generation.candidate_generator import PromptLookupCandidateGenerator

VERSIONS = {"transformers": "4.55.4", "torch": "2.13.0"}
CASES = 300

# (text, longest n-gram, most tokens, stops): one token; no repetition; two places; a place that overlaps the end; a
# stop first, in the middle, and in the n-gram.
BY_HAND = [
    ([1], 2, 10, []), ([1, 2, 3], 2, 10, []), ([1, 2, 3, 1, 2, 4, 1, 2], 2, 3, []), ([1, 2, 3, 1, 2, 4, 1, 2], 1, 3, []),
    ([5, 5, 5, 5], 2, 10, []), ([5, 5], 3, 10, []), ([1, 9, 3, 1], 2, 10, [9]), ([1, 3, 9, 4, 1], 2, 10, [9]),
    ([9, 3, 4, 9], 2, 10, [9]), ([1, 2, 1, 3, 2, 1], 2, 1, []), ([1, 9, 2, 3, 2, 1], 2, 10, [9]),
]


def random_case(rng):
    alphabet = rng.choice([1, 2, 3, 5, 20])
    text = [rng.randrange(alphabet) for _ in range(rng.randint(1, rng.choice([6, 40])))]
    if rng.random() < 0.5:
        begin = rng.randrange(len(text))
        text += text[begin:begin + rng.randint(1, 12)]
    stops = rng.sample(range(alphabet), rng.choice([0, 0, 1, min(2, alphabet)]))
    return text, rng.choice([1, 2, 3, 5, 8]), rng.choice([1, 2, 5, 10]), sorted(stops)


def case(text, longest, most, stops):
    generator = PromptLookupCandidateGenerator(
        eos_token_id=torch.tensor(stops, dtype=torch.long), num_output_tokens=most, max_matching_ngram_size=longest,
        max_length=1000)
    candidates, logits = generator.get_candidates(torch.tensor([text]))
    assert logits is None
    return {"text": text, "max_matching_ngram_size": longest, "prompt_lookup_num_tokens": most, "stops": stops,
            "drafted": candidates[0, len(text):].tolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="where lookups.json goes")
    arguments = parser.parse_args()
    for module in (transformers, torch):
        if module.__version__.split("+")[0] != VERSIONS[module.__name__]:
            raise SystemExit(f"{module.__name__} {module.__version__}: needs {VERSIONS[module.__name__]}")
    rng = random.Random(18)
    cases = [case(*each) for each in BY_HAND] + [case(*random_case(rng)) for _ in range(CASES)]
    rows = ",\n".join(json.dumps(each) for each in cases)
    text = json.dumps(VERSIONS)[:-1] + ',\n"cases": [\n' + rows + "\n]}\n"
    (arguments.folder / "lookups.json").write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
