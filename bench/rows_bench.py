#!/usr/bin/env python3
"""Our kernels against ggml's, for each model file: `decant bench rows --kernels on,off`, at a short and at a long context;
writes docs/benchmarks/rows.{md,json}.

    rows_bench.py [--rounds N] [--isa avx2] [--out FOLDER] MODEL.gguf...
"""
import argparse
import json
import os
import subprocess
import sys

import machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, "build", "release", "decant")
CASES = [{"context": 16, "rows": [1, 2, 4, 8, 16, 64], "prefill": [512]}, {"context": 2000, "rows": [1, 8, 16], "prefill": [2000]}]


AGAIN = {False: "`make bench-rows`", True: "`python3 bench/rows_bench.py --isa {isa} build/models/smollm2-q*.gguf`"}


def measure(model, case, rounds, environment):
    command = [PROGRAM, "bench", "rows", "-m", model, "--json", "--kernels", "on,off", "--rounds", str(rounds),
               "--context", str(case["context"]), "--rows", ",".join(map(str, case["rows"])),
               "--prefill", ",".join(map(str, case["prefill"]))]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def cell(times):
    return f"{times['on']:.3g} ({times['off'] / times['on']:.2f}x)"


def by_kernels(found, what, count):
    return {each["kernels"]: each["ms"] for each in found[what[0]] if each[what[1]] == count}


def page(results, rounds, isa):
    lines = ["# Rows: our kernels against ggml's", "",
             f"Milliseconds of one forward by our kernels{' (' + isa + ')' if isa else ''}, and how many times longer ggml's take;",
             f"medians of {rounds} rounds in turn in one process for each file and context. {machine.describe()}; {machine.today()}.",
             "The memory limit is a read of as many bytes as the weights have, in the same process: where it changes from file to",
             f"file, so has the machine. {AGAIN[bool(isa)].format(isa=isa)} measures it again.", ""]
    for i, case in enumerate(CASES):
        heads = [f"{n} row{'s' * (n > 1)}" for n in case["rows"]] + [f"prompt of {n}" for n in case["prefill"]]
        lines += [f"## {case['context']} tokens cached", "", "| | memory limit | " + " | ".join(heads) + " |", "|---" * (len(heads) + 2) + "|"]
        for name, found in results.items():
            each = found[i]
            cells = [cell(by_kernels(each, ("rows", "rows"), n)) for n in case["rows"]]
            cells += [cell(by_kernels(each, ("prefill", "tokens"), n)) for n in case["prefill"]]
            lines.append(f"| {name} | {each['memory']['ms']:.3g} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--isa", default="", help="instead of the best instruction set: DECANT_ISA")
    parser.add_argument("--out", default=os.path.join(ROOT, "docs", "benchmarks"))
    parser.add_argument("models", nargs="+")
    given = parser.parse_args()
    environment = {**os.environ, **({"DECANT_ISA": given.isa} if given.isa else {})}
    results = {}
    for model in given.models:
        name = os.path.splitext(os.path.basename(model))[0]
        print(f"rows: {name}", file=sys.stderr, flush=True)
        results[name] = [measure(model, case, given.rounds, environment) for case in CASES]
    stem = os.path.join(given.out, "rows" + ("-" + given.isa if given.isa else ""))
    with open(stem + ".json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    with open(stem + ".md", "w", encoding="utf-8") as file:
        file.write(page(results, given.rounds, given.isa))
    print(page(results, given.rounds, given.isa))


if __name__ == "__main__":
    main()
