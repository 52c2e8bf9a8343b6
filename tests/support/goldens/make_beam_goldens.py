#!/usr/bin/env python3
"""Writes beams.json: the answers of beam search, diverse beam search and constrained beam search.

The answers are those of Hugging Face transformers on the same F32 weights. README.md beside this file says how to run
it and what each field means. The output depends on nothing but the model and the versions that make_goldens.py names.

Another machine's rounding must not turn a case round. So every search is repeated on logits in double precision, as
they are and with noise many times larger than the rounding, and only a case in which all these agree is written.
"""

import argparse
import copy
import hashlib
import json
import os
import pathlib
import time

import torch
import transformers
from make_goldens import EOS, PROMPTS, VERSIONS, Oracle, check_versions, digits
from transformers.cache_utils import DynamicCache
from transformers.generation import configuration_utils
from transformers.generation.beam_search import BeamSearchScorer, ConstrainedBeamSearchScorer
from transformers.modeling_outputs import CausalLMOutputWithPast

NOISE = 1e-4  # largest change of a logit; rounding changes the logits of this model by 3e-5 at most
NOISY_RUNS = 8  # a decision that hangs on 2e-5 survives all of them once in 60 times
MAX_SCORE_ERROR = 5e-5  # between the recorded score and the one of double precision
NO_TEXT = -1e8  # a score below this marks an empty place among the answers
MIN_SETTINGS = 12  # of each kind that must be left of a prompt

# What the settings say by name: `end` is the second token that ends a text, the others are forced words.
BEAM_PROMPTS = {
    "dialogue": {
        "prompt": PROMPTS["dialogue"],
        "end": ".",
        "one": " city",
        "other": " river",
        "phrase": " one of the",
        "either": [" London", " Eiffel Tower"],
        "twice": " very very old",
        "prompted": " France",
        "likely": " Paris",
    },
    "opinion": {
        "prompt": PROMPTS["opinion"],
        "end": ".",
        "one": " people",
        "other": " data",
        "phrase": " in the world",
        "either": [" robots", " learning machines"],
        "twice": " very very good",
        "prompted": " future",
        "likely": " to",
    },
    "capital": {
        "prompt": "The capital of Italy is",
        "end": ".",
        "one": " city",
        "other": " river",
        "phrase": " one of the",
        "either": [" Milan", " the old city"],
        "twice": " very very old",
        "prompted": " Italy",
        "likely": " Rome",
    },
    "arithmetic": {
        "prompt": PROMPTS["arithmetic"],
        "end": "\n",
        "one": " answer",
        "other": " number",
        "phrase": " is equal to",
        "either": [" five", " the number four"],
        "twice": " very very easy",
        "prompted": " +",
        "likely": "3",
    },
    "list": {
        "prompt": PROMPTS["list"],
        "end": "\n",
        "one": " water",
        "other": " map",
        "phrase": " pair of boots",
        "either": [" socks", " warm hat"],
        "twice": " very very warm",
        "prompted": " week",
        "likely": " hiking",
    },
    "prose": {
        "prompt": PROMPTS["prose"],
        "end": ",",
        "one": " rain",
        "other": " smile",
        "phrase": " at the station",
        "either": [" snow", " heavy storm"],
        "twice": " very very tired",
        "prompted": " train",
        "likely": " the",
    },
    "code": {
        "prompt": PROMPTS["code"],
        "end": ";",
        "one": "return",
        "other": " for",
        "phrase": " x = y",
        "either": ["char", " double z"],
        "twice": "\t\tx",
        "prompted": " main",
        "likely": "int",
    },
    "water": {
        "prompt": "Water boils at",
        "end": ".",
        "one": " sea",
        "other": " steam",
        "phrase": " in the air",
        "either": [" ice", " hot water"],
        "twice": " very very hot",
        "prompted": " at",
        "likely": " temperature",
    },
    "repetition": {
        "prompt": PROMPTS["repetition"],
        "end": ",",
        "one": " dog",
        "other": " mouse",
        "phrase": " in the house",
        "either": [" bird", " big fish"],
        "twice": " very very good",
        "prompted": " cat",
        "likely": " dog",
    },
}
TOO_LONG = " It was the best of times and the worst of times and the age of wisdom and the age of folly"
FORCED = ["one", "other", "phrase", "either", "twice", "prompted", "likely", "too long"]


# ---- settings


def options_of(num_beams, max_new_tokens, **others):
    """With all texts returned, unless it says how many."""
    others.setdefault("num_return_sequences", num_beams)
    return {"num_beams": num_beams, "max_new_tokens": max_new_tokens, **others}


def beam_settings():
    """The end of "two_ends" is named by the prompt; it makes many finished texts."""
    two = {"two_ends": True}
    yield "one beam", {"num_beams": 1, "max_new_tokens": 24}
    yield "one beam, two ends", {"num_beams": 1, "max_new_tokens": 24, **two}
    yield "2 beams", options_of(2, 16)
    yield "4 beams, one answer", options_of(4, 24, num_return_sequences=1)
    yield "5 beams", options_of(5, 20)
    yield "16 beams", options_of(16, 14)
    yield "16 beams, two ends", options_of(16, 12, length_penalty=0.5, early_stopping="never", **two)
    beams, lengths = [4, 5, 2, 4, 3], [12, 16, 20, 24, 18, 14, 22]
    for i, length_penalty in enumerate([-1.0, 0.0, 0.5, 1.0, 2.0]):
        for j, early_stopping in enumerate(["false", "true", "never"]):
            how = {"length_penalty": length_penalty, "early_stopping": early_stopping, **two}
            options = options_of(beams[(i + 2 * j) % 5], lengths[(3 * i + j) % 7], **how)
            yield f"length_penalty {length_penalty:g}, {early_stopping}", options
    yield "shorter, one end", options_of(5, 20, length_penalty=-1.0, early_stopping="true")
    yield "longer, one end", options_of(4, 40, length_penalty=2.0, early_stopping="never")
    yield "plain, one end", options_of(4, 16, length_penalty=0.0, early_stopping="never")
    yield "repetition_penalty", options_of(4, 20, repetition_penalty=1.3, **two)
    yield "no_repeat_ngram_size", options_of(4, 24, no_repeat_ngram_size=2)
    yield "min_new_tokens", options_of(4, 20, min_new_tokens=9, early_stopping="true", **two)
    yield "bad_words", options_of(4, 16, bad_words=[" the", " a", " capital", " human", "\n", "\t"])
    yield "renormalize_logits", options_of(4, 16, bad_words=[" the", " a"], renormalize_logits=True, **two)
    yield "stop_strings", options_of(4, 20, stop_strings=[" and", "\n"])
    yield "stop_strings, two ends", options_of(3, 18, stop_strings=[" the", ";\n"], length_penalty=0.0, **two)
    longer = [(2, 1.0, "never"), (3, 2.0, "never"), (3, 1.0, "false"), (2, 2.0, "false")]
    for num_beams, length_penalty, early_stopping in longer:
        options = options_of(num_beams, 40, length_penalty=length_penalty, early_stopping=early_stopping, **two)
        yield f"40 tokens, {num_beams} beams, length_penalty {length_penalty:g}, {early_stopping}", options


def diverse_settings():
    def groups(n_groups, penalty, num_beams, max_new_tokens, **others):
        options = options_of(num_beams, max_new_tokens, num_beam_groups=n_groups, diversity_penalty=penalty, **others)
        return f"{num_beams}/{n_groups}", {**options, "hf_compat": True}

    two = {"two_ends": True}
    for number, (name, options) in enumerate(
        [
            groups(2, 0.2, 4, 20),
            groups(2, 1.0, 4, 16),
            groups(2, 5.0, 4, 12),
            groups(2, 1.0, 4, 18, length_penalty=-1.0, early_stopping="never", **two),
            groups(2, 0.2, 4, 24, length_penalty=2.0, early_stopping="true", **two),
            groups(2, 1.0, 4, 40, early_stopping="never", num_return_sequences=1),
            groups(2, 5.0, 4, 16, length_penalty=0.5, early_stopping="false", **two),
            groups(3, 1.0, 6, 16, early_stopping="never", **two),
            groups(3, 0.2, 6, 20, length_penalty=0.0, early_stopping="false", **two),
            groups(3, 5.0, 6, 14, length_penalty=2.0, early_stopping="never", **two),
            groups(3, 1.0, 6, 12, num_return_sequences=2),
            groups(2, 0.2, 6, 18, early_stopping="true", **two),
            groups(2, 1.0, 6, 16, repetition_penalty=1.2),
            groups(2, 5.0, 6, 20, length_penalty=0.0, early_stopping="true", num_return_sequences=3, **two),
            groups(4, 1.0, 4, 20),
            groups(4, 5.0, 4, 16, length_penalty=0.5, early_stopping="true", **two),
            groups(4, 0.2, 4, 24, length_penalty=-1.0, **two),
            groups(2, 1.0, 8, 14),
            groups(2, 0.2, 8, 16, length_penalty=0.0, early_stopping="never", **two),
            groups(2, 5.0, 8, 12, length_penalty=2.0, early_stopping="true", **two),
        ],
        start=1,
    ):
        yield f"{name} ({number})", options


def constrained_settings():
    def words(names, num_beams, max_new_tokens, **others):
        options = options_of(num_beams, max_new_tokens, force_words=names, **others)
        return ", ".join(names), {**options, "hf_compat": True}

    two = {"two_ends": True}
    for number, (name, options) in enumerate(
        [
            words(["one"], 2, 16),
            words(["one"], 4, 20, early_stopping="true", **two),
            words(["other"], 10, 14, length_penalty=0.0),
            words(["one", "other"], 4, 20, num_return_sequences=1),
            words(["one", "other"], 4, 16, length_penalty=2.0, early_stopping="never", **two),
            words(["other", "one"], 10, 14, early_stopping="true", **two),
            words(["phrase"], 4, 16, length_penalty=-1.0, early_stopping="false", **two),
            words(["phrase"], 10, 12),
            words(["phrase", "one"], 4, 24, early_stopping="never", length_penalty=0.5),
            words(["either"], 2, 14, **two),
            words(["either"], 4, 18, length_penalty=0.0, early_stopping="never", **two),
            words(["either", "phrase"], 10, 16, num_return_sequences=3),
            words(["twice"], 4, 16),
            words(["twice"], 10, 12, length_penalty=2.0, early_stopping="true", num_return_sequences=2, **two),
            words(["prompted"], 4, 16),
            words(["prompted", "one"], 4, 18, early_stopping="true", **two),
            words(["too long"], 2, 12),
            words(["too long"], 4, 12, early_stopping="true", num_return_sequences=1, **two),
            words(["one", "twice"], 4, 20, repetition_penalty=1.2, num_return_sequences=2),
            words(["one", "either", "other"], 10, 18, length_penalty=-1.0, early_stopping="true", **two),
            words(["prompted"], 3, 32, early_stopping="never", **two),
            words(["prompted"], 5, 24, length_penalty=0.0, early_stopping="true", **two),
            words(["prompted"], 4, 24, length_penalty=2.0, early_stopping="false", **two),
            words(["likely"], 2, 32, early_stopping="never", **two),
            words(["likely"], 3, 28, early_stopping="true", **two),
            words(["likely"], 2, 32, length_penalty=2.0, early_stopping="false", **two),
            words(["likely"], 4, 24, length_penalty=-1.0, early_stopping="never", **two),
            words(["likely"], 4, 24, length_penalty=0.0, early_stopping="true", **two),
        ],
        start=1,
    ):
        yield f"{name} ({number})", options


KINDS = {"beam": beam_settings, "diverse_beam": diverse_settings, "constrained_beam": constrained_settings}


def phrases_of(words):
    return words if isinstance(words[0], list) else [words]


def occurs(words, ids):
    return any(phrase == ids[i : i + len(phrase)] for phrase in phrases_of(words) for i in range(len(ids)))


class Prompt:
    """A prompt, and what the settings name, as token ids."""

    def __init__(self, oracle, name):
        self.name = name
        self.encode = oracle.encode
        self.texts = {**BEAM_PROMPTS[name], "too long": TOO_LONG}
        self.ids = oracle.encode(self.texts["prompt"])
        self.check()

    def word(self, name):
        text = self.texts[name]
        return [self.encode(each) for each in text] if isinstance(text, list) else self.encode(text)

    def check(self):
        """Each word is what it stands for."""
        end, one, phrase, twice = (self.word(name) for name in ["end", "one", "phrase", "twice"])
        forced = [ids for name in FORCED for ids in phrases_of(self.word(name))]
        wanted = {
            "end is one token": len(end) == 1,
            "one is one token": len(one) == 1,
            "phrase is three tokens": len(phrase) == 3,
            "twice is a a b": len(twice) == 3 and twice[0] == twice[1] != twice[2],
            "prompted is in the prompt": occurs(self.word("prompted"), self.ids),
            "no forced word contains the end": not any(occurs(end, ids) for ids in forced),
        }
        for text, is_so in wanted.items():
            if not is_so:
                raise SystemExit(f"prompt '{self.name}': not so: {text}; choose other words")

    def options(self, setting):
        options = dict(setting)
        if options.pop("two_ends", False):
            options["eos_token_id"] = [EOS, *self.word("end")]
        if "force_words" in options:
            options["force_words"] = [self.word(name) for name in options["force_words"]]
        if "bad_words" in options:
            options["bad_words"] = [self.encode(word) for word in options["bad_words"]]
        return options


# ---- logits in double precision


class Logits:
    """The model in double precision, which evaluates each text once, in whatever search it comes up."""

    def __init__(self, model):
        self.model = copy.deepcopy(model).double()
        self.nodes = {}  # text -> its logits, and keys and values of its last token (of the first text: of all tokens)

    def clear(self):
        self.nodes.clear()

    def __call__(self, rows):
        missing = sorted({row for row in rows if row not in self.nodes})
        if missing:
            self.evaluate(missing)
        return torch.stack([self.nodes[row][0] for row in rows])

    def past(self, row):
        """Keys and values of all tokens but the last: [layer, key or value, head, token, element]."""
        chain = [self.nodes[row[:n]][1] for n in range(1, len(row)) if row[:n] in self.nodes]
        return torch.cat(chain, dim=3) if chain else None

    def evaluate(self, rows):
        pasts = [self.past(row) for row in rows]
        cache, n_cached = DynamicCache(), 0
        if pasts[0] is not None:
            past = torch.stack(pasts, dim=2)
            n_cached = past.shape[4]
            cache = DynamicCache.from_legacy_cache(tuple((layer[0], layer[1]) for layer in past))
        assert n_cached in (0, len(rows[0]) - 1)
        out = self.model(torch.tensor(rows)[:, n_cached:], past_key_values=cache, use_cache=True)
        new = torch.stack([torch.stack(pair) for pair in out.past_key_values.to_legacy_cache()])[:, :, :, :, n_cached:]
        for i, row in enumerate(rows):
            self.nodes[row] = out.logits[i, -1].float(), new[:, :, i].clone()


class Noise:
    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, logits):
        return logits + NOISE * (2 * torch.rand(logits.shape, generator=self.generator) - 1)


# ---- searches


class FinalScores:
    """What the scorers of diverse and constrained beam search return last.

    generate() gives scores only with output_scores, which fails where some texts lack a forced word and others do not.
    """

    def __init__(self):
        self.values = None
        for scorer in (BeamSearchScorer, ConstrainedBeamSearchScorer):
            self.watch(scorer)

    def watch(self, scorer):
        finalize = scorer.finalize

        def watched(*args, **kwargs):
            outputs = finalize(*args, **kwargs)
            self.values = outputs["sequence_scores"]
            return outputs

        scorer.finalize = watched


def hf_options(options, tokenizer):
    renamed = {"eos_token_id": [EOS], **options}
    renamed.pop("hf_compat", None)
    if "early_stopping" in options:
        renamed["early_stopping"] = {"false": False, "true": True}.get(options["early_stopping"], "never")
    if "bad_words" in options:
        renamed["bad_words_ids"] = renamed.pop("bad_words")
    if "force_words" in options:
        renamed["force_words_ids"] = renamed.pop("force_words")
    if "stop_strings" in options:
        renamed["tokenizer"] = tokenizer
    return renamed


class Searches:
    def __init__(self, oracle):
        self.oracle = oracle
        self.logits = Logits(oracle.model)
        self.final_scores = FinalScores()

    def generate(self, kind, prompt_ids, options, use_cache=True):
        prompt = torch.tensor([prompt_ids])
        out = self.oracle.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            pad_token_id=EOS,
            do_sample=False,
            use_cache=use_cache,
            return_dict_in_generate=True,
            output_scores=kind == "beam",
            **hf_options(options, self.oracle.tokenizer),
        )
        ends = options.get("eos_token_id", [EOS])
        scores = out.sequences_scores if kind == "beam" else self.final_scores.values
        for i, score in enumerate(scores.tolist()):
            ids = out.sequences[i, len(prompt_ids) :].tolist()
            if kind == "beam":
                n = int((out.beam_indices[i] >= 0).sum())
            else:
                n = next((at + 1 for at, token in enumerate(ids) if token in ends), len(ids))
            answer = {"ids": ids[:n], "score": digits(score), "ends_with_eos": ids[n - 1] in ends}
            if "force_words" in options:
                answer["unmet"] = [at for at, words in enumerate(options["force_words"]) if not occurs(words, ids[:n])]
            yield answer

    def answers(self, *search, **how):
        """In which one beam is a beam search too; generate() would take it for greedy decoding, which has no scores."""
        get_mode = configuration_utils.GenerationConfig.get_generation_mode
        if search[2]["num_beams"] == 1:
            mode = configuration_utils.GenerationMode.BEAM_SEARCH
            configuration_utils.GenerationConfig.get_generation_mode = lambda *_: mode
        try:
            return list(self.generate(*search, **how))
        finally:
            configuration_utils.GenerationConfig.get_generation_mode = get_mode

    def answers_again(self, *search, noise=lambda logits: logits):
        """With logits in double precision; whole texts come in, for without use_cache nothing is cut off."""

        def forward(input_ids, attention_mask=None, **_):
            logits = self.logits([tuple(row) for row in input_ids.tolist()])
            return CausalLMOutputWithPast(logits=noise(logits)[:, None])

        self.oracle.model.forward = forward
        try:
            return self.answers(*search, use_cache=False)
        finally:
            del self.oracle.model.forward

    def is_firm(self, answers, *search):
        """Whether neither rounding nor noise changes the texts or their order."""
        if any(answer["score"] < NO_TEXT for answer in answers):
            return False
        texts = [answer["ids"] for answer in answers]
        exact = self.answers_again(*search)
        if [answer["ids"] for answer in exact] != texts:
            return False
        for answer, other in zip(answers, exact):
            if abs(answer["score"] - other["score"]) > MAX_SCORE_ERROR * max(1, abs(answer["score"])):
                raise SystemExit(f"{search}: score {answer['score']}, in double precision {other['score']}")
        noisy = (self.answers_again(*search, noise=Noise(seed)) for seed in range(NOISY_RUNS))
        return all([answer["ids"] for answer in each] == texts for each in noisy)


def prompt_cases(searches, prompt, dropped):
    searches.logits.clear()
    for kind, settings in KINDS.items():
        n = 0
        for name, setting in settings():
            options = prompt.options(setting)
            search = kind, prompt.ids, options
            answers = searches.answers(*search)
            if not searches.is_firm(answers, *search):
                dropped[kind] += 1
                continue
            n += 1
            yield {
                "kind": kind,
                "name": f"{prompt.name}: {name}",
                "setting": name,
                "prompt": prompt.texts["prompt"],
                "prompt_ids": prompt.ids,
                "options": options,
                "answers": answers,
            }
        if n < MIN_SETTINGS:
            raise SystemExit(f"prompt '{prompt.name}': only {n} cases of {kind} are firm; choose another prompt")


# ---- the file


def write(path, header, **lists):
    """Like make_goldens.write, but in one move: a reader never sees half a file."""
    parts = [f'"{key}": {json.dumps(value)}' for key, value in header.items()]
    parts += [f'"{key}": [\n' + ",\n".join(compact(case) for case in cases) + "\n]" for key, cases in lists.items()]
    scratch = path.with_suffix(".part")
    scratch.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    os.replace(scratch, path)


def compact(case):
    return json.dumps(case, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path, help="smollm2-f32.gguf")
    parser.add_argument("outdir", type=pathlib.Path)
    args = parser.parse_args()
    check_versions()
    args.outdir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # one order of summation
    transformers.logging.set_verbosity_error()
    with open(args.model, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    dropped = dict.fromkeys(KINDS, 0)
    header = {"model": args.model.name, "model_sha256": sha256, "made_with": VERSIONS, "dropped": dropped}
    settings = [{"kind": kind, "setting": name, "options": dict(of)} for kind in KINDS for name, of in KINDS[kind]()]
    path, cases, start = args.outdir / "beams.json", [], time.monotonic()
    with torch.inference_mode():
        oracle = Oracle(args.model)
        prompts = [Prompt(oracle, name) for name in BEAM_PROMPTS]
        searches = Searches(oracle)
        for prompt in prompts:
            cases += prompt_cases(searches, prompt, dropped)
            write(path, header, settings=settings, cases=cases)
            seconds = round(time.monotonic() - start)
            print(f"{path}: {prompt.name}, {len(cases)} cases, dropped {dropped}, {seconds} s", flush=True)


if __name__ == "__main__":
    main()
