#!/usr/bin/env python3
"""decant and its peers on the same file, in turn, several rounds; writes docs/benchmarks/peers.{md,json} and two plots.

At first use the peers are brought into build/bench (set_up.sh). One that cannot be had is a line on the page. A round in
which others used more than 4% of the processors beside an engine does not count for it: close other programs first.
"""
import argparse
import json
import os
import sys

import machine
import plot
import table
from peers import HOME, ROOT, Unavailable
from peers.decant import Decant
from peers.in_python import InPython, work
from peers.llama_cpp import LlamaCpp
from settings import CONTEXT, PROMPT, ROWS, SETTINGS, STRATEGIES, TOKENS

PEERS = {
    "decant": Decant("decant", kernels="auto"),
    "decant-ggml": Decant("decant, ggml's kernels", kernels="off"),
    "llama.cpp": LlamaCpp(),
    "openvino": InPython("OpenVINO GenAI", "openvino", backend="PA"),
    "openvino-sdpa": InPython("OpenVINO GenAI, SDPA", "openvino", backend="SDPA"),
    "ctranslate2": InPython("CTranslate2 int8", "ctranslate2"),
    "hugging_face": InPython("Hugging Face F32", "hugging_face"),
}
SLOW = "hugging_face"
UNASKED = {"decant-ggml"}  # part of a run only when named
WEIGHTS = ("decant, llama.cpp and OpenVINO GenAI read the file; CTranslate2 has the same weights rounded to int8, Hugging Face\n"
           "in F32. OpenVINO GenAI has two kinds of attention, paged (its default) and SDPA.")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=os.path.join(ROOT, "build", "models", "smollm2-q4_0.gguf"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rounds", type=int, default=1, help=f"rounds in which {SLOW} takes part")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--peers", default=",".join(name for name in PEERS if name not in UNASKED),
                        help=f"of {', '.join(PEERS)}; decant is always among them")
    parser.add_argument("--settings", default=";".join(SETTINGS), help="separated by semicolons")
    parser.add_argument("--out", default=os.path.join(ROOT, "docs", "benchmarks"), help="folder of the page")
    parser.add_argument("--texts", action="store_true", help="also prints the texts, and their likelihood under the F32 weights")
    given = parser.parse_args()
    given.peers = list(dict.fromkeys(["decant", *given.peers.split(",")]))
    given.settings = [name.strip() for name in given.settings.split(";")]
    for kind, names, known in (("peer", given.peers, PEERS), ("setting", given.settings, SETTINGS)):
        unknown = [name for name in names if name not in known]
        if unknown:
            parser.error(f"there is no {kind} {unknown[0]}: there are {', '.join(known)}")
    if given.rounds < 1 or given.tokens < 2:
        parser.error("a round and two tokens are the least")
    return given


def say(words):
    print(f"bench: {words}", file=sys.stderr, flush=True)


def bring(names, job):
    """What is there, and what not: {title: why}."""
    there, missing = [], {}
    for name in names:
        say(f"preparing {PEERS[name].title}")
        try:
            PEERS[name].prepare(job)
            there.append(name)
        except (Unavailable, OSError) as why:
            if name == "decant":
                sys.exit(f"bench: decant does not run: {why}")
            missing[PEERS[name].title] = str(why)
    return there, missing


def measure(given, job, there, missing):
    rounds = []
    for i in range(given.rounds):
        rounds.append({})
        for name in list(there):
            if name == SLOW and i >= given.slow_rounds:
                continue
            title = PEERS[name].title
            try:
                with machine.Others() as others:
                    found = PEERS[name].measure(given.settings, job)
            except Unavailable as why:
                if name == "decant":
                    sys.exit(f"bench: decant does not run: {why}")
                there.remove(name)
                missing[title] = str(why)
                say(f"{title} is not available: {why}")
                continue
            rounds[-1][name] = {"share": others.share, "settings": found}
            busy = f", others used {100 * others.share:.0f}% of the processors" if others.share > machine.QUIET else ""
            say(f"round {i + 1} of {given.rounds}: {title}, {others.wall:.0f} s{busy}")
    return rounds


def write(folder, name, content):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(content)


def draw(figures, folder):
    limit = figures.ms("decant", "memory")

    def series(names, key=lambda name: name):
        return {figures.titles[engine]: {key(name): figures.ms(engine, name) for name in names if figures.ms(engine, name)}
                for engine in figures.engines(names)}

    strategies = series(STRATEGIES)
    if strategies:
        names = [name for name in STRATEGIES if any(name in each for each in strategies.values())]
        write(folder, "peers-strategies.svg", plot.dots(names, strategies, limit, "milliseconds a step"))
    rows = series(ROWS, lambda name: ROWS[name]["rows"])
    if rows:
        write(folder, "peers-rows.svg", plot.lines(rows, limit, "rows of a forward", "ms"))


def print_texts(rounds, job):
    texts = {f"{name}: {PEERS[engine].title}": step["ids"] for engine, part in rounds[0].items()
             for name, step in part["settings"].items() if "ids" in step}
    for name, judged in sorted(work("judge", {**job, "texts": texts}).items()):
        print(f"{name:50} {judged['mean']:7.3f} {judged['text']!r}")


def main():
    given = arguments()
    stem = os.path.splitext(os.path.basename(given.model))[0]
    job = {"model": os.path.abspath(given.model), "weights": os.path.join(HOME, "weights", stem), "threads": given.threads,
           "tokens": given.tokens, "text": PROMPT}
    there, missing = bring(given.peers, job)
    rounds = measure(given, job, there, missing)
    figures = table.Figures(rounds, {name: PEERS[name].title for name in given.peers})
    facts = {"model": os.path.basename(given.model), "threads": given.threads, "tokens": given.tokens, "context": CONTEXT,
             "prompt_tokens": len(job["prompt"]), "machine": machine.describe(), "date": machine.today(), "weights": WEIGHTS}
    os.makedirs(given.out, exist_ok=True)
    draw(figures, given.out)
    write(given.out, "peers.json", json.dumps(table.as_json(figures, facts, missing), indent=1) + "\n")
    page = table.page(figures, facts, missing)
    write(given.out, "peers.md", page)
    print(page)
    if given.texts:
        print_texts(rounds, job)


if __name__ == "__main__":
    main()
