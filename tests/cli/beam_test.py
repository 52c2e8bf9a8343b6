"""Beam searches on the command line: beam_test.py PROGRAM

On the microscopic random model: what the options mean for the answers, the tree in the terminal, bad input.
"""

import signal

from support import (MICRO, USAGE, Case, Terminal, answers, decant, ids, main, raw, records, start, wait_until_it_catches,
                     wait_until_it_has_worked)


class Beams(Case):
    def test_one_beam_is_greedy(self):
        self.assertEqual(ids("--num-beams", "1"), ids())
        self.assertEqual(ids("--strategy", "beam", "--num-beams", "1"), ids())

    def test_answers_come_best_first_and_say_what_they_are_worth(self):
        found = answers("--num-beams", "5", "--num-return-sequences", "5", "--length-penalty", "2")
        self.assertEqual(len({tuple(each["ids"]) for each in found}), 5)
        scores = [each["normalized_score"] for each in found]
        self.assertEqual(scores, sorted(scores, reverse=True))
        for each in found:
            self.assertAlmostEqual(each["beam_score"] / 8 ** 2, each["normalized_score"], delta=1e-9)
            self.assertAlmostEqual(each["beam_score"], each["score"], delta=1e-4)  # without processors
            self.assertNotIn("unmet", each)
        self.assertEqual(ids("--num-beams", "5"), [found[0]["ids"]])

    def test_normalize_prompt(self):
        result = raw("--json", "-n", "8", "--ignore-eos", "--num-beams", "3", "--normalize", "prompt", "abc").json
        found, length = result["sequences"][0], len(result["prompt_ids"]) + 8
        self.assertAlmostEqual(found["beam_score"] / length, found["normalized_score"], delta=1e-9)

    def test_sampling_with_beams_depends_on_the_seed_alone(self):
        one, two = (ids("--num-beams", "3", "--do-sample", "--seed", seed) for seed in ("1", "2"))
        self.assertNotEqual(one, two)
        self.assertEqual(one, ids("--num-beams", "3", "--temperature", "1", "--seed", "1"))

    def test_groups_differ(self):
        apart = answers("--num-beams", "3", "--num-beam-groups", "3", "--diversity-penalty", "50", "--num-return-sequences", "3")
        for step in range(8):
            self.assertEqual(len({each["ids"][step] for each in apart}), 3)

    def test_forced_words_are_there_or_are_reported(self):
        for words, wanted in (("[5,6]", [[5, 6]]), ("[[7,8],[9]]", [[7, 8], [9]])):
            found = answers("--num-beams", "4", "--force-words", words)[0]
            text = " ".join(map(str, found["ids"]))
            self.assertTrue(any(" ".join(map(str, one)) in text for one in wanted), text)
            self.assertEqual(found["unmet"], [])
        unmet = answers("--num-beams", "2", "--force-words", "[1,2,3,4,5,6,7,8,9]")[0]["unmet"]
        self.assertEqual(unmet, ["[1,2,3,4,5,6,7,8,9]"])

    def test_a_grammar_holds_in_every_beam(self):
        result = raw("--json", "-n", "20", "--num-beams", "4", "--num-return-sequences", "4", "--grammar", 'root ::= "a" [xy] [xy] "b"', "abc")
        texts = [each["text"] for each in result.json["sequences"]]
        self.assertTrue(texts and set(texts) <= {"axxb", "axyb", "ayxb", "ayyb"}, texts)

    def test_streamed_and_collected_texts_are_the_same(self):
        args = ("-n", "8", "--ignore-eos", "--num-beams", "3", "abc")
        self.assertEqual(raw(*args).out, raw("--no-stream", *args).out)

    def test_the_trace_is_a_tree(self):
        trace = records("-n", "6", "--ignore-eos", "--num-beams", "3", "--num-return-sequences", "2", "abc")
        steps = [each["search"] for each in trace if "search" in each]
        ends = next(each["finished"] for each in trace if "finished" in each)
        decisions = [each for each in trace if "token" in each]
        self.assertIn("run", trace[0])
        self.assertEqual([len(steps), len(decisions)], [6, 12])
        nodes = {0: (None, None)}
        for step in steps:
            for each in step["candidates"]:
                self.assertIn(each["parent"], nodes)
                if each["node"] is not None:
                    nodes[each["node"]] = (each["parent"], each["token"]["id"])
        for end in ends[:2]:
            path, node = [], end["node"]
            while node:
                node, token = nodes[node]
                path.insert(0, token)
            self.assertEqual(path, [each["token"]["id"] for each in decisions if each["seq"] == end["seq"]])


class Tree(Case):
    ARGS = ("run", "-t", "1", "-m", MICRO, "--no-chat-template", "--ignore-eos", "--show", "tree")
    THREE = (*ARGS, "--num-beams", "3")

    def test_as_text(self):
        result = decant(*self.THREE, "-n", "6", "abc")
        self.assertEqual(result.code, 0)
        self.assertIn("> 1: ", result.text)
        self.assertIn("others were better", result.text)
        self.assertIn("normalised", result.text)
        self.assertNotIn("\x1b", result.text)
        self.assertIn("\x1b[", decant(*self.THREE, "-n", "6", "--color", "always", "abc").text)

    def test_at_a_terminal_the_beams_are_wiped_before_the_tree(self):
        out = Terminal(*self.THREE, "-n", "200", "--color", "never", "abc").finish()[1]
        out = out.decode(errors="replace") if isinstance(out, bytes) else out
        self.assertIn("> 1: ", out)

    def test_control_c(self):
        process = start(*self.ARGS, "-n", "100000", "--num-beams", "64", "abc")
        wait_until_it_catches(process)
        wait_until_it_has_worked(process, 0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(err, b"")


class BadInput(Case):
    def test_one_sentence(self):
        beams = ("--num-beams", "4")
        for args, word in (
            (("--num-beams", "0"), "num_beams"),
            (("--num-beams", "3", "--num-beam-groups", "2"), "multiple"),
            ((*beams, "--num-return-sequences", "5"), "num_return_sequences"),
            ((*beams, "--num-beam-groups", "2", "--do-sample"), "num_beam_groups"),
            ((*beams, "--num-beam-groups", "2", "--force-words", "a"), "force_words"),
            ((*beams, "--force-words", "a", "--do-sample"), "force_words"),
            ((*beams, "--force-words", ""), "force_words"),
            ((*beams, "--force-words", '["a" "b"]'), "force_words"),
            ((*beams, "--force-words", "[99999]"), "99999"),
            (("--strategy", "beam"), "num_beams"),
            (("--strategy", "constrained_beam", *beams), "force_words"),
            (("--length-penalty", "2"), "num_beams"),
            ((*beams, "--early-stopping", "maybe"), "early_stopping"),
            ((*beams, "--normalize", "no"), "normalize"),
            ((*beams, "--hf-compat"), "hf_compat"),
            ((*beams, "--diversity-penalty", "1"), "num_beam_groups"),
            ((*beams, "--show", "forest"), "tree"),
            (("--show", "tree"), "beam"),
            ((*beams, "--show", "tree", "--json"), "--json"),
            ((*beams, "--allowed-token-ids", "5", "--suppress-tokens", "5"), "left no token"),
        ):
            with self.subTest(args=args):
                self.assert_sentence(raw("-n", "4", *args, "abc"), USAGE, f".*{word}.*")


if __name__ == "__main__":
    main()
