"""The copies of speculation.py by decant, llama.cpp's llama-lookup and OpenVINO GenAI's prompt lookup, in turn."""
import json
import os
from statistics import median

from contest import Contest, a_token, write
from peers import BENCH, HOME, Unavailable, ask
from peers.in_python import set_up
from peers.llama_cpp import LlamaCpp
from speculation_prompts import COPIES

MOST = 10  # tokens looked up at a time
DECANT = {"decant, auto": ["--speculate", "auto"], "decant, prompt lookup": ["--prompt-lookup-num-tokens", str(MOST)]}


def by_decant(given, prompts, options):
    contest = Contest("", "", given.model, prompts, {})
    times = []
    for prompt in prompts:
        written = write(contest, prompt, options, given)
        times.append((a_token(written), len(written.ids)))
    return times


def by_llama_cpp(job, prompts, most):
    llama = LlamaCpp()
    return [llama.drafted({**job, "text": prompt.text, "tokens": tokens}, "llama-lookup", "--spec-draft-n-max", str(most))["ms"] / 1e3
            for prompt, tokens in zip(prompts, job["lengths"])]


def by_openvino(job, prompts, most):
    texts = [{"text": prompt.text, "tokens": tokens} for prompt, tokens in zip(prompts, job["lengths"])]
    python = os.path.join(HOME, "bin", "python")
    said, _ = ask(python, "-m", "peers.lookup", input=json.dumps({**job, "lookup": most, "texts": texts}), cwd=BENCH)
    return json.loads(said.splitlines()[-1])


def row(title, without, with_, decants):
    return {"title": title, "without": 1e3 * median(without), "with": 1e3 * median(with_),
            "ratio": median(one / two for one, two in zip(without, with_)),
            "times_decant": median(its / own for its, own in zip(with_, decants))}


def measure_peers(given, say):
    prompts = [prompt for prompt in COPIES if "--stop" in prompt.options]
    prompts = prompts[::3] if given.quick else prompts
    say("peers: decant")
    plain = by_decant(given, prompts, [])
    found = {title: [seconds for seconds, _ in by_decant(given, prompts, options)] for title, options in DECANT.items()}
    without, decants = [seconds for seconds, _ in plain], found["decant, auto"]
    rows = [row(title, without, with_, decants) for title, with_ in found.items()]
    job = {"model": os.path.abspath(given.model), "threads": os.cpu_count(), "lengths": [tokens for _, tokens in plain]}
    for title, needs, ask_peer in (("llama.cpp, llama-lookup", "llama.cpp", by_llama_cpp), ("OpenVINO GenAI, prompt lookup", "python", by_openvino)):
        say(f"peers: {title}")
        try:
            set_up(needs)
            rows.append(row(title, ask_peer(job, prompts, 0), ask_peer(job, prompts, MOST), decants))
        except Unavailable as why:
            rows.append({"title": title, "failed": str(why)})
    return rows
