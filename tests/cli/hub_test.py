"""Models that are fetched: hub_test.py PROGRAM

A server on loopback (hub_server.py) answers as Hugging Face's hub does. Whatever goes wrong, no name in the cache ever stands
for half a file, and the next run succeeds.
"""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hostile"))

from hub_server import COMMIT, Hub
from support import DATA, IO, NO_INPUT, ROOT, UNAVAILABLE, USAGE, Case, Terminal, decant, main, spawn
from tiny_models import llama, split

with open(os.path.join(ROOT, "tests/zoo/llama.gguf"), "rb") as file:
    MODEL = file.read()
SHA256 = hashlib.sha256(MODEL).hexdigest()


class Fetched(Case):
    def setUp(self):
        super().setUp()
        self.hub = Hub({"u/r": {"m-Q4_K_M.gguf": MODEL, "m-Q8_0.gguf": MODEL + b"8", "mmproj-Q4_K_M.gguf": b"eyes"}})
        self.addCleanup(self.hub.close)
        self.home = os.path.join(self.folder, "hf")
        self.repository = os.path.join(self.home, "hub/models--u--r")
        self.env = {**os.environ, "HF_HOME": self.home, "HF_ENDPOINT": self.hub.url + "/", "HOME": self.folder,
                    "DECANT_CACHE": os.path.join(self.folder, "decant"), "no_proxy": "127.0.0.1"}
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "LLAMA_CACHE", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
            self.env.pop(name, None)

    def models(self, *args, **options):
        return decant("models", *args, **{"env": self.env, **options})

    def pull(self, name="hf:u/r", **options):
        return self.models("pull", "--quiet", name, **options)

    def assert_fetched(self, result, file="m-Q4_K_M.gguf", content=MODEL):
        path = self.assert_ok(result).text.strip()
        self.assertEqual(path, os.path.join(self.repository, "snapshots", COMMIT, file))
        with open(path, "rb") as found:
            self.assertEqual(found.read(), content)

    def assert_nothing_wrong(self):
        """Every name stands for a whole file."""
        for folder, _, files in os.walk(os.path.join(self.repository, "snapshots")):
            for name in files:
                self.assertTrue(os.path.exists(os.path.join(folder, name)), name)
        blobs = os.path.join(self.repository, "blobs")
        for name in os.listdir(blobs) if os.path.exists(blobs) else []:
            if not name.endswith(".incomplete"):
                with open(os.path.join(blobs, name), "rb") as file:
                    self.assertEqual(hashlib.sha256(file.read()).hexdigest(), name)

    def leftover(self):
        path = os.path.join(self.repository, "blobs", SHA256 + ".incomplete")
        return os.path.getsize(path) if os.path.exists(path) else None


class Names(Fetched):
    def test_layout_is_that_of_hugging_face(self):
        self.assert_fetched(self.pull())
        link = os.path.join(self.repository, "snapshots", COMMIT, "m-Q4_K_M.gguf")
        self.assertEqual(os.readlink(link), f"../../blobs/{SHA256}")
        with open(os.path.join(self.repository, "refs/main")) as ref:
            self.assertEqual(ref.read(), COMMIT)

    def test_by_quant_and_by_file(self):
        self.assert_fetched(self.pull("hf:u/r:q8_0"), "m-Q8_0.gguf", MODEL + b"8")
        self.assert_fetched(self.pull("hf://u/r/m-Q4_K_M.gguf"))
        self.assert_sentence(self.pull("hf:u/r:Q2_K"), NO_INPUT, r"u/r has no Q2_K model: only m-Q4_K_M\.gguf, m-Q8_0\.gguf")
        self.assert_sentence(self.pull("hf:u/r/x.gguf"), NO_INPUT, r"u/r has no x\.gguf: only m-Q4_K_M.*")
        self.assert_sentence(self.pull("hf:u/none"), NO_INPUT, ".* has no u/none")
        self.assert_sentence(self.pull("other"), USAGE, "other cannot be fetched.*")

    def test_a_run_fetches_once(self):
        run = lambda *more: decant("run", "-t", "1", "-n", "3", "--quiet", "-m", "hf:u/r", *more, "abc", env=self.env)
        first = self.assert_ok(run()).text
        before = len(self.hub.requests)
        self.assertEqual(self.assert_ok(run()).text, first)
        self.assertEqual(self.assert_ok(run("--offline")).text, first)
        self.assertEqual(len(self.hub.requests), before)

    def test_offline(self):
        for options in ({"env": {**self.env, "HF_HUB_OFFLINE": "1"}}, {}):
            flags = [] if options else ["--offline"]
            result = decant("run", *flags, "-m", "hf:u/r", "abc", **{"env": self.env, **options})
            self.assert_sentence(result, UNAVAILABLE, r"hf:u/r is not in the Hugging Face cache .*: drop --offline, .*")
        self.assertEqual(self.hub.requests, [])

    def test_parts(self):
        folder = os.path.join(self.folder, "parts")
        os.mkdir(folder)
        parts = {}
        for path in split(*llama(), 3, folder):
            with open(path, "rb") as file:
                parts["q/" + os.path.basename(path)] = file.read()
        self.hub.repositories["u/r"] = parts
        names = sorted(parts)
        self.assert_fetched(self.pull("hf:u/r/" + names[0]), names[0], parts[names[0]])
        for name in names:
            self.assertTrue(os.path.exists(os.path.join(self.repository, "snapshots", COMMIT, name)))
        self.assert_ok(self.models("show", "--quiet", "-t", "1", "hf:u/r"))
        del parts[names[2]]
        self.assert_sentence(self.pull(), NO_INPUT, r"u/r has no .*-00003-of-00003\.gguf, which is a part of .*")


class Refusals(Fetched):
    def test_tokens(self):
        self.hub.token = "secret"
        self.assert_sentence(self.pull(), UNAVAILABLE, ".* says 401 for u/r: .*set HF_TOKEN.*")
        self.assert_sentence(self.pull(env={**self.env, "HF_TOKEN": "wrong"}), UNAVAILABLE, ".* says 401 .*the token of HF_TOKEN may not.*")
        other = Hub(self.hub.repositories)
        self.addCleanup(other.close)
        self.hub.elsewhere = other
        self.assert_fetched(self.pull(env={**self.env, "HF_TOKEN": "secret"}))
        self.assertEqual(len(other.requests), 1)
        self.assertNotIn("Authorization", other.requests[0][1])  # it is the first host's alone
        os.makedirs(self.home, exist_ok=True)
        with open(os.path.join(self.home, "token"), "w") as file:
            file.write("secret\n")
        self.assert_fetched(self.pull("hf:u/r:Q8_0"), "m-Q8_0.gguf", MODEL + b"8")

    def test_a_busy_server(self):
        self.hub.list_faults = [("status", 429, {"Retry-After": "1"})]
        self.hub.faults = [("status", 503)]
        begin = time.monotonic()
        self.assert_fetched(self.pull())
        self.assertGreaterEqual(time.monotonic() - begin, 1)
        self.hub.list_faults = [("status", 429, {"Retry-After": "3600"})]
        self.assert_sentence(self.pull(), UNAVAILABLE, ".* wants no further request for 3600 s .*")

    def test_no_server(self):
        self.hub.close()
        self.assert_sentence(self.pull(), UNAVAILABLE, "u/r could not be fetched from .*: check the network, then try again.*")

    def test_what_is_no_hub(self):
        for page in b"<html>", b"[]", b'{"sha":"../..","siblings":[]}', b'{"sha":"' + b"a" * 40 + b'"}':
            self.hub.list_faults = [("garbage", page)]
            self.assert_sentence(self.pull(), DATA, ".*")
        evil = {"rfilename": "../../evil.gguf", "lfs": {"sha256": SHA256, "size": len(MODEL)}}
        for change in {}, {"rfilename": "a.gguf", "lfs": {"sha256": "../../../evil", "size": 1}}:
            listing = json.dumps({"sha": COMMIT, "siblings": [{**evil, **change}]}).encode()
            self.hub.list_faults = [("garbage", listing)]
            self.assert_sentence(self.pull(), DATA, ".*")
        self.assertFalse(os.path.exists(self.repository))


class Faults(Fetched):
    def test_cut_connections(self):
        n = len(MODEL)
        self.hub.faults = [("cut", n // 3), ("cut", n // 3), ("longer",)]
        self.assert_fetched(self.pull())
        self.assertEqual(self.hub.bytes_sent, n)  # nothing twice

    def test_servers_that_lie(self):
        self.hub.faults = [("short", 1000), ("no_range",)]
        self.assert_fetched(self.pull())
        self.hub.faults = [("endless",)]
        self.assert_sentence(self.pull("hf:u/r:Q8_0"), DATA, ".* sends more than the .* bytes that m-Q8_0.gguf has.*")
        self.hub.faults = [("short", 1000), ("short", 0), ("short", 0), ("short", 0), ("short", 0), ("short", 0)]
        self.assert_sentence(self.pull("hf:u/r:Q8_0"), UNAVAILABLE, "m-Q8_0.gguf could not be fetched .*ends after 1000 of .*")
        self.assert_fetched(self.pull("hf:u/r:Q8_0"), "m-Q8_0.gguf", MODEL + b"8")
        self.assert_nothing_wrong()

    def test_a_wrong_hash(self):
        self.hub.wrong_hash = True
        self.assert_sentence(self.pull(), DATA, f"m-Q4_K_M.gguf has SHA-256 {SHA256} instead of 0+: .*")
        self.assertEqual(os.listdir(os.path.join(self.repository, "blobs")), [])
        self.hub.wrong_hash = False
        self.assert_fetched(self.pull())

    def test_what_is_left_is_gone_on_from_if_it_is_right(self):
        blobs = os.path.join(self.repository, "blobs")
        os.makedirs(blobs)
        for left, sent in ((MODEL[:5000], len(MODEL) - 5000), (bytes(5000), 2 * len(MODEL) - 5000), (MODEL + b"more", len(MODEL)),
                           (MODEL, 0)):
            for name in os.listdir(blobs):
                os.remove(os.path.join(blobs, name))
            with open(os.path.join(blobs, SHA256 + ".incomplete"), "wb") as file:
                file.write(left)
            self.hub.bytes_sent = 0
            self.assert_fetched(self.pull())
            self.assertEqual(self.hub.bytes_sent, sent)

    def test_killed_at_twenty_points(self):
        for i in range(20):
            self.hub.faults = [("slow", len(MODEL) // 20 + 1)]
            process = spawn("models", "pull", "--quiet", "hf:u/r", env=self.env, stdout=subprocess.DEVNULL)
            wanted = len(MODEL) * i // 20
            while process.poll() is None and (self.leftover() or 0) < wanted:
                time.sleep(0.0005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assert_nothing_wrong()
            self.hub.faults = []
            sent = self.hub.bytes_sent
            self.assert_fetched(self.pull())
            self.assertLessEqual(self.hub.bytes_sent - sent, len(MODEL))
            self.assert_ok(self.models("rm", "--quiet", "hf:u/r"))

    def test_several_at_once(self):
        self.hub.faults = [("slow", len(MODEL) // 20 + 1)]
        processes = [spawn("models", "pull", "--quiet", "hf:u/r", env=self.env, stdout=subprocess.PIPE) for _ in range(4)]
        texts = {process.communicate()[0] for process in processes}
        self.assertEqual(len(texts), 1)
        self.assert_nothing_wrong()
        self.assertEqual(self.hub.bytes_sent, len(MODEL))

    def test_a_full_disk(self):
        limit = len(MODEL) // 2

        def small_disk():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        self.assert_sentence(self.pull(preexec_fn=small_disk), IO, "cannot write .*; what is there is kept, .*")
        self.assertEqual(self.leftover(), limit)
        self.assert_nothing_wrong()
        self.assert_fetched(self.pull())
        self.assertEqual(self.hub.bytes_sent - limit, len(MODEL) - limit + (self.hub.bytes_sent - len(MODEL)))

    def test_a_cache_that_cannot_be_written(self):
        with open(self.home, "w"):
            self.assert_sentence(self.pull(), IO, "cannot keep the model u/r: .*; set HF_HUB_CACHE .*")
        os.remove(self.home)
        self.assert_fetched(self.pull())
        before = len(self.hub.requests)
        for folder, _, _ in os.walk(self.home):
            os.chmod(folder, 0o555)
        as_nobody = {} if os.geteuid() else {"user": 65534}
        os.chmod(self.folder, 0o755)
        try:
            result = self.models("ls", **as_nobody)
            self.assertIn("hf:u/r/m-Q4_K_M.gguf", self.assert_ok(result).text)
            again = decant("models", "show", "--quiet", "--json", "-t", "1", "hf:u/r", env={**self.env, "DECANT_CACHE": ""}, **as_nobody)
            self.assertEqual(again.code, 0, again.err)
            self.assertEqual(len(self.hub.requests), before)
            self.assert_sentence(self.pull("hf:u/r:Q8_0", **as_nobody), IO, "cannot (write to|keep) .*; set HF_HUB_CACHE .*")
        finally:
            for folder, _, _ in os.walk(self.home):
                os.chmod(folder, 0o755)


class Kept(Fetched):
    def test_list_remove_verify(self):
        self.assertEqual(self.models("ls", "--quiet").out, b"")
        self.assert_ok(self.pull()), self.assert_ok(self.pull("hf:u/r:Q8_0"))
        names = ["hf:u/r/m-Q4_K_M.gguf", "hf:u/r/m-Q8_0.gguf"]
        self.assertEqual([line.split()[0] for line in self.assert_ok(self.models("ls")).text.splitlines()], names)
        listed = self.assert_ok(self.models("ls", "--json")).json["models"]
        self.assertEqual([(each["name"], each["bytes"]) for each in listed], [(names[0], len(MODEL)), (names[1], len(MODEL) + 1)])
        self.assertEqual(self.assert_ok(self.models("verify", "--quiet")).text, "".join(f"{name}: as published\n" for name in names))
        with open(os.path.join(self.repository, "blobs", SHA256), "r+b") as blob:
            blob.write(b"G" * 100)
        result = self.models("verify", "--quiet", "hf:u/r")
        self.assertEqual((result.code, result.text), (DATA, f"{names[0]}: damaged\n"))
        removed = self.models("rm", "hf:u/r")
        self.assertEqual((removed.code, removed.err), (0, f"removed {names[0]} (0 MB)\n".encode()))
        self.assertEqual([line.split()[0] for line in self.assert_ok(self.models("ls")).text.splitlines()], names[1:])
        self.assertFalse(os.path.exists(os.path.join(self.repository, "blobs", SHA256)))
        self.assert_sentence(self.models("rm", "hf:u/r:Q4_K_M"), NO_INPUT, "hf:u/r:Q4_K_M is none of the models that were fetched.*")
        self.assert_sentence(self.models("rm", __file__), NO_INPUT, ".*: it is a file of yours: .*")
        self.assert_sentence(self.models("rm"), USAGE, "MODEL is required.*")

    def test_a_bar_at_a_terminal(self):
        self.hub.faults = [("slow", len(MODEL) // 40 + 1)]
        for columns in 40, 80:
            terminal = Terminal("models", "pull", "hf:u/r", columns=columns, env=self.env, stdout=False)
            _, shown = terminal.finish()
            self.assertIn("Downloading m-Q4_K_M.gguf", shown)
            self.assertTrue(all(len(part) < columns + 3 for part in shown.split("\r")), shown)
            self.assert_ok(self.models("rm", "--quiet", "hf:u/r"))
        result = self.models("pull", "hf:u/r")
        self.assertRegex(result.err.decode(), r"\ADownloading m-Q4_K_M\.gguf \(\d+ kB\)\n\Z")


if __name__ == "__main__":
    main()
