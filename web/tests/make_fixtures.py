#!/usr/bin/env python3
"""Makes the data of the page's tests with the engine: make_fixtures.py DECANT MODEL (build/models/smollm2-f32.gguf).

    fixtures/settings.jsonl     one step under many settings: what the sliders must find from any of the others
    fixtures/two_runs.jsonl     one prompt, two settings
    fixtures/characters.jsonl   tokens that are parts of characters
    fixtures/answers.jsonl      three short answers, with tokens that stand for no text
    fixtures/contrast.jsonl     one prompt by contrastive search, contrastive decoding and DoLa
    fixtures/speculation.jsonl  guesses: looked up, by race; of a draft model, by rejection
    fixtures/comparison.jsonl   two prompts under four settings, one of which fails
    fixtures/sweep.jsonl        the data of a sweep's page: two prompts over three options
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).parent / "fixtures"

SETTINGS = [
    "--temperature 1 --top-k 0",
    "--temperature 0.3 --top-k 0",
    "--temperature 1.7 --top-k 40",
    "--temperature 0.8 --top-k 10",
    "--temperature 1 --top-k 0 --top-p 0.5",
    "--temperature 0.6 --top-k 50 --top-p 0.9",
    "--temperature 1.3 --top-k 0 --min-p 0.1",
    "--temperature 1 --top-k 0 --typical-p 0.3",
    "--temperature 0.7 --top-k 30 --top-p 0.95 --min-p 0.05 --typical-p 0.8",
    "--temperature 0.9 --top-k 20 --top-p 0.8 --repetition-penalty 1.3",
]

CONTRASTS = {
    "contrastive search": "--penalty-alpha 0.6 --top-k 4",
    "contrastive decoding": "--amateur self:q4_0",
    "DoLa": "--dola-layers low --repetition-penalty 1.2",
}


GUESSES = "--num-assistant-tokens-schedule constant --trace-top 8 -n 32"
SPEECH = "The cat sat on the mat. The dog sat on the mat. The cat sat on the"


def run(decant, model, prompt, options, label=None, chat=False):
    command = [decant, "run", "-m", model, "-t", "1", "--jsonl", "-p", prompt, *options.split()]
    if not chat:
        command.append("--no-chat-template")
    lines = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout.splitlines()
    records = [json.loads(line) for line in lines]
    if label is not None:
        records[0]["run"]["label"] = label
    return records


def save(name, records):
    for i, record in enumerate(records):
        record["seconds"] = round(0.05 + 0.02 * i, 6)  # the one field that would differ every time
    save_lines(name, records)


SIDE_BY_SIDE = ["-t", "1", "--no-chat-template", "--quiet", "--ignore-eos"]
PROMPTS = "The lighthouse keeper\nA cat is a cat is a\n"
COLUMNS = ["greedy:", "beams: num_beams=3", "sampled: temperature=1.2 seed=3", "impossible: allowed_token_ids=5 suppress_tokens=5"]
GRID = ["penalty_alpha=0.1,0.5,0.9", "top_k=2,5", "repetition_penalty=1,1.2"]


def save_comparison(name, decant, model, folder):
    settings = [part for each in COLUMNS for part in ("--setting", each)]
    command = [decant, "compare", "-m", model, *SIDE_BY_SIDE, "-n", "40", "--prompts", f"{folder}/prompts", *settings, "--json", "--seed", "1"]
    result = json.loads(subprocess.run(command, capture_output=True, encoding="utf-8").stdout)  # one setting fails
    for each in result["settings"] + [text for prompt in result["prompts"] for text in prompt["texts"]]:
        if "time" in each:
            each["time"] = {"seconds": 2, "tokens_per_second": 20}
    save_lines(name, [result])


def save_sweep(name, decant, model, folder):
    grid = [part for each in GRID for part in ("--grid", each)]
    page = f"{folder}/sweep.html"
    command = [decant, "sweep", "-m", model, *SIDE_BY_SIDE, "-n", "12", "--prompts", f"{folder}/prompts", *grid, "--out", f"{folder}/sweep.jsonl", "--html", page]
    subprocess.run(command, check=True, capture_output=True)
    data = re.search('id="data">(.*?)</script>', pathlib.Path(page).read_text(encoding="utf-8"), re.DOTALL)[1]
    lines = [json.loads(line) for line in data.splitlines()]
    for each in lines:
        if "means" in each:
            each["means"][-2:] = [2, 6]
        if "time" in each:
            each["time"] = {"seconds": 2, "tokens_per_second": 6}
    save_lines(name, lines)


def save_lines(name, lines):
    with open(FOLDER / name, "w", encoding="utf-8") as out:
        for line in lines:
            print(json.dumps(line, ensure_ascii=False, separators=(",", ":")), file=out)


def main(decant, model):
    def go(*arguments, **more):
        return run(decant, model, *arguments, **more)

    prompt = "The old lighthouse keeper looked at"
    save("settings.jsonl", [r for s in SETTINGS for r in go(prompt, s + " --seed 1 -n 1 --trace-top 80", s)])
    save("two_runs.jsonl",
         go("The lighthouse keeper", "--temperature 0.8 --top-p 0.9 --seed 3 -n 32", "careful")
         + go("The lighthouse keeper", "--temperature 1.3 --top-k 0 --min-p 0.05 --seed 3 -n 32", "daring"))
    save("characters.jsonl", go("①②③ 😀🎉 你好，世界。こんにちは、", "--temperature 0.9 --seed 5 -n 14 --trace-top 32"))
    save("answers.jsonl", go("Name a colour. One word only.",
                             "--temperature 1 --seed 2 -n 12 --num-return-sequences 3 --trace-top 32", chat=True))
    save("races.jsonl",
         go(prompt, "--temperature 0.9 --top-k 20 --seed 4 -n 16 --trace-top 24", "warm")
         + go(prompt, "--temperature 1.6 --top-k 20 --seed 4 -n 1 --trace-top 24", "hot"))
    save("contrast.jsonl", [r for label, s in CONTRASTS.items()
                            for r in go(prompt, s + " --seed 1 -n 6 --trace-top 8", label)])
    save("speculation.jsonl",
         go(SPEECH, "--prompt-lookup-num-tokens 6 " + GUESSES, "looked up")
         + go("The lighthouse keeper", "--assistant-model self:q4_0 --verify rejection --temperature 1 --seed 1 " + GUESSES, "draft model"))
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "prompts").write_text(PROMPTS, encoding="utf-8")
        save_comparison("comparison.jsonl", decant, model, folder)
        save_sweep("sweep.jsonl", decant, model, folder)


main(*sys.argv[1:])
