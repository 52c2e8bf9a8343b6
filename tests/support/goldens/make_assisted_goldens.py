#!/usr/bin/env python3
"""Writes assisted.json: the answers of assisted decoding, greedily.

They are Hugging Face transformers' with each of its candidate generators: prompt lookup, a smaller model, the model's
own lower layers, and a model with another tokenizer. README.md beside this file says how to run it and what each field
means. Who guesses must change nothing: the script stops if an answer is not that of plain greedy decoding.
"""

import argparse
import hashlib
import pathlib
import time

import torch
import transformers
from make_beam_goldens import write
from make_goldens import MIN_GREEDY_MARGIN, PROMPTS, VERSIONS, Oracle
from make_goldens import check_versions, decimals, load_model, load_tokenizer

COPIES = {
    "copy": "Repeat the line.\nThe quick brown fox jumps over the lazy dog by the river.\n"
    "The quick brown fox jumps over the lazy dog by the river.\nThe quick brown",
    "log": "12:01 worker 3 started job 17\n12:02 worker 3 finished job 17\n12:03 worker 4 started job 18\n12:04",
}
PROMPTS_USED = {**COPIES, **{name: PROMPTS[name] for name in ("code", "french", "japanese")}}
ASSISTANT, OTHER = "smollm2-q4_0.gguf", "smollm2-16k-q8_0.gguf"
MAX_NEW_TOKENS = 32

SETTINGS = [  # in decant's names, which are Hugging Face's
    {"prompt_lookup_num_tokens": 10},
    {"prompt_lookup_num_tokens": 3, "max_matching_ngram_size": 3},
    {"prompt_lookup_num_tokens": 10, "repetition_penalty": 1.2},
    {"assistant_model": ASSISTANT, "num_assistant_tokens": 5},
    {"assistant_model": ASSISTANT, "num_assistant_tokens": 8, "assistant_confidence_threshold": 0.4},
    {"assistant_model": ASSISTANT, "num_assistant_tokens": 5, "repetition_penalty": 1.2},
    {"assistant_early_exit": 15, "num_assistant_tokens": 3},
    {"assistant_early_exit": 28, "num_assistant_tokens": 4},
    {"assistant_model": OTHER, "num_assistant_tokens": 5},
    {"assistant_model": OTHER, "num_assistant_tokens": 8, "repetition_penalty": 1.2},
]


class Watched:
    """A candidate generator, and what came of its candidates."""

    def __init__(self, generator, rounds):
        self.generator, self.rounds = generator, rounds

    def __getattr__(self, name):
        return getattr(self.generator, name)

    def get_candidates(self, input_ids):
        ids, logits = self.generator.get_candidates(input_ids)
        self.rounds.append([ids.shape[1] - input_ids.shape[1], 0])
        return ids, logits

    def update_candidate_strategy(self, input_ids, scores, num_matches):
        self.rounds[-1][1] = int(num_matches)
        self.generator.update_candidate_strategy(input_ids, scores, num_matches)


class Assisted:
    def __init__(self, path):
        self.oracle = Oracle(path)
        self.models = {name: load_model(path.parent / name) for name in (ASSISTANT, OTHER)}
        self.other_tokenizer = load_tokenizer(path.parent / OTHER)
        self.plain = {}  # by prompt and penalty

    def greedily(self, ids, penalty):
        key = tuple(ids), penalty
        if key not in self.plain:
            options = {"max_new_tokens": MAX_NEW_TOKENS, "repetition_penalty": penalty}
            new, scores = self.oracle.generate(ids, do_sample=False, **options)
            best = torch.stack(scores).topk(2).values.double()
            self.plain[key] = new, float((best[:, 0] - best[:, 1]).min())
        return self.plain[key]

    def hf_options(self, settings):
        """As generate() takes them; what belongs to an assistant is set on it."""
        options = {"max_new_tokens": MAX_NEW_TOKENS, **settings}
        n = options.pop("num_assistant_tokens", None)
        threshold = options.pop("assistant_confidence_threshold", 0)
        name = options.pop("assistant_model", None)
        assistant = self.models[name] if name else self.oracle.model
        assistant.generation_config.num_assistant_tokens = n
        assistant.generation_config.num_assistant_tokens_schedule = "constant"
        assistant.generation_config.assistant_confidence_threshold = threshold
        if name:
            options["assistant_model"] = assistant
        if name == OTHER:
            options |= {"tokenizer": self.oracle.tokenizer, "assistant_tokenizer": self.other_tokenizer}
        return options

    def case(self, name, ids, settings):
        plain, margin = self.greedily(ids, settings.get("repetition_penalty", 1.0))
        if margin < MIN_GREEDY_MARGIN:
            raise SystemExit(f"prompt '{name}', {settings}: margin {margin:.1e}; choose another prompt")
        rounds, model = [], self.oracle.model
        make = model._get_candidate_generator
        model._get_candidate_generator = lambda *args, **options: Watched(make(*args, **options), rounds)
        try:
            new, _ = self.oracle.generate(ids, do_sample=False, **self.hf_options(settings))
        finally:
            del model._get_candidate_generator
        # Prompt lookup does not mind where the text has to end.
        excess = max(len(new) - MAX_NEW_TOKENS, 0)
        rounds[-1][1] = max(rounds[-1][1] - excess, 0)
        new = new[:MAX_NEW_TOKENS]
        if new != plain:
            raise SystemExit(f"prompt '{name}', {settings}: {new}, without guesses {plain}")
        options = {"max_new_tokens": MAX_NEW_TOKENS, **settings}
        case = {"name": name, "prompt_ids": ids, "options": options, "ids": new, "min_margin": decimals(margin)}
        return {**case, "rounds": rounds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path, help="smollm2-f32.gguf")
    parser.add_argument("outdir", type=pathlib.Path)
    parser.add_argument("--prompts", type=int, help="only so many, for a first look")
    args = parser.parse_args()
    check_versions()
    args.outdir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # one order of summation
    transformers.logging.set_verbosity_error()
    prompts = dict(list(PROMPTS_USED.items())[: args.prompts])
    with open(args.model, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    header = {"model": args.model.name, "model_sha256": sha256, "made_with": VERSIONS}
    start, cases = time.monotonic(), []
    with torch.inference_mode():
        assisted = Assisted(args.model)
        for name, prompt in prompts.items():
            ids = assisted.oracle.encode(prompt)
            for settings in SETTINGS:
                cases.append(assisted.case(name, ids, settings))
                print(settings, cases[-1]["rounds"], flush=True)
            print(f"{name}: {round(time.monotonic() - start)} s", flush=True)
    write(args.outdir / "assisted.json", {**header, "prompts": prompts}, cases=cases)


if __name__ == "__main__":
    main()
