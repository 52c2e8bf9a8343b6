"""Runs in the environment of build/bench: python -m peers.worker ENGINE, job on standard input, figures as its last line.

ENGINE is a module here with load(job), which returns a function from a setting's options to one that writes so many
tokens, or to None where the engine has no such thing; or it is `prepare` or `judge` of weights.py.
"""
import importlib
import json
import sys
import time

from peers import each
from settings import SETTINGS


def measure(engine, job):
    writer = importlib.import_module(f"peers.{engine}").load(job)

    def step(name):
        write = writer(SETTINGS[name])
        if write is None:
            return None

        def seconds(length):
            begin = time.perf_counter()
            ids = write(length)
            assert len(ids) == length, f"{len(ids)} tokens, not {length}"
            return time.perf_counter() - begin, ids

        seconds(4)  # caches are made, the prompt is read
        first, _ = seconds(1)
        whole, ids = seconds(job["tokens"])
        return {"ms": 1000 * (whole - first) / (job["tokens"] - 1), "ids": [int(token) for token in ids]}

    return each(job["settings"], step)


def main(what):
    job = json.load(sys.stdin)
    if what in ("prepare", "judge"):
        answer = getattr(importlib.import_module("peers.weights"), what)(job)
    else:
        answer = measure(what, job)
    print("\n" + json.dumps(answer))  # the last line; libraries may have printed before


if __name__ == "__main__":
    main(*sys.argv[1:])
