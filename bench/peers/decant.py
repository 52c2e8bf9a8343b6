"""decant itself: `decant run --json` for a strategy, `decant bench rows --json` for forwards and the memory limit."""
import json
import os

from peers import ROOT, ask, each, half_of
from settings import CONTEXT, FORWARDS, HALF, ROWS, SETTINGS

PROGRAM = os.path.join(ROOT, "build", "release", "decant")


class Decant:
    def __init__(self, title, kernels):
        self.title, self.kernels = title, kernels

    def ask(self, command, job, *args):
        options = ["--json", "-t", str(job["threads"]), "--kernels", self.kernels]
        return json.loads(ask(PROGRAM, *command, *options, *args)[0])

    def prepare(self, job):
        job["prompt"] = self.run(job, {}, tokens=1)["prompt_ids"]

    def run(self, job, options, tokens):
        model = half_of(job) if options.get("lower_half") else job["model"]
        args = ["-m", model, "--no-chat-template", "--ignore-eos", "--seed", "1", "-n", str(tokens)]
        for name, value in options.items():
            if name == "draft":
                args += ["--assistant-model", f"self:{HALF}"]
            elif name != "lower_half":
                args += ["--" + name.replace("_", "-"), str(value)]
        return self.ask(["run"], job, *args, "-p", job["text"])

    def forwards(self, names, job):
        rows = ",".join(str(options["rows"]) for name, options in ROWS.items() if name in names) or "1"
        prefill = ",".join(str(FORWARDS[name]["prefill"]) for name in names if "prefill" in FORWARDS[name])
        found = self.ask(["bench", "rows"], job, "-m", job["model"], "--rows", rows, "--context", str(CONTEXT), "--rounds", "5",
                         *(["--prefill", prefill] if prefill else []))
        times = {("rows", each["rows"]): each["ms"] for each in found["rows"]}
        times.update({("prefill", each["tokens"]): each["ms"] for each in found.get("prefill", [])})
        answer = {name: {"ms": times[next(iter(FORWARDS[name].items()))]} for name in names}
        answer["memory"] = found["memory"]
        return answer

    def written(self, options, job):
        if options.get("lower_half") and not os.path.exists(half_of(job)):
            return None
        found = self.run(job, options, job["tokens"])
        ids = found["sequences"][0]["ids"]
        assert len(ids) == job["tokens"], found["stats"]
        # The first token comes with the prompt.
        return {"ms": 1000 * found["stats"]["decode_s"] / (job["tokens"] - 1), "ids": ids}

    def measure(self, names, job):
        answer = self.forwards([name for name in names if name in FORWARDS], job)
        answer.update(each([name for name in names if name not in FORWARDS], lambda name: self.written(SETTINGS[name], job)))
        return answer
