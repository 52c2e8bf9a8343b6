#!/usr/bin/env python3
"""decant on input that means harm: chat templates.

Whatever is given, it ends by itself, in one sentence if not with a text, and takes no more than two seconds of a processor
and 256 MB.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import support
from damaged_model import with_text
from support import DATA, MICRO, Case
from templates import hostile_templates

SECONDS, KILOBYTES = 2, 256 * 1024
TEMPLATES = int(os.environ.get("DECANT_HOSTILE_TEMPLATES", 300))


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
        """A text or a sentence, within the limits. `run` is what measured() returned."""
        result, seconds, kilobytes = run
        said = result.err[-300:].decode(errors="replace")
        self.assertIn(result.code, codes, said)
        if result.code:
            self.assertEqual(result.out, b"")
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


if __name__ == "__main__":
    support.main()
