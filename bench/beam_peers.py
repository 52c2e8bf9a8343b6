#!/usr/bin/env python3
"""The engines that decant's beam search is compared with; beam_bench.py starts this in an environment of its own.

    beam_peers.py prepare MODEL.gguf FOLDER   the same weights for Hugging Face (F32) and CTranslate2 (int8)
    beam_peers.py ENGINE MODEL.gguf FOLDER    job on standard input, {setting: {ms, ids}} on standard output
    beam_peers.py judge MODEL.gguf FOLDER     {name: ids}: mean log-probability under the F32 weights, and the text

A job is {"prompt": ids, "threads": n, "tokens": n, "settings": {name: [beams, groups]}}. All engines get the same ids
and write the same number of tokens, whatever the end-of-sequence token says. What is reported is the time of a step:
that of the whole text less that of its first token, so neither loading nor the prompt counts.
"""
import json
import os
import sys
import time


def prepare(model, folder):
    import ctranslate2
    import transformers

    f32 = os.path.join(folder, "f32")
    where = {"pretrained_model_name_or_path": os.path.dirname(model) or ".", "gguf_file": os.path.basename(model)}
    transformers.AutoTokenizer.from_pretrained(**where).save_pretrained(f32)
    transformers.AutoModelForCausalLM.from_pretrained(**where, torch_dtype="float32").save_pretrained(f32)

    class Converter(ctranslate2.converters.TransformersConverter):
        # It asks for "dtype", which transformers before 4.56 does not know.
        def load_model(self, model_class, path, dtype=None, **options):
            return model_class.from_pretrained(path, torch_dtype=dtype, **options)

    Converter(f32).convert(os.path.join(folder, "int8"), quantization="int8", force=True)


def open_vino(model, _, job, backend):
    import numpy
    import openvino
    import openvino_genai

    pipeline = openvino_genai.LLMPipeline(model, "CPU", ATTENTION_BACKEND=backend, INFERENCE_NUM_THREADS=job["threads"])
    ids = numpy.array([job["prompt"]], dtype=numpy.int64)
    prompt = openvino_genai.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))

    def generate(beams, groups, tokens):
        config = openvino_genai.GenerationConfig(max_new_tokens=tokens, ignore_eos=True, num_return_sequences=1)
        config.num_beams = beams
        if groups > 1:
            config.num_beam_groups, config.diversity_penalty = groups, 1.0
        return pipeline.generate(prompt, config).tokens[0]

    return generate


def ctranslate2_int8(_, folder, job):
    import ctranslate2

    int8 = os.path.join(folder, "int8")
    generator = ctranslate2.Generator(int8, compute_type="int8", inter_threads=1, intra_threads=job["threads"])
    with open(os.path.join(int8, "vocabulary.json"), encoding="utf-8") as file:
        vocabulary = json.load(file)
    prompt = [vocabulary[token] for token in job["prompt"]]

    def generate(beams, groups, tokens):
        if groups > 1:
            return None  # it has no groups
        options = {"beam_size": beams, "max_length": tokens, "min_length": tokens}
        return generator.generate_batch([prompt], include_prompt_in_result=False, **options)[0].sequences_ids[0]

    return generate


def load_f32(folder):
    import transformers

    return transformers.AutoModelForCausalLM.from_pretrained(os.path.join(folder, "f32"), torch_dtype="float32")


def hugging_face(_, folder, job):
    import torch

    torch.set_num_threads(job["threads"])
    network = load_f32(folder)
    network.generation_config.eos_token_id = None
    prompt = torch.tensor([job["prompt"]])
    options = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "pad_token_id": 0}

    def generate(beams, groups, tokens):
        diverse = {"num_beam_groups": groups, "diversity_penalty": 1.0} if groups > 1 else {}
        texts = network.generate(prompt, num_beams=beams, max_new_tokens=tokens, **diverse, **options)
        return texts[0, prompt.shape[1] :].tolist()

    return generate


ENGINES = {
    "OpenVINO GenAI, paged": lambda *given: open_vino(*given, "PA"),
    "OpenVINO GenAI, SDPA": lambda *given: open_vino(*given, "SDPA"),
    "CTranslate2 int8": ctranslate2_int8,
    "Hugging Face F32": hugging_face,
}


def measure(engine, model, folder, job):
    generate = ENGINES[engine](model, folder, job)
    tokens = job["tokens"]

    def seconds(beams, groups, length):
        begin = time.perf_counter()
        ids = generate(beams, groups, length)
        assert ids is None or len(ids) == length, f"{engine} wrote {len(ids)} tokens, not {length}"
        return time.perf_counter() - begin, ids

    answer = {}
    for name, (beams, groups) in job["settings"].items():
        seconds(beams, groups, 4)  # caches are made, the prompt is read
        first, _ = seconds(beams, groups, 1)
        whole, ids = seconds(beams, groups, tokens)
        if ids is not None:
            answer[name] = {"ms": 1000 * (whole - first) / (tokens - 1), "ids": ids}
    return answer


def judge(folder, job):
    import tokenizers
    import torch

    network = load_f32(folder)
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(folder, "f32", "tokenizer.json"))
    prompt, answer = job["prompt"], {}
    for name, ids in job["texts"].items():
        with torch.no_grad():
            logits = network(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1]
        chosen = logits.log_softmax(-1)[range(len(ids)), ids]
        answer[name] = {"mean": chosen.mean().item(), "text": tokenizer.decode(ids)}
    return answer


def main(what, model, folder):
    if what == "prepare":
        return prepare(model, folder)
    job = json.load(sys.stdin)
    answer = judge(folder, job) if what == "judge" else measure(what, model, folder, job)
    print("\n" + json.dumps(answer))  # the last line; libraries may have printed before
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
