"""What README and the pages show is what the program prints, and what they name is there: docs_test.py [PROGRAM]

pages.py says how a page shows a command, and which cannot run here. Answers are shown by models in F32, whose texts do not
depend on the CPU. README's come from the default file, and must be the same by F32 as well: such an answer does not hang on a
rounding. The last digit of a number may differ.

DECANT_UPDATE_DOCS=1 writes what is printed into the pages instead. DECANT_DOCS_PAGES=PATTERN: those pages alone.
"""

import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import pages
from pages import F32, MICRO, NOT_RUN, NUMBER, PAGES, ROOT, Folder, Page, same, stripped

sys.path.insert(0, os.path.join(ROOT, "docs/pictures"))
import by_hand  # noqa: E402
import reports  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop(1)) if sys.argv[1:] and not sys.argv[1].startswith("-") else \
    os.path.join(ROOT, "build/release/decant")
UPDATE = os.environ.get("DECANT_UPDATE_DOCS")
SHOWN_BY_PYTHON = re.compile(r"# -> (.*)$", re.M)

VERBS = ["run", "chat", "inspect", "compare", "sweep", "report", "serve", "detect", "config", "doctor", "completions", "man", "help",
         "bench rows", "grammar show", "grammar check", "models ls", "models pull", "models show", "models verify", "models rm"]
# Options that the pages name and that are other programs'.
OF_OTHERS = {"--no-install-recommends", "--user", "--gtest-filter", "--preset", "--isa", "--rm", "--target-model-dir", "--no-parse-special"}

# Runs the pages' Python in one process, so that a model is loaded once: [[path, code, model]] in, {path: [printed, error]} out.
SNIPPETS = """
import contextlib, io, json, sys, traceback
import decant
Model, opened, answers = decant.Model, {}, {}
for path, code, model in json.load(sys.stdin):
    def open_it(name=None, model=model, **options):
        if model not in opened:
            opened[model] = Model(model, threads=1, quiet=True)
        return opened[model]
    decant.Model, printed, error = open_it, io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, path, "exec"), {"__name__": "page"})
        except Exception:
            error = traceback.format_exc()
    answers[path] = [printed.getvalue(), error]
json.dump(answers, sys.stdout)
"""


def faults(page):
    """What is wrong with a page's commands."""
    found, other = [], []
    for model in (None, F32) if page.path == "README.md" else (None,):
        with Folder(PROGRAM, page, model) as folder:
            for each in page.examples:
                if each.not_run or (model and not each.shown):
                    continue
                code, printed, said = folder.run(each)
                if (code != 0) != each.fails:
                    found.append(f"{each.where}: {each.command}\nends with {code}: {said}")
                elif each.shown is not None and not same(stripped(each.shown), printed):
                    found.append("\n".join([f"{each.where}: {each.command}", f"shows ({model or 'as it is'})", *each.shown, "prints", *printed, said]))
                    other.append((each, printed))
            if folder.port:
                found += wrong_client(page, folder)
            found += [fault for path in folder.beside for fault in wrong_file(page, path)]
            found += [f"{each.name} shows another run than {page.path}: scripts/pictures.sh {os.path.basename(each.name)}" for each in reports.PICTURES
                      if each.page == page.path and each.digest() != reports.digest(os.path.join(folder.path, each.html))]
    if UPDATE:
        page.show(other)
    return found


def wrong_client(page, folder):
    """The Python of a page with a server is its client, where OpenAI's package is."""
    if not page.python or not os.path.exists(pages.OPENAI):
        return []
    done = subprocess.run([pages.OPENAI, folder.write("page.py", page.python.replace("8080", folder.port))], capture_output=True, text=True)
    return wrong_python(page, done.stdout, done.stderr if done.returncode else "")


def wrong_file(page, path):
    """A file beside a page that its commands have written: it must be what it was, but for the times of its tables."""
    def lines(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            return [re.sub(r"( \| [\d.]+){2} \|$", "", line) for line in file.read().split("\n")]

    own = os.path.join(ROOT, os.path.dirname(page.path), os.path.basename(path))
    if same(lines(own), lines(path)):
        return []
    if UPDATE:
        shutil.copy(path, own)
    return [f"{own} is not what {page.path}'s commands write"]


def wrong_python(page, printed, error):
    shown = SHOWN_BY_PYTHON.findall(page.python)
    expected = [part for each in shown for part in ("...", each)] + ["..."]
    if not error and same(expected, stripped(printed.split("\n"))):
        return []
    return [f"{page.path}: its Python shows\n" + "\n".join([*shown, "prints", printed, error])]


class Reading(unittest.TestCase):
    """That a page is read as it says, and that what differs is seen."""

    PAGE = """Text, `decant run "x"`.

```console
$ decant run a \\
    b
one
$ decant run c
decant: no
```

    decant run "d"   # a remark
    x_t = a formula
    decant run -m hf:USER/REPO

```python
print(1)  # -> 1
```

And

    echo f | decant run -
    decanter run
"""

    def test_commands(self):
        with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8") as file:
            file.write(self.PAGE)
            file.flush()
            page = Page(file.name)
            self.assertEqual([(each.command, each.shown) for each in page.examples],
                             [("decant run a b", ["one"]), ("decant run c", ["decant: no"]), ('decant run "d"', None),
                              ("decant run -m hf:USER/REPO", None), ("echo f | decant run -", None)])
            self.assertEqual([each.fails for each in page.examples], [False, True, False, False, False])
            self.assertEqual([bool(each.not_run) for each in page.examples], [False, False, False, True, False])
            self.assertEqual(page.python.split("\n").index("print(1)  # -> 1"), page.lines.index("print(1)  # -> 1"))
            page.show([(page.examples[0], ["1", "2"]), (page.examples[1], [])])
            with open(file.name, encoding="utf-8") as written:
                self.assertEqual(written.read(), self.PAGE.replace("\none\n", "\n1\n2\n").replace("decant: no\n", ""))

    def test_differences(self):
        self.assertTrue(same(["p 0.50", "...", "end"], ["p 0.51", "much", "more", "end"]))
        for printed in (["p 0.52", "end"], ["q 0.50", "end"], ["p 0.50"], ["p 0.50", "end", "x"], ["p 0.5", "end"], ["p 0.50 0.1", "end"]):
            self.assertFalse(same(["p 0.50", "...", "end"], printed), printed)


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = [Page(path) for path in PAGES]
        cls.chosen = [page for page in cls.pages if re.search(os.environ.get("DECANT_DOCS_PAGES", ""), page.path)]

    def test_what_is_shown_is_what_runs(self):
        found = [each for page in self.pages for each in page.examples]
        longest_first = sorted(self.chosen, key=lambda page: -sum(each.shown is not None for each in page.examples))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = sum(pool.map(faults, longest_first), [])
        shown = sum(each.shown is not None for each in found)
        without = sum(each.not_run is not None for each in found)
        print(f"{len(found)} commands on {len(self.pages)} pages: {shown} with their answers, {len(found) - shown - without} run, {without} not",
              file=sys.stderr)
        self.assertEqual(wrong, [], "\n\n".join(["", *wrong]))
        self.assertEqual({each.not_run for each in found} - {None}, set(NOT_RUN))
        self.assertGreaterEqual(shown, 30)

    @unittest.skipUnless(os.path.isdir(os.path.join(pages.MODULE, "decant")), "scripts/python.sh build has not made the module")
    def test_python_of_the_pages(self):
        snippets = [page for page in self.chosen if page.python and "import openai" not in page.python]
        given = [[page.path, page.python, os.path.join(ROOT, F32 if SHOWN_BY_PYTHON.search(page.python) else MICRO)] for page in snippets]
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.path.join(ROOT, "recipes"), os.path.join(folder, "recipes"))
            done = subprocess.run([pages.PYTHON, "-c", SNIPPETS], input=json.dumps(given), cwd=folder, env=dict(os.environ, PYTHONPATH=pages.MODULE),
                                  capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        wrong = sum((wrong_python(page, *json.loads(done.stdout)[page.path]) for page in snippets), [])
        self.assertEqual(wrong, [], "\n\n".join(["", *wrong]))

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

    def test_pictures_of_reports(self):
        shown = [os.path.normpath(os.path.join(os.path.dirname(page.path), target))
                 for page in self.pages for target in re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", "\n".join(page.lines))]
        self.assertEqual({each.name for each in reports.PICTURES}, set(shown))
        self.assertEqual([each.name for each in reports.PICTURES if each.digest() is None], [])

    def test_scripts_of_the_examples_run(self):
        with tempfile.TemporaryDirectory() as folder:
            for script in glob.glob(os.path.join(ROOT, "examples/*/run.sh")):
                done = subprocess.run([script, folder], env=dict(os.environ, DECANT=PROGRAM, MODEL=os.path.join(ROOT, MICRO), AMATEUR="self:1"), capture_output=True)
                self.assertEqual((done.returncode, done.stderr.decode()), (0, ""), script)

    def test_what_is_named_in_a_text_is_there(self):
        help_of = [subprocess.run([PROGRAM, *verb.split(), "--help-all"], capture_output=True, text=True).stdout for verb in VERBS]
        flags = {flag.split("=")[0].replace("_", "-") for flag in re.findall(r"--[\w-]+", text_of("docs/options.md") + " ".join(help_of))} | OF_OTHERS
        with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as file:
            targets = re.findall(r"^([\w-]+):", file.read(), flags=re.M)
        wrong = []
        for page in ["HACKING.md", "CONTRIBUTING.md", *PAGES]:
            for span in re.findall(r"`([^`\n]+)`", text_of(page)):
                named = {flag.replace("_", "-") for flag in re.findall(r"(?<![\w-])--[a-z][\w-]+", span)} - flags
                if target := re.match(r"make ([a-z][\w-]*)", span):
                    named |= {target[1]} - set(targets)
                if verb := re.match(r"decant ([a-z]+)\b", span):
                    named |= {verb[1]} - {each.split()[0] for each in VERBS}
                paths = re.findall(r"(?<![\w/.:-])(?:src|cli|server|web|bench|tests|tools|scripts|docs|recipes|examples)/[\w/.*-]+", span)
                named |= {path for path in paths if "NAME" not in path and not any(glob.glob(os.path.join(ROOT, above, path.rstrip("/.") + "*")) for above in ("", "src"))}
                wrong += [f"{page}: {span}: no {name}" for name in sorted(named)]
        self.assertEqual(wrong, [], "\n".join(["", *wrong]))

    def test_install_names_the_packages_of_set_up(self):
        with open(os.path.join(ROOT, "scripts/setup.sh"), encoding="utf-8") as file:
            packages = re.search(r'^packages="(.*)"$', file.read(), flags=re.M)[1]
        self.assertIn(f"apt-get install {packages}", [each.command for page in self.pages for each in page.examples])

    def test_readme_is_short(self):
        page = self.pages[0]
        words = len(re.sub(r"```.*?```", "", "\n".join(page.lines), flags=re.S).split())
        self.assertLess(words, 650)
        self.assertEqual(sum(each.shown is not None for each in page.examples), 5)
        for each in page.examples:
            self.assertLess(len(each.shown or []), 24, each.where)

    def test_the_index_has_every_page(self):
        with open(os.path.join(ROOT, "docs/README.md"), encoding="utf-8") as file:
            index = file.read()
        found = glob.glob("**/*.md", root_dir=os.path.join(ROOT, "docs"), recursive=True)
        self.assertEqual([page for page in found if page != "README.md" and f"({page})" not in index], [])

    def test_links_lead_somewhere(self):
        for page in glob.glob("**/*.md", root_dir=ROOT, recursive=True):
            if page.startswith("build/") or "node_modules" in page:
                continue
            for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", text_of(page)):
                if not re.match(r"\w+:", target):
                    path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
                    self.assertTrue(os.path.exists(os.path.join(ROOT, path)), f"{page}: {target}")
                    if anchor:
                        self.assertIn(anchor[1:], [anchor_of(each) for each in re.findall(r"^#+ (.*)$", text_of(path), flags=re.M)], f"{page}: {target}{anchor}")


def text_of(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return re.sub(r"^```.*?^```", "", file.read(), flags=re.S | re.M)


def anchor_of(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")


if __name__ == "__main__":
    unittest.main()
