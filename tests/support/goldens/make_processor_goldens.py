#!/usr/bin/env python3
"""Writes processors.json: what the logits processors of Hugging Face transformers do to small random distributions.

Needs no model. README.md beside this file says how to run it and what each field means. The output depends on nothing
but the versions below.
"""

import argparse
import json
import math
import pathlib
import random

import numpy
import torch
import transformers
from transformers import PretrainedConfig, WatermarkDetector, WatermarkingConfig
from transformers.generation import logits_process as hf

VERSIONS = {"transformers": "4.55.4", "torch": "2.13.0"}
CASES = 20  # of each processor
INFINITY = math.inf

rng = random.Random(4)


# ---- random inputs ---------------------------------------------------------------------------------------------------


def logits(n, removed=0.1, coarse=False):
    """Float32 values: about `removed` of them -infinity; `coarse` ones have many ties."""
    values = [round(rng.gauss(0, 3), 3) for _ in range(n)]
    if coarse:
        values = [round(value * 2) / 2 for value in values]
    values = [-INFINITY if rng.random() < removed else value for value in values]
    values[rng.randrange(n)] = 1.0  # never all removed
    return torch.tensor([values], dtype=torch.float32)


def ids(n_vocab, low, high):
    return [rng.randrange(n_vocab) for _ in range(rng.randint(low, high))]


def text(n_vocab, low=1, high=40):
    """Token ids, in which up to three pieces come again."""
    tokens = ids(n_vocab, low, high)
    for _ in range(rng.randint(0, 3)):
        begin = rng.randrange(len(tokens))
        tokens = tokens + tokens[begin : begin + rng.randint(1, 6)]
    return tokens[-high:]


# ---- one function for each processor: (arguments, processor, tokens, n_prompt, scores) -------------------------------


def plain(make):
    """For processors whose history and scores can be anything: make(n_vocab, tokens, n_prompt) -> arguments, object."""

    def build():
        n_vocab = rng.randint(4, 24)
        tokens = text(n_vocab)
        n_prompt = rng.randint(1, len(tokens))
        arguments, processor = make(n_vocab, tokens, n_prompt)
        return arguments, processor, tokens, n_prompt, logits(n_vocab, coarse=rng.random() < 0.3)

    return build


def tensor(tokens):
    return torch.tensor([tokens], dtype=torch.long)


def penalty():
    return rng.choice([0.3, 0.8, 1.0, 1.1, 1.5, 7.0])


@plain
def repetition_penalty(n_vocab, tokens, n_prompt):
    value = penalty()
    return {"penalty": value}, hf.RepetitionPenaltyLogitsProcessor(value)


@plain
def encoder_repetition_penalty(n_vocab, tokens, n_prompt):
    value = penalty()
    return {"penalty": value}, hf.EncoderRepetitionPenaltyLogitsProcessor(value, tensor(tokens[:n_prompt]))


@plain
def no_repeat_ngram_size(n_vocab, tokens, n_prompt):
    n = rng.choice([1, 2, 2, 3, 3, 4, 60])
    return {"n": n}, hf.NoRepeatNGramLogitsProcessor(n)


@plain
def encoder_no_repeat_ngram_size(n_vocab, tokens, n_prompt):
    n = rng.choice([1, 2, 2, 3, 3, 4, 60])
    return {"n": n}, hf.EncoderNoRepeatNGramLogitsProcessor(n, tensor(tokens[:n_prompt]))


def random_sequences(n_vocab, tokens):
    """Single tokens, sequences whose beginning is the end of the text, longer than the text, and equal ones."""
    sequences = [[token] for token in ids(n_vocab, 1, 4)]
    for _ in range(rng.randint(1, 6)):
        prefix = tokens[-rng.randint(1, min(4, len(tokens))) :]
        if rng.random() < 0.3:
            prefix = ids(n_vocab, 1, 3)
        sequences.append(prefix + [rng.choice([sequences[0][0], rng.randrange(n_vocab)])])
    return sequences + [rng.choice(sequences)]


@plain
def sequence_bias(n_vocab, tokens, n_prompt):
    pairs = [
        (sequence, rng.choice([-INFINITY, -1e30, rng.randint(-40, 40) / 8]))
        for sequence in random_sequences(n_vocab, tokens)
    ]
    texts = [f"{sequence}={bias}" for sequence, bias in pairs]
    return {"texts": texts}, hf.SequenceBiasLogitsProcessor({tuple(sequence): bias for sequence, bias in pairs})


@plain
def bad_words(n_vocab, tokens, n_prompt):
    sequences = random_sequences(n_vocab, tokens)
    eos = rng.choice([[], [sequences[0][0]], ids(n_vocab, 1, 3)])
    if all(len(sequence) == 1 and sequence[0] in eos for sequence in sequences):
        eos = []
    arguments = {"texts": [str(sequence) for sequence in sequences], "eos": eos}
    return arguments, hf.NoBadWordsLogitsProcessor(sequences, eos or None)


@plain
def min_length(n_vocab, tokens, n_prompt):
    n = max(0, len(tokens) + rng.choice([-5, -1, 0, 1, 2, 9]))
    eos = ids(n_vocab, 1, 3)
    return {"n": n, "eos": eos}, hf.MinLengthLogitsProcessor(n, eos)


@plain
def min_new_tokens(n_vocab, tokens, n_prompt):
    n = max(0, len(tokens) - n_prompt + rng.choice([-5, -1, 0, 1, 2, 9]))
    eos = ids(n_vocab, 1, 3)
    return {"n": n, "eos": eos}, hf.MinNewTokensLengthLogitsProcessor(n_prompt, n, eos)


@plain
def prefix_allowed_tokens_fn(n_vocab, tokens, n_prompt):
    allowed = ids(n_vocab, 1, 9)
    return {"allowed": allowed}, hf.PrefixConstrainedLogitsProcessor(lambda batch, prefix: allowed, 1)


def forced_bos_token_id():
    n_vocab = rng.randint(4, 24)
    tokens = ids(n_vocab, 1, 1) if rng.random() < 0.7 else text(n_vocab)
    bos = rng.randrange(n_vocab)
    return {"bos": bos}, hf.ForcedBOSTokenLogitsProcessor(bos), tokens, len(tokens), logits(n_vocab, removed=0.4)


@plain
def forced_eos_token_id(n_vocab, tokens, n_prompt):
    max_length = len(tokens) + rng.choice([0, 1, 1, 1, 2])
    eos = ids(n_vocab, 1, 3)
    return {"eos": eos, "max_length": max_length}, hf.ForcedEOSTokenLogitsProcessor(max_length, eos)


def exponential_decay_length_penalty():
    n_vocab = rng.randint(4, 24)
    tokens = text(n_vocab, 3)
    n_prompt = rng.randint(1, len(tokens))
    start = max(0, len(tokens) - n_prompt + rng.choice([-20, -5, -1, 0, 1]))
    factor = rng.choice([0.5, 0.97, 1.01, 1.5, 4.0])
    eos = ids(n_vocab, 1, 3)
    processor = hf.ExponentialDecayLengthPenalty((start, factor), eos, n_prompt)
    return {"start": start, "factor": factor, "eos": eos}, processor, tokens, n_prompt, logits(n_vocab, removed=0)


@plain
def suppress_tokens(n_vocab, tokens, n_prompt):
    suppressed = ids(n_vocab, 1, 6)
    return {"ids": suppressed}, hf.SuppressTokensLogitsProcessor(suppressed)


def begin_suppress_tokens():
    n_vocab = rng.randint(4, 24)
    n_prompt = rng.choice([1, 1, 5])
    tokens = ids(n_vocab, n_prompt, n_prompt) + ids(n_vocab, 0, 2)
    forced_bos = rng.random() < 0.5
    suppressed = ids(n_vocab, 1, 6)
    begin = n_prompt if n_prompt > 1 or not forced_bos else n_prompt + 1  # GenerationMixin._get_logits_processor
    processor = hf.SuppressTokensAtBeginLogitsProcessor(suppressed, begin)
    return {"ids": suppressed, "forced_bos": forced_bos}, processor, tokens, n_prompt, logits(n_vocab)


@plain
def renormalize_logits(n_vocab, tokens, n_prompt):
    return {}, hf.LogitNormalization()


def guidance_scale():
    n_vocab = rng.randint(4, 24)
    scale = rng.choice([-0.5, 0.0, 0.5, 1.5, 3.0])
    unconditional = logits(n_vocab, removed=0)

    def model(*_, **__):
        return transformers.modeling_outputs.CausalLMOutput(logits=unconditional[:, None, :])

    processor = hf.UnbatchedClassifierFreeGuidanceLogitsProcessor(scale, model)
    arguments = {"scale": scale, "unconditional": listed(unconditional)}
    return arguments, processor, text(n_vocab), 1, logits(n_vocab, removed=0.1 if scale > 0 else 0)


def watermark_config(n_vocab):
    selfhash = rng.random() < 0.5
    return {
        "greenlist_ratio": rng.choice([0.25, 0.5, 0.1, 0.9]),
        "bias": rng.choice([2.0, 0.3, -1.5]),
        "hashing_key": rng.choice([15485863, 1, 2**40 + 7] + ([] if selfhash else [2**64 - 3])),
        "seeding_scheme": "selfhash" if selfhash else "lefthash",
        "context_width": rng.choice([1, 1, 2, 4]),
    }


def watermark():
    n_vocab = rng.choice([64, 64, 60, 49])
    config = watermark_config(n_vocab)
    processor = hf.WatermarkLogitsProcessor(n_vocab, "cpu", **config)
    while True:
        scores = logits(n_vocab, removed=0.2)
        finite = scores[scores.isfinite()]
        if len(finite.unique()) == len(finite):  # the order of ties is not defined
            return config, processor, text(n_vocab), 1, scores


PROCESSORS = {
    "guidance_scale": guidance_scale,
    "sequence_bias": sequence_bias,
    "encoder_repetition_penalty": encoder_repetition_penalty,
    "repetition_penalty": repetition_penalty,
    "no_repeat_ngram_size": no_repeat_ngram_size,
    "encoder_no_repeat_ngram_size": encoder_no_repeat_ngram_size,
    "bad_words": bad_words,
    "min_length": min_length,
    "min_new_tokens": min_new_tokens,
    "prefix_allowed_tokens_fn": prefix_allowed_tokens_fn,
    "forced_bos_token_id": forced_bos_token_id,
    "forced_eos_token_id": forced_eos_token_id,
    "exponential_decay_length_penalty": exponential_decay_length_penalty,
    "suppress_tokens": suppress_tokens,
    "begin_suppress_tokens": begin_suppress_tokens,
    "renormalize_logits": renormalize_logits,
    "watermark": watermark,
}


def listed(scores):
    """A tensor as shortest decimals that read back as the same float32; -infinity as null."""
    return [None if value == -INFINITY else float(str(value)) for value in scores[0].numpy()]


def processor_case(name):
    arguments, processor, tokens, n_prompt, scores = PROCESSORS[name]()
    before = listed(scores)
    after = processor(tensor(tokens), scores)
    if torch.isnan(after).any():
        raise SystemExit(f"{name}: the case has no answer")
    return {
        "processor": name,
        "arguments": arguments,
        "n_prompt": n_prompt,
        "tokens": tokens,
        "logits": before,
        "scores": listed(after),
    }


# ---- watermark: the detector, and green lists of real vocabularies ---------------------------------------------------


def detector_case():
    n_vocab = rng.choice([64, 1000, 49152, 151936])
    config = watermark_config(n_vocab)
    processor = hf.WatermarkLogitsProcessor(n_vocab, "cpu", **config)
    strength = rng.choice([0.0, 0.5, 1.0])
    tokens = ids(n_vocab, 5, 5)
    for _ in range(rng.choice([3, 40, 80])):
        candidates = ids(n_vocab, 12, 12)
        selfhash = config["seeding_scheme"] == "selfhash"
        chosen = candidates[0]
        if rng.random() < strength:
            prefix = torch.tensor(tokens)
            for candidate in candidates:
                context = torch.cat([prefix, torch.tensor([candidate])]) if selfhash else prefix
                if candidate in processor._get_greenlist_ids(context):
                    chosen = candidate
                    break
        tokens.append(chosen)
    bos = rng.choice([None, tokens[0], tokens[1]])
    model = PretrainedConfig(vocab_size=n_vocab, bos_token_id=bos)
    found = WatermarkDetector(model, "cpu", WatermarkingConfig(**config))(tensor(tokens), return_dict=True)
    return {
        "n_vocab": n_vocab,
        "config": config,
        "bos": bos,
        "tokens": tokens,
        "n_scored": int(found.num_tokens_scored[0]),
        "n_green": int(found.num_green_tokens[0]),
        "green_fraction": float(found.green_fraction[0]),
        "z_score": float(found.z_score[0]),
        "p_value": float(found.p_value[0]),
        "is_watermarked": bool(found.prediction[0]),
    }


def green_list_case(n_vocab):
    """The list in its own order: its beginning, and a sum that depends on every element and on its place."""
    config = {**watermark_config(n_vocab), "seeding_scheme": "lefthash"}
    tokens = ids(n_vocab, 1, 4)
    processor = hf.WatermarkLogitsProcessor(n_vocab, "cpu", **config)
    green = processor._get_greenlist_ids(torch.tensor(tokens)).numpy().astype(numpy.uint64)
    places = numpy.arange(1, len(green) + 1, dtype=numpy.uint64)
    return {
        "n_vocab": n_vocab,
        "config": config,
        "tokens": tokens,
        "n_green": len(green),
        "first": green[:5].tolist(),
        "sum": int((green * places).sum() % 2**32),
    }


# ---- the file --------------------------------------------------------------------------------------------------------


def write(path, lists):
    header = json.dumps(VERSIONS)[:-1]
    parts = []
    for name, cases in lists.items():
        parts.append(f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]")
    path.write_text(header + ",\n" + ",\n".join(parts) + "}\n", encoding="ascii")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="where processors.json goes")
    arguments = parser.parse_args()
    for module in (transformers, torch):
        if module.__version__.split("+")[0] != VERSIONS[module.__name__]:
            raise SystemExit(f"{module.__name__} {module.__version__}: needs {VERSIONS[module.__name__]}")
    transformers.logging.set_verbosity_error()
    lists = {
        "cases": [processor_case(name) for name in PROCESSORS for _ in range(CASES)],
        "detections": [detector_case() for _ in range(CASES)],
        "green_lists": [green_list_case(n) for n in (1, 2, 64, 49152, 59999, 60001, 151936) for _ in range(3)],
    }
    write(arguments.folder / "processors.json", lists)


if __name__ == "__main__":
    main()
