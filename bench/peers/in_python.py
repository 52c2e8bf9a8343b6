"""Engines that are Python packages: each runs in the environment of build/bench, as a process of its own."""
import json
import os
import subprocess

from peers import BENCH, HOME, Unavailable, ask, reason

prepared = {}  # what has been brought here in this run, or why not: the engines share it


def set_up(what):
    if what not in prepared:
        done = subprocess.run([os.path.join(BENCH, "set_up.sh"), what], stderr=subprocess.PIPE, text=True)
        prepared[what] = reason(done.stderr) if done.returncode else ""
    if prepared[what]:
        raise Unavailable(prepared[what])


def work(what, job):
    """What peers.worker prints last."""
    environment = {**os.environ, "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(job["threads"])}
    python = os.path.join(HOME, "bin", "python")
    said, _ = ask(python, "-m", "peers.worker", what, input=json.dumps(job), env=environment, cwd=BENCH)
    return json.loads(said.splitlines()[-1])


def prepare_weights(job):
    """The same weights for other engines, again if the model is newer."""
    stamp = os.path.join(job["weights"], "prepared")
    if os.path.exists(stamp) and os.path.getmtime(stamp) >= os.path.getmtime(job["model"]):
        return
    os.makedirs(job["weights"], exist_ok=True)
    work("prepare", job)
    open(stamp, "w").close()


class InPython:
    def __init__(self, title, module, **options):
        self.title, self.module, self.options = title, module, options

    def prepare(self, job):
        set_up("python")
        prepare_weights(job)

    def measure(self, names, job):
        return work(self.module, {**job, **self.options, "settings": names})
