"""Where options come from, completions and the manual: config_test.py PROGRAM"""

import json
import os
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hostile"))

import support
from support import DATA, IO, MICRO, NO_INPUT, ROOT, USAGE, Case, decant, main
from tiny_models import Signed, gguf, llama

COMMANDS = ("run", "chat", "inspect", "serve", "compare", "sweep", "detect", "bench", "models", "grammar", "report", "config", "doctor",
            "completions", "man")


class Config(Case):
    def setUp(self):
        super().setUp()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("DECANT_")}
        self.env.update(HOME=self.folder, XDG_CONFIG_HOME=os.path.join(self.folder, "xdg"))

    def config(self, *args, **env):
        return decant("config", "--json", *args, env={**self.env, **env})

    def options(self, *args, **env):
        found = self.assert_ok(self.config(*args, **env)).json
        return found["strategy"], {name: (each["value"], each["origin"]) for name, each in found["options"].items()}

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_built_in(self):
        strategy, options = self.options()
        self.assertEqual(strategy, "greedy")
        self.assertEqual({origin for _, origin in options.values()}, {"built-in"})
        self.assertEqual(options["max_new_tokens"], (256, "built-in"))
        self.assertEqual(self.options("--set-only")[1], {})
        self.assertEqual(options["model"][0], "smollm2")

    def test_the_first_source_has_it(self):
        own = self.write("xdg/decant/config.yaml", "temperature: 0.3\ntop_k: 3\nthreads: 3\nstop_strings: [a, b]\n")
        theirs = self.write("g/generation_config.json", json.dumps(
            {"do_sample": True, "temperature": 0.4, "top_k": 4, "top_p": 0.4, "eos_token_id": [1, 2], "max_length": None,
             "pad_token_id": 0, "transformers_version": "4.55"}))
        flags = "--generation-config", os.path.dirname(theirs), "--temperature", "0.1"
        strategy, options = self.options(*flags, DECANT_TOP_K="2", DECANT_TEMPERATURE="0.2")
        self.assertEqual(strategy, "sample")
        self.assertEqual(options["temperature"], (0.1, "flag"))
        self.assertEqual(options["top_k"], (2, "environment DECANT_TOP_K"))
        self.assertEqual(options["stop_strings"], (["a", "b"], own))
        self.assertEqual(options["threads"], (3, own))
        self.assertEqual(options["top_p"], (0.4, theirs))
        self.assertEqual(options["eos_token_id"], ([1, 2], theirs))
        self.assertEqual(options["max_length"], (None, "built-in"))
        _, options = self.options(*flags, "--no-config", DECANT_TOP_K="2")
        self.assertEqual(options["top_k"], (4, theirs))
        named = self.write("other.yaml", "min_p: 0.2\n")
        self.assertEqual(self.options(DECANT_CONFIG=named)[1]["min_p"], (0.2, named))

    def test_the_model_s_own_keys(self):
        keys, tensors = llama()
        path = os.path.join(self.folder, "m.gguf")
        with open(path, "wb") as file:
            file.write(gguf({**keys, "general.sampling.temp": 0.625, "general.sampling.top_p": 0.5}, tensors))
        self.assertEqual(self.options("-m", path)[0], "greedy")
        strategy, options = self.options("-m", path, "--generation-config", "model", "--top-p", "0.9")
        self.assertEqual((strategy, options["temperature"], options["top_p"]),
                         ("sample", (0.625, "GGUF general.sampling.temp"), (0.9, "flag")))

    def keyed(self, **sampling):
        keys, tensors = llama()
        path = os.path.join(self.folder, "keyed.gguf")
        with open(path, "wb") as file:
            file.write(gguf({**keys, **{"general.sampling." + name: value for name, value in sampling.items()}}, tensors))
        return path

    def test_a_sequence_of_the_model_s_own(self):
        given = lambda path: self.options("-m", path, "--generation-config", "model", "--set-only")[1]
        whole = given(self.keyed(sequence="Top-K;nucleus;infill;TEMP", temp="0.5", top_k=Signed(7), top_p=0.5, min_p=0.25, penalty_repeat=1.25,
                                 penalty_last_n=Signed(64)))
        self.assertEqual({name: value for name, (value, _) in whole.items() if name != "model"},  # what is not listed is off
                         {"temperature": 0.5, "top_k": 7, "top_p": 0.5, "sampler_order": "top_k;top_p;temperature"})
        self.assertEqual(whole["sampler_order"][1], "GGUF general.sampling.sequence")
        self.assertNotIn("sampler_order", given(self.keyed(sequence="top_k;temperature")))  # nothing is drawn
        idle = self.keyed(temp=0.5, penalty_last_n=Signed(64), mirostat_tau=3.0, xtc_probability=0.0, xtc_threshold=0.25)
        self.assertEqual(set(given(idle)) - {"model"}, {"temperature", "xtc_probability"})
        run = decant("run", "-t", "1", "--json", "--generation-config", "model", "-m", idle, "--no-chat-template", "-n", "2", "a", env=self.env)
        self.assertEqual(run.code, 0, run.err)

    def test_the_model_s_own_keys_wherever_one_wants_them(self):
        path = self.keyed(temp=0.5, top_p=0.5)
        named = self.write("own.yaml", "generation_config: model\ntop_p: 0.75\n")
        for env in {"DECANT_CONFIG": named}, {"DECANT_GENERATION_CONFIG": "model", "DECANT_TOP_P": "0.75"}:
            options = self.options("-m", path, **env)[1]
            self.assertEqual((options["temperature"], options["top_p"][0]), ((0.5, "GGUF general.sampling.temp"), 0.75))
            self.assertEqual(self.options("-m", path, "--no-config", **env)[0], "greedy")

    def test_every_command_that_generates_takes_them(self):
        env = {**self.env, "DECANT_TOP_K": "3", "DECANT_TEMPERATURE": "0.5", "DECANT_MAX_NEW_TOKENS": "4", "DECANT_NUM_RETURN_SEQUENCES": "2",
               "DECANT_SEED": "1"}
        small = "-t", "1", "-m", MICRO, "--no-chat-template", "--ignore-eos"

        def run(*args, **more):
            return self.assert_ok(decant(*args[:1], *small, *args[1:], env={**env, **more}))

        inspected = run("inspect", "--json", "abc").json["steps"]
        self.assertEqual(len(inspected), 1)  # not max_new_tokens, which means something else here
        self.assertEqual(sum(each["p"] > 0 for each in inspected[0]["candidates"]), 3)
        compared = run("compare", "--json", "--setting", "a:", "--setting", "b: top_k=2", "abc").json
        self.assertEqual([each["options"]["top_k"] for each in compared["settings"]], [3, 2])
        self.assertEqual(len(compared["prompts"][0]["texts"][0]["ids"]), 4)
        out, description = os.path.join(self.folder, "out.jsonl"), self.write("sweep.yaml", "prompts: [abc]\noptions: {top_k: 5}\ngrid: {seed: [1, 2]}\n")
        run("sweep", "--out", out, "--quiet", description)
        with open(out) as file:
            options = [json.loads(line)["options"] for line in list(file)[1:]]
        self.assertEqual([(each["top_k"], each["temperature"], each["max_new_tokens"]) for each in options], [(5, 0.5, 4)] * 2)
        for command in "inspect", "compare", "sweep", "serve", "chat", "run":
            more = {"serve": [], "chat": [], "sweep": ["--grid", "top_k=1", "--out", out + "2", "x"]}.get(command, ["x"])
            wrong = decant(command, *more, env={**self.env, "DECANT_THREADS": "many"})
            self.assertEqual(wrong.code, USAGE)
            self.assertRegex(wrong.err.decode(), "environment DECANT_THREADS: threads is 'many'")
        self.assertEqual(decant("serve", "--no-config", "--port", "-1", env={**self.env, "DECANT_THREADS": "many"}).err[:20], b"decant: --port is -1")

    def test_round_trip(self):
        saved = os.path.join(self.folder, "saved.json")
        flags = ("--temperature", "0.7", "--top-p", "0.9", "--stop", "a", "--stop", "b\n", "--logit-bias", "5=-1", "--seed", "9007199254740991",
                 "--repetition-penalty", "1.1", "--exponential-decay-length-penalty", "5,1.5", "--eos-token-id", "3,4")
        before = self.options(*flags, "--save-config", saved, "--set-only")[1]
        after = self.options("--generation-config", saved, "--set-only")[1]
        self.assertEqual({name: value for name, (value, _) in before.items()}, {name: value for name, (value, _) in after.items()})
        self.assertEqual({origin for _, origin in after.values()}, {saved})
        again = os.path.join(self.folder, "again.json")
        self.options("--generation-config", saved, "--save-config", again)
        with open(saved) as one, open(again) as two:
            self.assertEqual(one.read(), two.read())

    def test_a_run_takes_them(self):
        run = lambda *args, **env: decant("run", "-t", "1", "-m", MICRO, "--json", "--ignore-eos", *args, "abc", env={**self.env, **env})
        self.assertEqual(len(self.assert_ok(run(DECANT_MAX_NEW_TOKENS="3")).json["sequences"][0]["ids"]), 3)
        self.assertEqual(len(self.assert_ok(run("-n", "2", DECANT_MAX_NEW_TOKENS="3")).json["sequences"][0]["ids"]), 2)

    def test_mistakes(self):
        bad = self.write("bad.json", "[1]")
        for args, env, code, pattern in (
            ((), {"DECANT_TEMPERATURE": "hot"}, USAGE, "environment DECANT_TEMPERATURE: temperature is 'hot'.*"),
            ((), {"DECANT_CONFIG": self.write("x.yaml", "temprature: 1")}, USAGE, "unknown option temprature: did you mean temperature\\?"),
            ((), {"DECANT_CONFIG": self.write("y.yaml", "a: [")}, DATA, ".*y.yaml line .*"),
            ((), {"DECANT_CONFIG": "/none"}, NO_INPUT, ".*/none.*"),
            (("--generation-config", bad), {}, DATA, ".*bad.json holds no JSON object"),
            (("--generation-config", "/none"), {}, NO_INPUT, ".*/none.*"),
            (("--save-config", "/none/x"), {}, IO, ".*/none.*"),
        ):
            with self.subTest(pattern):
                self.assert_sentence(self.config(*args, **env), code, pattern)
        unknown = self.config("--generation-config", self.write("u.json", '{"temperatur": 1, "use_cache": true}'))
        self.assertEqual(unknown.code, 0)
        self.assertTrue(unknown.err.endswith(b"u.json has what decant does not: temperatur\n"), unknown.err)

    def test_doctor(self):
        found = self.assert_ok(decant("doctor", "--json", "-t", "1", "-m", MICRO, env=self.env)).json
        for name in "program", "processor", "kernels", "CPUs", "models", "hub", "model", "memory":
            self.assertIn(name, found)
        self.assertIn("decant models pull smollm2", self.assert_ok(decant("doctor", "--color", "never", env=self.env)).text.replace("\n", " "))


class Completion(Case):
    def complete(self, *words):
        return [line.split("\t")[0] for line in self.assert_ok(decant("complete", "--", *words)).text.splitlines()]

    def test_words(self):
        self.assertEqual(self.complete("ru"), ["run"])
        self.assertLessEqual(set(COMMANDS) | {"help"}, set(self.complete("")))
        self.assertEqual(self.complete("help", "insp"), ["inspect"])
        self.assertEqual(self.complete("run", "--temperatu"), ["--temperature"])
        self.assertIn("dola", self.complete("run", "--strategy", ""))
        self.assertEqual(self.complete("run", "--kernels", "o"), ["on", "off"])
        self.assertEqual(self.complete("models", "p"), ["pull"])
        self.assertIn("--json", self.complete("models", "ls", "--"))
        self.assertIn("smollm2", self.complete("run", "-m", "smo"))
        self.assertEqual(self.complete("run", "-f", ""), [])  # a file's name
        self.assertEqual(self.complete("nothing", ""), [])
        for name in COMMANDS:
            actions = {"models": "ls", "bench": "rows", "grammar": "show"}.get(name)
            words = [name, actions, "-"] if actions else [name, "-"]
            self.assertIn("--help", self.complete(*words), name)

    def test_shells(self):
        folder = os.path.dirname(support.PROGRAM)
        env = {**os.environ, "PATH": folder + ":" + os.environ["PATH"], "HOME": self.folder}
        asked = {
            "bash": 'source <(decant completions bash); COMP_LINE="decant run --temperatu"; COMP_POINT=${#COMP_LINE}; _decant; echo "${COMPREPLY[@]}"',
            "fish": 'decant completions fish | source; complete -C "decant run --temperatu"',
            "zsh": 'autoload -U compinit; compinit -u -d $HOME/z; source <(decant completions zsh); compadd() { print -r -- $names }; '
                   'words=(decant run --temperatu); CURRENT=3; _decant',
        }
        for shell, script in asked.items():
            if not shutil.which(shell):
                continue
            with self.subTest(shell):
                done = subprocess.run([shell, "-c", script], capture_output=True, text=True, env=env, timeout=300)
                self.assertIn("--temperature", done.stdout, done.stderr)
                if shell == "bash":
                    self.assertEqual(done.stdout.split(), ["--temperature"], done.stderr)

    def test_manual(self):
        for name in (), *((name,) for name in COMMANDS):
            page = self.assert_ok(decant("man", *name)).out
            self.assertTrue(page.startswith(b".Dd "), page[:100])
            if shutil.which("mandoc"):
                done = subprocess.run(["mandoc", "-Tlint", "-Wstyle"], input=page, capture_output=True, timeout=100)
                # Other pages need not be installed here.
                said = [line for line in done.stdout.decode().splitlines() if "referenced manual not found" not in line]
                self.assertEqual((name, said), (name, []))
        subprocess.run([os.path.join(ROOT, "scripts/manual.sh"), support.PROGRAM, self.folder], check=True, timeout=300)
        self.assertEqual(sorted(os.listdir(os.path.join(self.folder, "man/man1"))),
                         sorted(["decant.1", *(f"decant-{name}.1" for name in COMMANDS)]))
        self.assertRegex(decant("man", "nothing").err.decode(), "there is no command nothing")


if __name__ == "__main__":
    main()
