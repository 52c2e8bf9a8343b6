"""CTranslate2 with the weights rounded to int8: greedy and beams (worker.py)."""
import json
import os

import ctranslate2


def load(job):
    int8 = os.path.join(job["weights"], "int8")
    generator = ctranslate2.Generator(int8, compute_type="int8", inter_threads=1, intra_threads=job["threads"])
    with open(os.path.join(int8, "vocabulary.json"), encoding="utf-8") as file:
        vocabulary = json.load(file)
    prompt = [vocabulary[token] for token in job["prompt"]]

    def writer(setting):
        if set(setting) - {"num_beams"}:
            return None
        beams = setting.get("num_beams", 1)

        def write(tokens):
            options = {"beam_size": beams, "max_length": tokens, "min_length": tokens}
            return generator.generate_batch([prompt], include_prompt_in_result=False, **options)[0].sequences_ids[0]

        return write

    return writer
