#!/usr/bin/env python3
"""Contrastive search, contrastive decoding and DoLa beside greedy search and Hugging Face: milliseconds a token.

    contrast_bench.py PROGRAM MODEL.gguf [--rounds N] [--slow-rounds N] [--threads N]

One file, one prompt, 64 tokens whatever the end-of-sequence token says; every strategy in turn, round after round, as a
process of its own. Loading and the prompt do not count. Figures are medians over quiet rounds (beam_bench.py says what
that means). `amateur alone` is greedy search on the amateur that contrastive decoding has.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

from beam_bench import HERE, HOME, PROMPT, QUIET, TOKENS, Others, install, once, peer

SETTINGS = {
    "greedy": {},
    "contrastive search, k = 4": {"penalty_alpha": 0.6, "top_k": 4},
    "DoLa low": {"dola_layers": "low"},
    "DoLa high": {"dola_layers": "high"},
    "contrastive decoding, self:15": {"amateur": "self:15"},
}
SLOW = "Hugging Face F32"
ALONE = "amateur alone"


def decant(program, model, threads, options, command="run", extra=()):
    args = [program, command, "--json", "--no-chat-template", "--ignore-eos", "-m", model, "-n", str(TOKENS), "-t", str(threads)]
    for name, value in options.items():
        args += ["--" + name.replace("_", "-"), str(value)]
    answer = json.loads(subprocess.run([*args, *extra, "-p", PROMPT], stdout=subprocess.PIPE, check=True).stdout)
    if command == "compare":
        time = answer["prompts"][0]["texts"][0]["time"]
        return {"ms": 1000 * time["seconds"] / TOKENS}, None  # the prompt included
    return {"ms": 1000 * answer["stats"]["decode_s"] / (TOKENS - 1)}, answer["prompt_ids"]


def hugging_face(job):
    command = [os.path.join(HOME, "bin", "python"), os.path.join(HERE, "contrast_peers.py"), os.path.join(HOME, "weights")]
    environment = {**os.environ, "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(job["threads"])}
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"contrast_bench: Hugging Face failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def table(rounds):
    lines = ["| | ms a token | times greedy | Hugging Face, ms | times decant |", "|---|---|---|---|---|"]
    for name in [*SETTINGS, ALONE]:
        own = [each["decant"][name]["ms"] for each in rounds if name in each["decant"]]
        if not own:
            continue
        greedy = [each["decant"][name]["ms"] / each["decant"]["greedy"]["ms"] for each in rounds if name in each["decant"]]
        theirs = [(each[SLOW][name]["ms"], each["decant"][name]["ms"]) for each in rounds if name in each.get(SLOW, {})]
        slow = f"{statistics.median(a for a, _ in theirs):.0f} | {statistics.median(a / b for a, b in theirs):.1f}" if theirs else "- | -"
        lines.append(f"| {name} | {statistics.median(own):.1f} | {statistics.median(greedy):.2f} | {slow} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slow-rounds", type=int, default=2, help=f"rounds in which {SLOW} takes part")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    if given.slow_rounds:
        once("installed", install)
        once("prepared", lambda: peer("prepare", given.model), newer_than=given.model)

    rounds, quiet = [], []
    for i in range(given.rounds):
        current = {"decant": {}}
        with Others() as others:
            for name, options in SETTINGS.items():
                current["decant"][name], prompt = decant(given.program, given.model, given.threads, options)
            alone = ("--setting", "amateur")
            current["decant"][ALONE], _ = decant(given.program, given.model, given.threads, {"amateur": "self:15"}, "compare", alone)
        shares = [others.share]
        if i < given.slow_rounds:
            with Others() as others:
                current[SLOW] = hugging_face({"prompt": prompt, "threads": given.threads, "tokens": TOKENS, "settings": SETTINGS})
            shares.append(others.share)
        rounds.append(current)
        if max(shares) <= QUIET:
            quiet.append(current)
        print(f"round {i + 1}: others used up to {100 * max(shares):.0f}% of the processors", file=sys.stderr)
    if not quiet:
        print("NOT VALID: the machine was busy in every round.\n")
    print(f"{os.path.basename(given.model)}, {len(prompt)} + {TOKENS} tokens, {given.threads} threads, {len(quiet)} quiet rounds of {given.rounds}\n")
    print(table(quiet or rounds))


if __name__ == "__main__":
    main()
