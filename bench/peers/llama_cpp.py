"""llama.cpp's own tools, built from the source that decant's libllama comes from.

    greedy, sampling, requests   llama-server, by what it says of its own timing
    prompt lookup, speculative   llama-lookup, llama-speculative-simple
    rows, prompts                llama-batched-bench
"""
import concurrent.futures
import contextlib
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

from peers import HOME, Unavailable, ask, each, half_of
from peers.in_python import prepare_weights, set_up
from settings import CONTEXT, FORWARDS, SETTINGS

BIN = os.path.join(HOME, "llama.cpp", "bin")
SERVED = {"temperature", "top_p", "top_k", "num_return_sequences"}
PATIENCE = 60  # seconds for the server to come up


def tool(name, *args):
    return "\n".join(ask(os.path.join(BIN, name), *args, stdin=subprocess.DEVNULL))


class Server:
    """llama-server with some slots, for as long as a `with` lasts."""

    def __init__(self, job, slots):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.command = [os.path.join(BIN, "llama-server"), "-m", job["model"], "-t", str(job["threads"]), "--port",
                        self.address.rsplit(":", 1)[1], "-np", str(slots), "-c", str(256 * slots), "--no-webui", "--log-disable"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        while time.monotonic() - begin < PATIENCE and self.process.poll() is None:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(self.address + "/health", timeout=PATIENCE).close()
                return self
            time.sleep(0.05)
        self.__exit__()
        raise Unavailable("llama-server did not come up")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def complete(self, job, tokens, **options):
        body = {"prompt": job["prompt"], "n_predict": tokens, "ignore_eos": True, "cache_prompt": False, "return_tokens": True, **options}
        request = urllib.request.Request(self.address + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


class LlamaCpp:
    title = "llama.cpp"

    def prepare(self, job):
        set_up("llama.cpp")
        with contextlib.suppress(Unavailable):  # the lower half as draft model
            set_up("python")
            prepare_weights(job)

    def served(self, options, job):
        options, requests = dict(options), options.get("num_return_sequences", 1)
        options.pop("num_return_sequences", None)
        sampling = options or {"temperature": 0}
        with Server(job, requests) as server, concurrent.futures.ThreadPoolExecutor(requests) as pool:
            server.complete(job, 4)
            answers = list(pool.map(lambda seed: server.complete(job, job["tokens"], seed=seed, **sampling), range(requests)))
        steps = [each["timings"]["predicted_ms"] / (each["timings"]["predicted_n"] - 1) for each in answers]
        return {"ms": sum(steps) / requests, "ids": answers[0]["tokens"]}

    def drafted(self, job, name, *args):
        common = ["-m", job["model"], "-t", str(job["threads"]), "-n", str(job["tokens"]), "-c", "512", "--temp", "0", "--ignore-eos"]
        said = tool(name, *common, "-p", job["text"], *args)
        found = re.search(r"decoded +(\d+) tokens in +([\d.]+) seconds", said)
        if not found:
            raise Unavailable(f"{name} does not say how long it took")
        tokens, seconds = found.groups()
        counts = {each: int(value) for each, value in re.findall(r"(n_drafted|n_accept) += (\d+)", said)}
        return {"ms": 1000 * float(seconds) / int(tokens), **counts}

    def forwards(self, names, job):
        answer = {}
        common = ["-m", job["model"], "-t", str(job["threads"]), "-c", "2048", "-pps", "-kvu", "--output-format", "jsonl"]
        rows = {FORWARDS[name]["rows"]: name for name in names if "rows" in FORWARDS[name]}
        calls = [["-npp", str(CONTEXT), "-ntg", "32", "-npl", ",".join(map(str, rows))]] if rows else []
        prefills = {FORWARDS[name]["prefill"]: name for name in names if "prefill" in FORWARDS[name]}
        calls += [["-npp", str(tokens), "-ntg", "1", "-npl", "1"] for tokens in prefills]
        for call in calls:
            for line in tool("llama-batched-bench", *common, *call).splitlines():
                if not line.startswith("{"):
                    continue
                found = json.loads(line)
                if found["pp"] in prefills:
                    answer[prefills[found["pp"]]] = {"ms": 1000 * found["t_pp"]}
                else:
                    answer[rows[found["pl"]]] = {"ms": 1000 * found["t_tg"] / found["tg"]}
        return answer

    def written(self, options, job):
        if "prompt_lookup_num_tokens" in options:
            return self.drafted(job, "llama-lookup", "--spec-draft-n-max", str(options["prompt_lookup_num_tokens"]))
        if "draft" in options:
            if not os.path.exists(half_of(job)):
                raise Unavailable("there is no draft model")
            return self.drafted(job, "llama-speculative-simple", "--spec-type", "draft-simple", "-md", half_of(job), "--spec-draft-n-max", "4")
        return self.served(options, job) if set(options) <= SERVED else None

    def measure(self, names, job):
        forwards = [name for name in names if name in FORWARDS]
        try:
            answer = self.forwards(forwards, job)
        except Unavailable as why:
            answer = {name: {"failed": str(why)} for name in forwards}
        answer.update(each([name for name in names if name not in FORWARDS], lambda name: self.written(SETTINGS[name], job)))
        return answer
