#!/usr/bin/env python3
"""decant on input that means harm: chat templates, and mutants of whatever it reads.

Whatever is given, it ends by itself, in one sentence if not with a text, and takes no more than two seconds of a processor
and 256 MB.
"""

import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import support
from damaged_model import with_text
from mutants import Material, mutant
from support import DATA, INTERNAL, IO, MICRO, NO_INPUT, ROOT, UNAVAILABLE, USAGE, Case
from templates import hostile_templates

SECONDS, KILOBYTES = 2, 256 * 1024
TEMPLATES = 300
MUTANTS = range(*map(int, os.environ.get("DECANT_MUTANTS", "0:3000").split(":")))  # numbers
SLOW = {"seed", "max_time"}  # options whose values are no fault, however odd


def measured(*args, **options):
    """The program's result, and what it took, its own children included."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([support.PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=out, stderr=err, **options)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        return support.Result(process.returncode, out.read(), err.read()), usage.ru_utime + usage.ru_stime, usage.ru_maxrss


class Hostile(Case):
    def assert_harmless(self, run, codes):
        """A text or a sentence, within the limits. `run` is what measured() returned. What was written before may stand."""
        result, seconds, kilobytes = run
        said = result.err[-300:].decode(errors="replace")
        self.assertIn(result.code, codes, said)
        if result.code:
            self.assertRegex(result.err.decode(), r"\Adecant: [^\n]+\n\Z")
            self.assertNotIn("interrupted", said)
        self.assertLessEqual(seconds, SECONDS, said)
        self.assertLessEqual(kilobytes, KILOBYTES, said)

    def with_template(self, model, number, template):
        path = self.file(f"{number}.gguf", with_text(model, "tokenizer.chat_template", template.encode()))
        environment = {**os.environ, "DECANT_CACHE": os.path.join(self.folder, "cache")}
        run = measured("run", "-m", path, "-t", "1", "-n", "1", "-c", "256", "--quiet", "Hello", env=environment)
        os.unlink(path)
        return run

    def test_templates(self):
        with open(MICRO, "rb") as file:
            model = file.read()
        cases = hostile_templates(TEMPLATES, 17)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(lambda i: self.with_template(model, i, cases[i][1]), range(len(cases))))
        refused = 0
        for number, ((kind, template), run) in enumerate(zip(cases, runs)):
            with self.subTest(number=number, kind=kind, template=template[:200]):
                self.assert_harmless(run, (0, DATA))
            refused += run[0].code != 0
        self.assertGreater(refused, TEMPLATES // 3)

    def material(self):
        with open(os.path.join(ROOT, "web/src/data/options.json"), encoding="utf-8") as file:
            rows = [each for each in json.load(file)["options"] if each["told"] or each["sampling"]]
        options = [each["name"] for each in rows if each["name"] not in SLOW]
        material = Material(self.folder, b"", b"", options)
        with open(material.good, "wb") as file:
            file.write(material.model)
        common = ("-m", material.good, "-t", "1", "--no-chat-template", "-n", "3")
        beams = self.assert_ok(support.decant("run", *common, "--num-beams", "2", "--seed", "1", "--jsonl", "the")).out
        comparison = self.assert_ok(support.decant("compare", *common, "--json", "--setting", "a: seed=1", "the")).out
        material.traces = [beams, comparison]
        return material

    def run_mutant(self, number, material):
        kind, files, arguments = mutant(number, material)
        folder = os.path.join(self.folder, str(number))
        os.mkdir(folder)
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        environment = {**os.environ, "DECANT_CACHE": os.path.join(self.folder, "cache")}
        run = measured(*arguments, cwd=folder, env=environment)
        shutil.rmtree(folder)
        return kind, arguments, run

    def test_mutants(self):
        material, codes = self.material(), collections.Counter()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number, (kind, arguments, run) in zip(MUTANTS, pool.map(lambda i: self.run_mutant(i, material), MUTANTS)):
                with self.subTest(number=number, kind=kind, arguments=" ".join(arguments)[-200:]):
                    self.assert_harmless(run, (0, USAGE, DATA, NO_INPUT, UNAVAILABLE, INTERNAL, IO))
                codes[kind, run[0].code] += 1
        for kind in "model", "trace", "grammar", "schema", "prompt", "option":
            self.assertGreater(codes[kind, 0] + codes[kind, DATA] + codes[kind, USAGE], 0, codes)
        if len(MUTANTS) > 3_000:
            print(sorted(codes.items()), file=sys.stderr)


if __name__ == "__main__":
    support.main()
