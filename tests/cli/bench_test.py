"""`decant bench` as its users meet it: bench_test.py PROGRAM

What is measured and how it is said; nothing here asserts how long anything takes. On the microscopic random model.
"""

from support import DATA, MICRO, NO_INPUT, USAGE, Case, Terminal, decant, main

FEW = ("--rows", "1,2,4", "--rounds", "2")


def rows(*args, model=("-t", "1", "-m", MICRO)):
    return decant("bench", "rows", *model, *args)


class Rows(Case):
    def test_json(self):
        found = self.assert_ok(rows("--json", "--kernels", "off", *FEW)).json
        self.assertEqual([each["rows"] for each in found["rows"]], [1, 2, 4])
        for each in found["rows"]:
            self.assertEqual(set(each), {"rows", "ms", "of_memory"})
            self.assertGreater(each["ms"], 0)
        self.assertEqual((found["model"], found["threads"], found["context"], found["rounds"]), ("micro", 1, 16, 2))
        self.assertNotIn("prefill", found)
        self.assertEqual(found["settings"], [{"threads": 1, "kernels": "off", "description": "f32 cache of 256 positions, plain attention, 1 threads, ggml's kernels"}])

    def test_memory_is_read_once_for_all_weights(self):
        memory = self.assert_ok(rows("--json", *FEW)).json["memory"]
        self.assertEqual(set(memory), {"bytes", "ms", "gb_per_s"})
        with open(MICRO, "rb") as file:
            size = len(file.read())
        self.assertLess(memory["bytes"], size)
        self.assertGreater(memory["bytes"], size / 4)  # the rest is the vocabulary
        self.assertAlmostEqual(memory["gb_per_s"] * memory["ms"] * 1e6, memory["bytes"], delta=memory["bytes"] * 1e-9)

    def test_prompts(self):
        found = self.assert_ok(rows("--json", "--prefill", "64,300", *FEW)).json
        self.assertEqual([each["tokens"] for each in found["prefill"]], [64, 300])
        for each in found["prefill"]:
            self.assertEqual(set(each), {"tokens", "ms"})

    def test_several_values_are_measured_in_turn(self):
        found = self.assert_ok(rows("--json", "--flash-attn", "on,off", "--prefill", "20", *FEW)).json
        self.assertEqual([(each["rows"], each["flash_attn"]) for each in found["rows"]],
                         [(n, value) for n in (1, 2, 4) for value in ("on", "off")])
        self.assertEqual([each["of_first"] for each in found["rows"][::2]], [1, 1, 1])
        self.assertEqual([each["flash_attn"] for each in found["prefill"]], ["on", "off"])
        self.assertEqual([each["flash_attn"] for each in found["settings"]], ["on", "off"])
        self.assertIn("flash attention", found["settings"][0]["description"])
        self.assertIn("plain attention", found["settings"][1]["description"])
        both = self.assert_ok(rows("--json", "--kernels", "off", "--flash-attn", "on,off", "--cache-type", "f32,f16", "--rows", "1", "--rounds", "1")).json
        self.assertEqual(both["settings"][1], {"threads": 1, "kernels": "off", "cache_type": "f32", "flash_attn": "off", "description": "f32 cache of 256 positions, plain attention, 1 threads, ggml's kernels"})
        self.assertEqual([(each["cache_type"], each["flash_attn"]) for each in both["rows"]],
                         [("f32", "on"), ("f32", "off"), ("f16", "on"), ("f16", "off")])

    def test_table(self):
        lines = self.assert_ok(rows("--prefill", "64", "--context", "100", *FEW)).text.splitlines()
        self.assertEqual(lines[0], "micro, 100 tokens cached, medians of 2 rounds")
        self.assertRegex(lines[2], r"\Amemory: \d+\.\d MB in \d+\.\d\d ms, \d+\.\d GB/s\Z")
        self.assertEqual(lines[4].split(), ["rows", "ms", "tokens/s", "of", "memory"])
        self.assertEqual([line.split()[0] for line in lines[5:8]], ["1", "2", "4"])
        self.assertEqual(lines[9].split(), ["prompt", "ms", "tokens/s"])
        self.assertEqual(lines[10].split()[0], "64")
        self.assertEqual(len({len(line) for line in lines[4:8]}), 1, "columns stand below each other")
        several = self.assert_ok(rows("--flash-attn", "on,off", *FEW)).text.splitlines()
        self.assertIn("flash_attn off: ", several[2])
        self.assertEqual([line.split()[1:3] for line in several[6:8]], [["flash_attn", "on"], ["flash_attn", "off"]])

    def test_progress_is_for_terminals(self):
        quiet, _ = Terminal("bench", "rows", "-t", "1", "-m", MICRO, "--quiet", *FEW, stdout=False).finish()
        self.assertIn(b"medians of 2 rounds", quiet)

    def test_bad_input(self):
        for args, pattern in (
            (("--rows", "0"), r".*rows.*from 1 to 64.*"),
            (("--rows", "1,65"), r".*rows.*from 1 to 64.*"),
            (("--rows", "1,x"), r".*rows.*"),
            (("--rows", ""), r".*rows.*"),
            (("--prefill", "0"), r".*prefill.*at least 1.*"),
            (("--context", "0"), r".*context.*at least 1.*"),
            (("--rounds", "0"), r".*rounds.*at least 1.*"),
            (("--context", "1000000"), r"context is 1000000: micro has room for \d+ tokens"),
            (("--prefill", "1000000"), r"prefill is 1000000: micro has room for \d+ tokens"),
            (("--flash-attn", "on,often"), r".*flash_attn.*often.*"),
            (("--flash-attn", "on", "--flash-attn", "off"), r"--flash-attn was given more than once"),
            (("--num-beams", "4"), r"unknown option --num-beams.*"),
            (("--ctx-size", "4"), r"unknown option --ctx-size.*"),
            (("a prompt",), r"unexpected argument 'a prompt'.*"),
        ):
            with self.subTest(args):
                self.assert_sentence(rows(*args), USAGE, pattern)
        self.assert_sentence(rows(model=("-m", "nothing.gguf")), NO_INPUT, r".*nothing\.gguf.*")
        self.assert_sentence(rows(model=("-m", self.file("bad.gguf", b"GGUF" + bytes(100)))), DATA, r".*bad\.gguf.*")

    def test_what_to_measure(self):
        self.assert_sentence(decant("bench"), USAGE, r"bench needs to know what to measure: decant bench rows")
        self.assert_sentence(decant("bench", "columns"), USAGE, r"unknown benchmark columns: there is decant bench rows")
        self.assertIn("decant bench rows --help", self.assert_ok(decant("bench", "--help")).text)
        text = self.assert_ok(rows("--help")).text
        for flag in ("--rows", "--prefill", "--context", "--rounds", "--threads", "--json"):
            self.assertIn(flag, text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 120)


if __name__ == "__main__":
    main()
