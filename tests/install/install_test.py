"""decant as others find it when it is installed: install_test.py BUILD

The build folder is installed into a prefix, and what is there is used from another folder: a program of twenty lines that
generates text, recipes in C++, and everything that can be wrong with one.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/cli"))

import support
from chat_test import Talk

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(ROOT, "build/release")  # or the first argument
MODELS = os.path.join(ROOT, "build/models")
MICRO, F32 = os.path.join(MODELS, "micro.gguf"), os.path.join(MODELS, "smollm2-f32.gguf")
LOOK_AHEAD = os.path.join(ROOT, "recipes/look_ahead")


def call(*command, code=0, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
    return done


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="decant-install-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = os.path.join(cls.folder, "an elsewhere")
        for component in "program", "library", "development":
            call("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", component, "--strip")
        cls.program = os.path.join(cls.prefix, "bin/decant")
        for name, source in ("consumer", os.path.join(HERE, "consumer")), ("look_ahead", LOOK_AHEAD):
            cls.build(name, source)
        cls.look_ahead = cls.path("look_ahead/look_ahead.so")
        # As a makefile would, without CMake.
        cls.misbehaving = cls.path("misbehaving.so")
        call("c++", "-std=c++20", "-shared", "-fPIC", "-DFMT_HEADER_ONLY", "-Wall", "-Wextra", "-Werror", "-isystem", os.path.join(cls.prefix, "include/decant"),
             os.path.join(HERE, "misbehaving.cpp"), "-o", cls.misbehaving)

    @classmethod
    def build(cls, name, source):
        shutil.copytree(source, cls.path(name + ".source"))
        call("cmake", "-G", "Ninja", "-S", cls.path(name + ".source"), "-B", cls.path(name), "-DCMAKE_PREFIX_PATH=" + cls.prefix)
        call("cmake", "--build", cls.path(name))

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def run_decant(self, *arguments, code=0, model=MICRO, **options):
        return call(self.program, "run", "-t1", "-m", model, "--no-chat-template", "-n8", *arguments, code=code, **options)

    def ids(self, *arguments, **options):
        return json.loads(self.run_decant("--json", *arguments, **options).stdout)["sequences"][0]["ids"]

    def assert_refused(self, code, message, *arguments):
        done = self.run_decant(*arguments, "abc", code=code)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_program_of_twenty_lines_generates_what_decant_does(self):
        text = call(self.path("consumer/consumer"), F32, "The lighthouse keeper wrote").stdout
        self.assertEqual(text, self.run_decant("The lighthouse keeper wrote", model=F32).stdout)
        self.assertGreater(len(text), 10)
        self.assertIn("/no/file", call(self.path("consumer/consumer"), "/no/file.gguf", "x", code=66).stderr)

    def test_the_manual_and_what_shells_complete(self):
        share = os.path.join(self.prefix, "share")
        pages = {f"decant-{line.split()[0]}.1" for line in call(self.program, "complete", "--", "").stdout.splitlines()} - {"decant-help.1"}
        self.assertGreater(len(pages), 10)
        self.assertEqual(set(os.listdir(os.path.join(share, "man/man1"))), pages | {"decant.1"})
        for shell, file in ("bash", "bash-completion/completions/decant"), ("zsh", "zsh/site-functions/_decant"), (
                "fish", "fish/vendor_completions.d/decant.fish"):
            with open(os.path.join(share, file)) as completions:
                self.assertEqual(completions.read(), call(self.program, "completions", shell).stdout)

    def test_a_recipe_of_width_1_is_greedy(self):
        arguments = "--recipe", self.look_ahead, "--recipe-arg", "width=1", "--ignore-eos"
        self.assertEqual(self.ids(*arguments, "abc"), self.ids("--ignore-eos", "abc"))

    def test_the_recipe_of_the_page_is_built_as_the_page_says(self):
        with open(os.path.join(ROOT, "docs/cpp_recipes.md"), encoding="utf-8") as file:
            page = file.read()
        with open(self.path("greedy.cpp"), "w", encoding="utf-8") as file:
            file.write(re.search(r"^```cpp\n(.*?)^```", page, flags=re.S | re.M)[1])
        command = re.search(r"`(c\+\+ .*?)`", page)[1].replace("/usr/local", shlex.quote(self.prefix))
        call("sh", "-c", command, cwd=self.folder)
        self.assertEqual(self.ids("--recipe", self.path("greedy.so"), "abc"), self.ids("abc"))

    def test_processors_and_stop_rules_are_those_of_all_strategies(self):
        for options in ("--repetition-penalty", "1.5"), ("--no-repeat-ngram-size", "2"), ("--suppress-tokens", "5,6,7"), ("-n", "3"):
            recipe = "--recipe", self.look_ahead, "--recipe-arg", "width=1", "--ignore-eos"
            self.assertEqual(self.ids(*recipe, *options, "abc"), self.ids("--ignore-eos", *options, "abc"), options)

    def test_looking_ahead_is_the_first_token_of_a_beam_search_of_two(self):
        prompt = "The lighthouse keeper wrote"
        lines = self.run_decant("--jsonl", "--recipe", self.look_ahead, "--recipe-arg=width=4", "-n6", prompt, model=F32).stdout.splitlines()
        tokens = [json.loads(line)["token"] for line in lines]
        self.assertNotEqual([each["id"] for each in tokens], self.ids("-n6", prompt, model=F32))
        for token in tokens[:-1]:  # behind the last one nothing is written
            self.assertEqual(self.ids("--num-beams", "4", "-n2", "--ignore-eos", prompt, model=F32)[0], token["id"], prompt)
            prompt += bytes.fromhex(token["bytes"]).decode()

    def test_a_chat_and_a_comparison_have_it(self):
        recipe = "--recipe", self.look_ahead, "--recipe-arg", "width=4", "--ignore-eos"
        columns = "--setting", "plain:", "--setting", "wide: num_beams=2"
        compared = json.loads(call(self.program, "compare", "-t1", "-m", MICRO, "--no-chat-template", "-n8", "--json", *recipe, *columns, "abc").stdout)
        self.assertEqual([(each["label"], each["strategy"]) for each in compared["settings"]],
                         [("plain", "greedy"), ("wide", "beam"), ("look_ahead", "look_ahead")])
        found = {each["label"]: each["ids"] for each in compared["prompts"][0]["texts"]}
        self.assertEqual((found["plain"], found["look_ahead"]), (self.ids("--ignore-eos", "abc"), self.ids(*recipe, "abc")))

        environment = {**os.environ, "DECANT_CACHE": self.folder, "TERM": "xterm"}
        answered = call(self.program, "run", "-t1", "-m", F32, "-n6", *recipe[:-1], "Name a colour.").stdout
        support.PROGRAM = self.program
        terminal = support.Terminal("compare", "-t1", "-m", MICRO, "--no-chat-template", "-n8", "--color", "never", *recipe, "abc", columns=80,
                                    env=environment)
        self.assertRegex(terminal.finish()[1], "options +│ look_ahead")
        talk = Talk("chat", "-t1", "-m", F32, "-n6", *recipe[:-1], "--quiet", columns=80, stdin=True, env=environment)
        talk.wait_for("> ")
        talk.type(b"Name a colour.\r")
        talk.wait_for(answered + "> ")
        talk.type(b"/set prompt_lookup_num_tokens 4\r")
        talk.wait_for("nobody guesses them")
        talk.wait_for("> ")
        talk.type(b"\x04")
        self.assertEqual(talk.end(), 0)
        for command in "chat", "compare":
            refused = call(self.program, command, "-m", MICRO, "--recipe", LOOK_AHEAD, *([] if command == "chat" else ["abc"]), code=64).stderr
            self.assertIn(f"decant {command} takes recipes in C++, FILE.so", refused)

    def test_the_trace_and_the_report_have_it(self):
        report = self.path("report.html")
        done = self.run_decant("--recipe", self.look_ahead, "--jsonl", "--html", report, "--ignore-eos", "abc")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([each["token"]["id"] for each in records], self.ids("--recipe", self.look_ahead, "--ignore-eos", "abc"))
        self.assertEqual(records[0]["run"]["strategy"], "look_ahead")
        self.assertTrue(os.path.getsize(report) > 10000)

    def test_what_is_wrong_with_a_file(self):
        def object_of(name, source):
            call("cc", "-shared", "-fPIC", "-x", "c", "-", "-o", self.path(name), input=source)
            return self.path(name)

        self.assert_refused(66, "there is no recipe /no/where.so", "--recipe", "/no/where.so")
        with open(self.path("text.so"), "w") as file:
            file.write("Task<void> greedy(Run& run)")
        self.assert_refused(65, "text.so is no shared object", "--recipe", self.path("text.so"))
        with open(self.look_ahead, "rb") as whole, open(self.path("half.so"), "wb") as file:
            file.write(whole.read(3000))
        self.assert_refused(65, "half.so ends after 3000 bytes of ", "--recipe", self.path("half.so"))
        self.assert_refused(65, "cannot be loaded: undefined symbol: no_such_thing", "--recipe", object_of(
            "undefined.so", "void no_such_thing(void); void f(void) { no_such_thing(); }"))
        self.assert_refused(65, "it does not export decant_recipe()", "--recipe", object_of("nothing.so", "int x;"))
        version = call(self.program, "--version").stdout.split()[1]
        self.assert_refused(69, f"older.so was built for decant 0.0.1 (headers 12345678), and this is decant {version}", "--recipe", object_of(
            "older.so", 'static const char* abi[] = {"0.0.1 (headers 12345678)"}; void* decant_recipe(void) { return abi; }'))

    def test_what_is_wrong_with_arguments(self):
        recipe = "--recipe", self.look_ahead
        self.assert_refused(64, "widht is no argument of the recipe: it has width", *recipe, "--recipe-arg", "widht=2")
        self.assert_refused(64, "width is 'many': it must be a whole number from 1 to 64", *recipe, "--recipe-arg", "width=many")
        self.assert_refused(64, "width is 65: it must be a whole number from 1 to 64", *recipe, "--recipe-arg", "width=65")
        self.assert_refused(64, "it must be NAME=VALUE", *recipe, "--recipe-arg", "width")
        self.assert_refused(64, "nobody guesses them", *recipe, "--speculate", "auto")
        self.assert_refused(64, "--show knows nothing of recipes", *recipe, "--show", "rounds")

    def test_what_a_recipe_throws(self):
        def recipe(what):
            return "--no-stream", "--ignore-eos", "--recipe", self.misbehaving, "--recipe-arg", "what=" + what

        self.assert_refused(65, f"the recipe {self.misbehaving} failed: no idea", *recipe("throw"))
        self.assert_refused(65, "failed with an exception that is no std::exception", *recipe("number"))
        self.assert_refused(69, "decant: there is no moon tonight: wait\n", *recipe("error"))
        begun = json.loads(self.run_decant("--json", *recipe("return"), "abc").stdout)["sequences"][0]
        self.assertEqual((len(begun["ids"]), begun["finish_reason"]), (2, "unfinished"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
