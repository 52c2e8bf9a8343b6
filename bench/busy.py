#!/usr/bin/env python3
"""Milliseconds a token beside other programs that compute, for numbers of threads in turn.

    busy.py [--busy 0,1,2,4,8] [--rounds N] [--tokens N] [--ggml] [--peer PROGRAM] [--old PROGRAM] [MODEL.gguf...]

In every round, beside the same busy programs (started and ended by this script, each a session of its own as another
user's would be): the default number of threads, -t 1 and all CPUs with ggml's own threads and kernels; then two
programs at once, both by default. Ratios are within a round, figures are their medians.
--peer: llama.cpp's llama-bench, on the same load. --old: another decant, with its defaults.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

import machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, "build", "release", "decant")
PROMPT = "The lighthouse keeper wrote about the storm that came"
MODELS = [os.path.join(ROOT, "build", "models", name) for name in ("smollm2-q8_0.gguf", "micro.gguf")]


# Ends by itself when this script is gone, however it went.
COMPUTE = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    for _ in range(1000000): pass"


class Busy:
    """So many single-threaded programs that compute, for as long as a `with` lasts."""

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        self.programs = [subprocess.Popen([sys.executable, "-c", COMPUTE], start_new_session=True)
                         for _ in range(self.count)]

    def __exit__(self, *_):
        for program in self.programs:
            program.kill()
            program.wait()


def start(program, model, tokens, *options):
    command = [program, "run", "--no-chat-template", "--json", "--ignore-eos", "-n", str(tokens), *options, PROMPT]
    if model:
        command[2:2] = ["-m", model]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def milliseconds(process):
    answer = json.loads(process.communicate()[0])["stats"]
    return 1e3 * answer["decode_s"] / answer["new_tokens"]


def llama_bench(program, model, tokens):
    command = [program, "-m", model, "-p", "0", "-n", str(tokens), "-r", "1", "-o", "json", "-fa", "1"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]["avg_ns"] / tokens / 1e6


def one_round(given, model, turn):
    ways = {"default": lambda: milliseconds(start(PROGRAM, model, given.tokens)),
            "-t 1": lambda: milliseconds(start(PROGRAM, model, given.tokens, "-t", "1"))}
    if given.ggml:
        ways["ggml's"] = lambda: milliseconds(start(PROGRAM, model, given.tokens, "--kernels", "off"))
    if given.old:
        ways["old"] = lambda: milliseconds(start(given.old, model, given.tokens))
    if given.peer and model:
        ways["llama.cpp"] = lambda: llama_bench(given.peer, model, given.tokens)
    names = list(ways)
    names = names[turn % len(names):] + names[:turn % len(names)]
    times = {name: ways[name]() for name in names}
    both = [start(PROGRAM, model, given.tokens) for _ in range(2)]
    times["two at once"] = max(milliseconds(each) for each in both)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busy", default="0,1,2,4,8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--ggml", action="store_true", help="also all CPUs with ggml's kernels")
    parser.add_argument("--peer", help="llama.cpp's llama-bench")
    parser.add_argument("--old", help="another decant")
    parser.add_argument("models", nargs="*", default=["", *MODELS], help="'' is the default model")
    given = parser.parse_args()
    print(f"{machine.describe()}; medians of {given.rounds} rounds, ms a token (times the default's)")
    for model in given.models:
        for count in map(int, given.busy.split(",")):
            with Busy(count):
                rounds = [one_round(given, model, turn) for turn in range(given.rounds)]
            name = os.path.basename(model) or "default model"
            row = {way: statistics.median(each[way] for each in rounds) for way in rounds[0]}
            over = {way: statistics.median(each[way] / each["default"] for each in rounds) for way in rounds[0]}
            print(f"{name:20s} beside {count}: " + ", ".join(f"{way} {row[way]:.2f} ({over[way]:.2f})" for way in row), flush=True)


if __name__ == "__main__":
    main()
