#!/usr/bin/env python3
"""What speculation is worth: tokens a second with drafters over without, on the same file; docs/benchmarks/speculation.{md,json}.

    speculation.py [--only a,b,peers] [--repeats N] [--quick] [--isa avx2] [--json] [--out FOLDER]

Every way to write a text runs in turn, repeat after repeat, each a process of its own; all must write the same tokens, or
this ends with an error. Groups that are not measured keep what the files in FOLDER say of them, if they are of this machine.
"""
import argparse
import json
import os
import sys

import machine
import speculation_page
from contest import Contest, measure
from peers import ROOT, Unavailable, ask
from speculation_peers import measure_peers
from speculation_prompts import COPIES, HELD_OUT, PROSE, SCHEMAS, VERBATIM

MODELS = os.path.join(ROOT, "build", "models")
COMPANY = os.path.join(ROOT, "build", "release", "company_bench")
AUTO = ["--speculate", "auto"]
ALONE = {  # every drafter by itself
    "prompt_lookup": ["--drafter", "prompt_lookup"],
    "suffix": ["--drafter", "suffix"],
    "draft_model, the file itself in Q4_0": ["--assistant-model", "self:q4_0"],
    "draft_model, its lower half": ["--assistant-model", "self:15"],
    "early_exit, 20 layers": ["--assistant-early-exit", "20"],
}
FREE = ["--grammar", "root ::= [^~]*"]  # allows all prose
GREEDY, DRAWN = [], ["--temperature", "1", "--seed", "1"]


def file(name):
    return os.path.join(MODELS, name)


def contests(given):
    """Of all groups that are measured by decant run."""
    model, wide = given.model, given.isa in ("", "avx512") and "AVX-512" in machine.describe()
    copies = {"auto": AUTO}
    quantised = {"self:q8_0": ["--assistant-model", "self:q8_0"], "self:q4_0": ["--assistant-model", "self:q4_0"]}
    mixed = PROSE[:5] + COPIES[::6]
    return [
        Contest("a", "copies of the prompt", model, COPIES, copies, goal=1.7 if wide else 1.4),
        Contest("a", "copies, of prompts that nothing was tuned on", model, HELD_OUT, copies, goal=1.7 if wide else 1.4),
        Contest("a", "verbatim repetition", model, VERBATIM, copies, goal=4),
        Contest("a", "JSON under a strict schema", model, SCHEMAS, copies, goal=1.5),
        Contest("b", "prose and copies, F32", file("smollm2-f32.gguf"), mixed, quantised, goal={"self:q8_0": 1.5}),
        Contest("b", "prose and copies, F16", file("smollm2-f16.gguf"), mixed, quantised, goal=0.97),
        Contest("c", "prose and copies, padded to ten times the depth with layers that add nothing", file("padded.gguf"), mixed,
                {"smollm2-q4_0.gguf": ["--assistant-model", file("smollm2-q4_0.gguf")]}, goal=1.6),
        Contest("d", "prose, greedy", model, PROSE, {"auto": AUTO, **ALONE}, GREEDY, goal=0.97),
        Contest("d", "prose, drawn", model, PROSE, {"auto": AUTO, **ALONE}, DRAWN, goal=0.97),
        Contest("d", "prose under a grammar that allows all, drawn", model, PROSE, {"grammar": ["--drafter", "grammar"]}, [*DRAWN, *FREE],
                goal=0.97),
        Contest("e", "copies of the prompt", model, COPIES[::3], {"early_exit, 20 layers": ALONE["early_exit, 20 layers"]}, goal=0.97),
    ]


def company(given):
    """Eight requests at once, of which four speculate."""
    files = [each.path for each in COPIES[::8][:4] + PROSE[:4]]
    environment = {**os.environ, **({"DECANT_ISA": given.isa} if given.isa else {})}
    said, _ = ask(COMPANY, given.model, "speculate=auto", "4", str(given.repeats), "128", *files, env=environment)
    found = json.loads(said)
    ratios = [without / with_ for without, with_ in zip(found["without"], found["with"])]
    middle = speculation_page.median
    return [{"group": "f", "what": "eight requests at once, four of which copy and speculate", "way": "auto", "model": os.path.basename(given.model),
             "goal": 1, "ratio": middle(ratios), "low": min(ratios), "high": max(ratios), "whole": middle(ratios), "kept": None, "repeats": given.repeats, "tokens": 128,
             "prompts": [{"name": "all", "tokens": found["tokens"], "ratio": middle(ratios),
                          "ms": [1e3 * middle(found[way]) / found["tokens"] for way in ("without", "with")]}]}]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="a,b,c,d,e,f,peers", help="groups: a, b, c, d, e, f, peers")
    parser.add_argument("--model", default=file("smollm2-q4_0.gguf"), help="of all groups but b and c")
    parser.add_argument("--tokens", type=int, default=192, help="of a text, at most")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="every third prompt")
    parser.add_argument("--isa", default="", help="instead of the best instruction set: DECANT_ISA")
    parser.add_argument("--json", action="store_true", help="prints JSON instead of the page")
    parser.add_argument("--out", default=os.path.join(ROOT, "docs", "benchmarks"), help="folder of the page; '' writes none")
    given = parser.parse_args()
    given.only = given.only.split(",")
    unknown = set(given.only) - set("abcdef") - {"peers"}
    if unknown:
        parser.error(f"there is no group {unknown.pop()}: there are a, b, c, d, e, f and peers")
    return given


def say(words):
    print(f"speculation: {words}", file=sys.stderr, flush=True)


def all_rows(given):
    rows = []
    for contest in contests(given):
        if contest.group in given.only:
            say(f"{contest.group}: {contest.what}")
            rows += measure(contest, given)
    if "f" in given.only:
        say("f: eight requests at once")
        rows += company(given)
    return rows


def earlier(path, given):
    """The rows of other groups and the peers, as they were measured on this machine before."""
    try:
        with open(path, encoding="utf-8") as old:
            found = json.load(old)
    except FileNotFoundError:
        return [], []
    if found["machine"] != machine.describe() or found["isa"] != given.isa:
        return [], []
    return [row for row in found["rows"] if row["group"] not in given.only], [] if "peers" in given.only else found["peers"]


def main():
    given = arguments()
    stem = os.path.join(given.out, "speculation" + ("-" + given.isa if given.isa else ""))
    rows, peers = earlier(stem + ".json", given) if given.out else ([], [])
    try:
        with machine.Others() as others:
            rows += all_rows(given)
            if "peers" in given.only:
                peers = measure_peers(given, say)
    except Unavailable as why:
        sys.exit(f"speculation: {why}")
    if others.share > machine.QUIET:
        say(f"NOT VALID: others used {100 * others.share:.0f}% of the processors")
    rows.sort(key=lambda row: row["group"])
    found = {"machine": machine.describe(), "date": machine.today(), "isa": given.isa, "rows": rows, "peers": peers}
    page = speculation_page.page(found)
    if given.out:
        for name, content in ((".json", json.dumps(found, indent=1) + "\n"), (".md", page)):
            with open(stem + name, "w", encoding="utf-8") as out:
                out.write(content)
    print(json.dumps(found, indent=1) if given.json else page)


if __name__ == "__main__":
    main()
