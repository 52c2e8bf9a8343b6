"""The pages of README, docs/, examples/ and recipes/: which commands they show, and how these are run. docs_test.py tests with it,
docs/pictures/reports.py makes pictures with it.

    ```console            commands behind `$ `, each with all that it prints; a line `...` stands for any lines, ` ...` at the end of one
                          for the rest of it (times, long tables). One that shows lines `decant: ...` or `error: ...` fails, with these on standard error
        decant run ...    a command whose answer is not shown: it must run (four tokens of the smallest model that will do)
    ```python             the snippets of a page are one program; what is printed may stand behind the line, as `# -> TEXT`
    ```yaml               the file FILE.yaml that a command of the page names

The commands of a page run one after the other in one folder, so that one may read what another has written.
"""

import glob
import itertools
import os
import re
import shlex
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON, MODULE = os.path.join(ROOT, "build/python/bin/python"), os.path.join(ROOT, "build/release/python")
OPENAI = os.path.join(ROOT, "build/openai/bin/python")
# The log tells what was.
PAGES = ["README.md", *(page for page in sorted(glob.glob("docs/**/*.md", root_dir=ROOT, recursive=True)) if page != "docs/log.md"),
         *sorted(glob.glob("examples/*/README.md", root_dir=ROOT)), *sorted(glob.glob("recipes/*/README.md", root_dir=ROOT))]
MICRO, SMALL, F32, OTHER_WORDS = (f"build/models/{name}.gguf" for name in ("micro", "smollm2-q4_0", "smollm2-f32", "smollm2-16k-q8_0"))
NEEDS_LAYERS = re.compile(r"self:|amateur|--dola-layers|--assistant-early-exit|recipes/sled")  # more than the two of the smallest model

# Commands of the pages that cannot run in a test, and why.
NOT_RUN = {
    r"make |export PATH|apt-get |scripts/|docker |python3 bench/": "sets up, builds, installs or measures: make test does it before, or a person does it",
    r"pip install": "builds: the stage `python` has a wheel",
    r"cmake -S recipes/look_ahead|.*look_ahead\.so|c\+\+ -std": "what is built against an installed decant: the stage `installed`",
    r".*hf:USER/REPO": "asks the real hub: tests/cli/hub_test.py has one of its own",
    r"decant$": "needs a terminal: tests/cli/chat_test.py has one",
    r".*--drafter \S*mtp|.*eagle3\.gguf": "needs a trained head: tests/zoo makes random ones",
    r"python -m decant\.lm_eval|llm -m": "needs lm-eval and llm: tests/python/lm_eval_test.py, adapters_test.py",
}
# What the pages' commands read.
FILES = {
    "letter.txt": "Dear reader, dear reader, dear reader, dear",
    "prompt.txt": "The lighthouse keeper wrote",
    "prompts.txt": "The sea is\nThe sky is\n",
    "person.schema.json": '{"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}\n',
    "person.json": '{"age": "thirty"}\n',
    "generation_config.json": '{"top_p": 0.9, "temperature": 0.6}\n',
}
COMMAND = re.compile(r"(\S+ .*\| *)?(decant|make|export|pip|python3?|scripts/\S+|docker|apt-get|cmake|c\+\+|curl|llm)( |$)")
NUMBER = re.compile(r"\d+\.\d+")


class Example:
    """A command; `shown` is what the page shows of it, in its lines from `at` on, or None."""

    def __init__(self, page, line, command, shown=None, at=None):
        self.where, self.command, self.shown, self.at = f"{page}:{line}", command, shown, at
        self.not_run = next((each for each in NOT_RUN if re.match(each, command)), None)
        self.fails = any(re.match("decant: |error: ", each) for each in shown or [])


class Page:
    """The commands of a page, those of console blocks with what is shown below them; its Python, and its YAML."""

    def __init__(self, path):
        self.path, self.examples, self.python, self.yaml = path, [], "", ""
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if line.startswith("```"):
                end = at + 1 + self.lines[at + 1:].index("```")
                block = self.lines[at + 1:end]
                if line == "```console":
                    self.console(at + 1, end)
                elif line == "```python":  # on its lines of the page, for what Python says of it
                    self.python += "\n" * (at + 1 - self.python.count("\n")) + "\n".join(block) + "\n"
                elif line == "```yaml":
                    self.yaml += "\n".join(block) + "\n"
                at = end + 1
            elif line.startswith("    ") and COMMAND.match(line[4:]):
                command, begin = line.strip(), at
                while command.endswith("\\") or is_open(command):
                    at += 1
                    command = command.removesuffix("\\") + self.lines[at].strip()
                self.examples.append(Example(path, begin + 1, re.split(" +# ", command)[0]))
                at += 1
            else:
                at += 1

    def console(self, at, end):
        while at < end:
            begin, command = at, self.lines[at].removeprefix("$ ")
            assert self.lines[at].startswith("$ "), f"{self.path}:{at + 1}: no command"
            while command.endswith("\\"):
                at += 1
                command = command[:-1] + self.lines[at].strip()
            shown = list(itertools.takewhile(lambda line: not line.startswith("$ "), self.lines[at + 1:end]))
            self.examples.append(Example(self.path, begin + 1, command, shown, at + 1))
            at += 1 + len(shown)

    def show(self, answers):
        """Writes the page with other answers: pairs of an example and its lines."""
        for example, lines in sorted(answers, key=lambda pair: -pair[0].at):
            self.lines[example.at:example.at + len(example.shown)] = lines
        with open(os.path.join(ROOT, self.path), "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines))


def is_open(command):
    """Within quotes at its end."""
    try:
        shlex.split(command)
    except ValueError:
        return True
    return False


def same(shown, printed):
    """Equal but for the last digit of numbers, and for what `...` stands for."""
    def equal(a, b):
        if a.endswith(" ..."):  # the rest may be anything
            a, b = a[:-4], b[:len(a) - 4]
        if NUMBER.sub("#", a) != NUMBER.sub("#", b):
            return False
        return all(len(x) == len(y) and abs(float(x) - float(y)) < 1.5 * 10.0 ** -len(x.split(".")[1])
                   for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)))

    if not shown:
        return not printed
    if shown[0] == "...":
        return any(same(shown[1:], printed[at:]) for at in range(len(printed) + 1))
    return bool(printed) and equal(shown[0], printed[0]) and same(shown[1:], printed[1:])


def stripped(lines):
    """Without blank ends: a text may begin or end with them, a page does not show them."""
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    return list(itertools.dropwhile(lambda line: not line, kept))


class Folder:
    """Where the commands of a page run: `decant` is the program, the test models are in build/models, and every other model
    file that a command names is the smallest that will do. `model`: for all that name none."""

    def __init__(self, program, page, model=None):
        self.program, self.page, self.model, self.port, self.server = program, page, model, None, None
        self.path = tempfile.mkdtemp(prefix="decant-docs-")
        for name in ("build", "recipes"):
            os.symlink(os.path.join(ROOT, name), os.path.join(self.path, name))
        self.beside = []  # files of an example, copied: some are what its commands write
        if page.path.startswith("examples/"):
            self.beside = [shutil.copy(path, self.path) for path in glob.glob(os.path.join(ROOT, os.path.dirname(page.path), "*.*"))]
        for name, content in FILES.items():
            self.write(name, content)
        os.mkdir(os.path.join(self.path, "bin"))
        self.environment = dict(os.environ, PATH=os.path.join(self.path, "bin") + ":" + os.environ["PATH"], DECANT_PYTHON=PYTHON,
                                PYTHONPATH=MODULE, XDG_CONFIG_HOME=self.path, COLUMNS="80")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.terminate()
            self.server.wait(timeout=60)
            self.server.stderr.close()
        shutil.rmtree(self.path)

    def write(self, name, content):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            file.write(content)
        return file.name

    def added(self, example):
        """What is added to a command: one thread; few tokens and a small model where no answer is shown."""
        arguments = shlex.split(example.command.split("decant ", 1)[1])
        verb, model = arguments[0], self.model
        added = ["-t", "1"] if verb in ("run", "compare", "inspect", "sweep", "chat", "doctor", "serve", "bench") else []
        if example.shown is None:
            model = SMALL if NEEDS_LAYERS.search(example.command) else MICRO
            added += {"run": ["-n", "4"], "compare": ["-n", "4"], "sweep": ["-n", "2"], "bench": ["--rounds", "1"]}.get(verb, [])
        for name in re.findall(r"[\w./-]+\.gguf", example.command):
            path = os.path.join(self.path, name)
            if not os.path.exists(path):
                other = OTHER_WORDS if "another" in name else SMALL if "another" in example.command else model or MICRO
                os.symlink(os.path.join(ROOT, other), path)
        return added + (["-m", model] if model and added and not {"-m", "--model", "--expert"} & set(arguments) else [])

    def run(self, example):
        """Its exit code, the lines it printed (on standard error too where it is to fail), and what it said on standard error."""
        if self.page.yaml and (name := re.search(r"[\w-]+\.yaml", example.command)):
            self.write(name[0], self.page.yaml)
        if "decant " in example.command:
            script = self.write("bin/decant", f'#!/bin/sh\nexec {shlex.quote(self.program)} "$@" {shlex.join(self.added(example))}\n')
            os.chmod(script, 0o755)
        if "decant serve" in example.command:
            return self.serve(example.command)
        command = example.command.replace("8080", self.port) if self.port else example.command
        done = subprocess.run(command, shell=True, cwd=self.path, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
        printed, said = done.stdout.decode(), done.stderr.decode()
        return done.returncode, stripped((printed + (said if example.fails else "")).split("\n")), said

    def serve(self, command):
        """Until the page ends, at a port that is free."""
        self.server = subprocess.Popen("exec " + re.sub("8080", "0", command), shell=True, cwd=self.path, env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ""
        for line in self.server.stderr:
            said += line
            if found := re.search(r"listens on http://[^:]+:(\d+)", line):
                self.port = found[1]
                return 0, [], said
        return self.server.wait(), [], said
