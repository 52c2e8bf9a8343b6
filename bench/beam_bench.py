#!/usr/bin/env python3
"""Beam search of decant against its peers: milliseconds a step, and how many times decant's, as a Markdown table.

One GGUF file, one prompt, 64 tokens whatever the end-of-sequence token says, greedy and beams, the engines in turn,
round after round. Each starts as a process of its own and times itself; loading and the prompt do not count. A step is
one evaluation of all beams and the choice among their continuations. Figures are medians over rounds; a ratio is the
median of the rounds' ratios. Threads of most engines spin while they wait, so that another busy program makes them many
times slower, each by another factor: a round in which others used more than 4% of the processors beside any engine does
not count.
At first use the peers are installed in build/bench, about 1.5 GB (more where torch brings CUDA along).
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import venv

PROMPT = (
    "The lighthouse keeper wrote in his log every evening, and one stormy night in late November he saw a light "
    "that he could not explain, far out"
)
TOKENS = 64
SETTINGS = {"greedy": (1, 1), "4 beams": (4, 1), "8 beams": (8, 1), "16 beams": (16, 1), "6 in 3 groups": (6, 3)}
# transformers 4.55.4 is the last with diverse beam search in its own tree.
PACKAGES = """openvino-genai==2026.4.1.0 ctranslate2==4.8.5
              transformers==4.55.4 torch==2.13.0 gguf==0.19.0 accelerate==1.15.0"""
QUIET = 0.04  # of the processors' time, used by others
SLOW = "Hugging Face F32"
PEERS = ["OpenVINO GenAI, paged", "OpenVINO GenAI, SDPA", "CTranslate2 int8", SLOW]
HERE = os.path.dirname(os.path.abspath(__file__))
HOME = os.path.join(os.path.dirname(HERE), "build", "bench")


class Others:
    """The share of all processors' time that went to other programs; what is waited for with subprocess is ours."""

    def __enter__(self):
        self.begin = self.now()
        return self

    def __exit__(self, *_):
        busy, ours, wall = (now - then for now, then in zip(self.now(), self.begin))
        self.share = max(0.0, (busy - ours) / (wall * os.cpu_count()))

    @staticmethod
    def now():
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(value) for value in file.readline().split()[1:9]]
        busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and waiting for a disk
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return busy, sum(each.ru_utime + each.ru_stime for each in used), time.monotonic()


def once(name, make, newer_than=None):
    stamp = os.path.join(HOME, name)
    if not os.path.exists(stamp) or (newer_than and os.path.getmtime(stamp) < os.path.getmtime(newer_than)):
        make()
        open(stamp, "w").close()


def install():
    print("installing the peers in build/bench", file=sys.stderr)
    venv.create(HOME, with_pip=True)
    subprocess.run([os.path.join(HOME, "bin", "pip"), "install", "--quiet", *PACKAGES.split()], check=True)


def peer(what, model, job=None):
    python, weights = os.path.join(HOME, "bin", "python"), os.path.join(HOME, "weights")
    command = [python, os.path.join(HERE, "beam_peers.py"), what, model, weights]
    environment = {**os.environ, "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}
    if job:
        environment["OMP_NUM_THREADS"] = str(job["threads"])
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"beam_bench: {what} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1]) if job else None


def decant_run(program, model, threads, beams, groups):
    command = [program, "run", "--json", "--no-chat-template", "--ignore-eos", "-m", model]
    command += ["-n", str(TOKENS), "-t", str(threads), "--num-beams", str(beams)]
    if groups > 1:
        command += ["--num-beam-groups", str(groups), "--diversity-penalty", "1"]
    answer = json.loads(subprocess.run([*command, "-p", PROMPT], stdout=subprocess.PIPE, check=True).stdout)
    assert answer["stats"]["new_tokens"] == TOKENS, answer["stats"]
    # The first token comes with the prompt; TOKENS - 1 steps are left.
    step = {"ms": 1000 * answer["stats"]["decode_s"] / (TOKENS - 1), "ids": answer["sequences"][0]["ids"]}
    return step, answer["prompt_ids"]


def table(rounds):
    engines = {engine: True for each in rounds for engine in each}
    lines = ["| ms a step | " + " | ".join(SETTINGS) + " |", "|---" * (len(SETTINGS) + 1) + "|"]
    for engine in engines:
        cells = []
        for name in SETTINGS:
            with_it = [each for each in rounds if name in each.get(engine, {})]
            both = [(each[engine][name]["ms"], each["decant"][name]["ms"]) for each in with_it]
            if not both:
                cells.append("-")
                continue
            ratio = "" if engine == "decant" else f" ({statistics.median(theirs / ours for theirs, ours in both):.2f}x)"
            cells.append(f"{statistics.median(theirs for theirs, _ in both):.1f}{ratio}")
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slow-rounds", type=int, default=2, help=f"quiet rounds in which {SLOW} takes part")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", action="store_true", help="also the texts, and their scores under the F32 weights")
    given = parser.parse_args()
    once("installed", install)
    once("prepared", lambda: peer("prepare", given.model), newer_than=given.model)

    rounds, quiet = [], []
    for i in range(given.rounds):
        current = {"decant": {}}
        with Others() as others:
            for name, (beams, groups) in SETTINGS.items():
                current["decant"][name], prompt = decant_run(given.program, given.model, given.threads, beams, groups)
        shares = [others.share]
        job = {"prompt": prompt, "threads": given.threads, "tokens": TOKENS, "settings": SETTINGS}
        for engine in PEERS:
            if engine == SLOW and sum(SLOW in each for each in quiet) >= given.slow_rounds:
                continue
            with Others() as others:
                current[engine] = peer(engine, given.model, job)
            shares.append(others.share)
        rounds.append(current)
        if max(shares) <= QUIET:
            quiet.append(current)
        print(f"round {i + 1}: others used up to {100 * max(shares):.0f}% of the processors", file=sys.stderr)

    if not quiet:
        print("NOT VALID: the machine was busy in every round; these figures say nothing about the engines.\n")
    print(f"{os.path.basename(given.model)}, {len(prompt)} + {TOKENS} tokens, {given.threads} threads, ", end="")
    print(f"{len(quiet)} quiet rounds of {given.rounds}\n")
    print(table(quiet or rounds))
    if given.texts:
        first = rounds[0].items()
        texts = {f"{name}: {engine}": step["ids"] for engine, steps in first for name, step in steps.items()}
        judged = peer("judge", given.model, {**job, "texts": texts})
        print("\nMean log-probability of a token under the F32 weights, and the text:\n")
        for name in sorted(judged, key=lambda name: list(SETTINGS).index(name.split(":")[0])):
            print(f"{name:36} {judged[name]['mean']:7.3f} {judged[name]['text']!r}")


if __name__ == "__main__":
    main()
