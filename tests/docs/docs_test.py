"""What README and the pages show is what the program prints.

    ```console            commands behind `$ `, each with all that it prints; a line `...` stands for any lines
        decant run ...    a command whose answer is not shown: it must run (four tokens of the smallest model that will do)
    <!-- not run: WHY -->  before a block that cannot run here; how many there are is counted below

Answers are shown by models in F32, whose texts do not depend on the CPU. README's come from the default file, and must be
the same by F32 as well: such an answer does not hang on a rounding. The last digit of a number may differ.
"""

import concurrent.futures
import glob
import itertools
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "docs/pictures"))
import by_hand  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop(1)) if sys.argv[1:] and not sys.argv[1].startswith("-") else \
    os.path.join(ROOT, "build/release/decant")
PAGES = ["README.md", "docs/README.md", *sorted(glob.glob("docs/strategies/*.md", root_dir=ROOT))]
MICRO, SMALL, F32 = (f"build/models/{name}.gguf" for name in ("micro", "smollm2-q4_0", "smollm2-f32"))
NOT_RUN = 0  # commands marked so, in all pages
NEEDS_LAYERS = re.compile(r"self:|--dola-layers|--assistant-early-exit")  # more than the two of the smallest model
NUMBER = re.compile(r"\d+\.\d+")


class Example:
    def __init__(self, page, line, command, shown=None, skip=None):
        self.where, self.command, self.shown, self.skip = f"{page}:{line}", command, shown, skip
        self.readme = page == "README.md"


def examples(page):
    """All commands of a page: those of console blocks with what is shown below them."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        lines = file.read().split("\n")
    skip, at = None, 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if mark := re.fullmatch(r"<!-- not run: (.+) -->", line):
            skip = mark[1]
        elif line == "```console":
            found = None
            while lines[at] != "```":
                if lines[at].startswith("$ "):
                    begin = at + 1
                    command = lines[at][2:]
                    while command.endswith("\\"):
                        at += 1
                        command = command[:-1] + lines[at].strip()
                    if found:
                        yield found
                    found = Example(page, begin, command, [], skip)
                else:
                    found.shown.append(lines[at])
                at += 1
            yield found
            skip, at = None, at + 1
        elif line.startswith("```"):  # a picture in letters, a record
            at += 1 + lines[at:].index("```")
        elif re.match(r"    (\w+ .* \| )?decant ", line):
            begin, command = at, line.strip()
            while command.endswith("\\"):
                command = command[:-1] + lines[at].strip()
                at += 1
            yield Example(page, begin, command.split("   # ")[0], None, skip)
        elif line:
            skip = None  # the mark was for one block


def same(shown, printed):
    """Equal but for the last digit of numbers, and for what `...` stands for."""
    def equal(a, b):
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


def run(example, model=None):
    """In a folder of its own, where `decant` is the program, the test models are in build/models, and every other model file
    that the command names is the smallest."""
    arguments = shlex.split(example.command.split("decant ", 1)[1])
    extra = ["-t", "1"]
    if example.shown is None:
        extra += ["-n", "4"] if arguments[0] in ("run", "compare") else []
        model = SMALL if NEEDS_LAYERS.search(example.command) else MICRO
    if model and not {"-m", "--model"} & set(arguments):
        extra += ["-m", model]
    if arguments[0] not in ("run", "compare", "inspect"):
        extra = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("build", "recipes"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        for name in re.findall(r"[\w./-]+\.gguf", example.command):
            if not os.path.exists(os.path.join(folder, name)):
                os.symlink(os.path.join(ROOT, model or MICRO), os.path.join(folder, name))
        os.mkdir(os.path.join(folder, "bin"))
        with open(os.path.join(folder, "bin/decant"), "w", encoding="utf-8") as script:
            script.write(f'#!/bin/sh\nexec {shlex.quote(PROGRAM)} "$@" {shlex.join(extra)}\n')
        os.chmod(script.name, 0o755)
        environment = dict(os.environ, PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"])
        done = subprocess.run(example.command, shell=True, cwd=folder, env=environment, capture_output=True, timeout=600)
    return done.returncode, stripped(done.stdout.decode().split("\n")), done.stderr.decode()


def fault(example):
    """What is wrong with an example, or nothing."""
    for model in (None, F32) if example.readme and example.shown else (None,):
        code, printed, said = run(example, model)
        if code:
            return f"{example.where}: {example.command}\nends with {code}: {said}"
        if example.shown is not None and not same(stripped(example.shown), printed):
            return "\n".join([f"{example.where}: {example.command}", f"shows ({model or 'as it is'})", *example.shown, "prints",
                              *printed, said])
    return None


class Reading(unittest.TestCase):
    """That a page is read as it says, and that what differs is seen."""

    PAGE = """Text, `decant run "x"`.

```console
$ decant run a \\
    b
one
$ decant run c
```

<!-- not run: a download -->

    decant run -m hf:u/m "d"   # a remark
    decant run e

And

    echo f | decant run -
    decanter run
"""

    def test_commands(self):
        with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8") as file:
            file.write(self.PAGE)
            file.flush()
            found = [(each.command, each.shown, each.skip) for each in examples(file.name)]
        self.assertEqual(found, [("decant run a b", ["one"], None), ("decant run c", [], None),
                                 ('decant run -m hf:u/m "d"', None, "a download"), ("decant run e", None, "a download"),
                                 ("echo f | decant run -", None, None)])

    def test_differences(self):
        self.assertTrue(same(["p 0.50", "...", "end"], ["p 0.51", "much", "more", "end"]))
        for printed in (["p 0.52", "end"], ["q 0.50", "end"], ["p 0.50"], ["p 0.50", "end", "x"], ["p 0.5", "end"], ["p 0.50 0.1", "end"]):
            self.assertFalse(same(["p 0.50", "...", "end"], printed), printed)


class Docs(unittest.TestCase):
    def test_what_is_shown_is_what_runs(self):
        found = [each for page in PAGES for each in examples(page)]
        skipped = [each for each in found if each.skip]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            faults = [each for each in pool.map(fault, [each for each in found if not each.skip]) if each]
        shown = sum(each.shown is not None and not each.skip for each in found)
        print(f"{len(found)} commands: {shown} with their answers, {len(found) - shown - len(skipped)} run, {len(skipped)} not:",
              "; ".join(sorted({each.skip for each in skipped})), file=sys.stderr)
        self.assertEqual(faults, [], "\n\n".join(["", *faults]))
        self.assertEqual(len(skipped), NOT_RUN, [each.where for each in skipped])
        self.assertGreaterEqual(shown, 12)

    def test_examples_on_four_tokens_are_what_their_formulas_give(self):
        self.assertEqual([f"docs/strategies/{each.__name__}.md" for each in sorted(by_hand.EXAMPLES, key=lambda each: each.__name__)],
                         [page for page in PAGES if page.startswith("docs/strategies/")])
        for each in by_hand.EXAMPLES:
            example, name = each(), f"by-hand-{each.__name__.replace('_', '-')}.svg"
            with open(os.path.join(ROOT, "docs/pictures", name), encoding="utf-8") as file:
                self.assertEqual(file.read(), example.svg(), f"{name}: run docs/pictures/by_hand.py")
            with open(os.path.join(ROOT, f"docs/strategies/{each.__name__}.md"), encoding="utf-8") as file:
                section = re.search(r"^## On four tokens$(.*?)^## ", file.read(), flags=re.S | re.M)[1]
            self.assertIn(f"![{example.alt}](../pictures/{name})", section)
            numbers = NUMBER.findall(section)
            self.assertGreater(len(numbers), 5, name)
            self.assertEqual([number for number in numbers if number not in example.numbers], [], name)

    def test_the_moving_picture_is_a_real_run(self):
        done = subprocess.run([sys.executable, os.path.join(ROOT, "docs/pictures/front_door.py"), PROGRAM, os.path.join(ROOT, F32)],
                              capture_output=True, check=True)
        with open(os.path.join(ROOT, "docs/pictures/front_door.svg"), encoding="utf-8") as file:
            self.assertTrue(same(file.read().split("\n"), done.stdout.decode().split("\n")), "run docs/pictures/front_door.py")

    def test_readme_is_short(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            words = len(re.sub(r"```.*?```", "", file.read(), flags=re.S).split())
        self.assertLess(words, 650)
        self.assertEqual(sum(each.shown is not None for each in examples("README.md")), 5)
        for each in examples("README.md"):
            self.assertLess(len(each.shown or []), 24, each.where)

    def test_the_index_has_every_page(self):
        with open(os.path.join(ROOT, "docs/README.md"), encoding="utf-8") as file:
            index = file.read()
        pages = glob.glob("**/*.md", root_dir=os.path.join(ROOT, "docs"), recursive=True)
        self.assertEqual([page for page in pages if page != "README.md" and f"({page})" not in index], [])

    def test_links_lead_somewhere(self):
        for page in glob.glob("**/*.md", root_dir=ROOT, recursive=True):
            if page.startswith(("build/", "web/node_modules")) or "node_modules" in page:
                continue
            with open(os.path.join(ROOT, page), encoding="utf-8") as file:
                text = re.sub(r"```.*?```", "", file.read(), flags=re.S)
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", text):
                if not re.match(r"\w+:", target):
                    path = os.path.join(ROOT, os.path.dirname(page), target)
                    self.assertTrue(os.path.exists(path), f"{page}: {target}")


if __name__ == "__main__":
    unittest.main()
