"""Contrastive search, contrastive decoding and DoLa on the command line: contrast_test.py PROGRAM

On the microscopic random model: which options mean which strategy, amateurs made of the model itself, traces, bad input.
"""

import os

from support import DATA, MICRO, NO_INPUT, ROOT, USAGE, Case, answers, decant, ids, main, raw, records

Q4_0 = os.path.join(ROOT, "build/models/smollm2-q4_0.gguf")


class Contrast(Case):
    def test_without_a_contrast_they_are_greedy(self):
        greedy = ids()
        self.assertEqual(ids("--penalty-alpha", "0", "--top-k", "4"), greedy)
        self.assertEqual(ids("--penalty-alpha", "0.9", "--top-k", "1"), greedy)
        self.assertEqual(ids("--amateur", "self:1", "--alpha", "1"), greedy)
        self.assertEqual(ids("--amateur", "self:1", "--beta", "0"), greedy)
        self.assertEqual(ids("--amateur", "self:2"), greedy)  # identical: two layers are all it has
        self.assertEqual(ids("--dola-layers", "high", "--relative-top", "1"), greedy)

    def test_with_one_they_are_not(self):
        greedy = ids()
        self.assertNotEqual(ids("--penalty-alpha", "0.9", "--top-k", "20"), greedy)
        self.assertNotEqual(ids("--amateur", "self:1", "--alpha", "0", "--top-k", "0"), greedy)
        self.assertNotEqual(ids("--dola-layers", "0", "--relative-top", "0.001"), greedy)

    def test_every_kind_of_amateur(self):
        self.assertEqual(ids("--amateur", MICRO), ids("--amateur", "self:f32"))
        for amateur in ("self:1", "self:q8_0", "self:Q4_0"):
            self.assertEqual(len(ids("--amateur", amateur, "--top-k", "0")[0]), 8)

    def test_the_flags_of_the_old_playground(self):
        result = decant("run", "--prompt", "abc", "--expert", MICRO, "--amateur", "self:1", "--alpha", "0.1", "--top-k", "50",
                        "--tau-amateur", "0.5", "--max-new-tokens", "4", "--no-stream", "--no-chat-template")
        self.assertEqual(result.code, 0, result.err)

    def test_sampled_and_with_beams(self):
        drawn = ("--amateur", "self:1", "--do-sample", "--alpha", "0", "--top-k", "0", "--num-return-sequences", "3")
        self.assertEqual(ids(*drawn, "--seed", "1"), ids(*drawn, "--seed", "1"))
        self.assertNotEqual(ids(*drawn, "--seed", "1"), ids(*drawn, "--seed", "2"))
        self.assertEqual(len({tuple(each) for each in ids(*drawn, "--seed", "1")}), 3)
        found = answers("--amateur", "self:1", "--num-beams", "3", "--num-return-sequences", "3", "--length-penalty", "0")
        scores = [each["beam_score"] for each in found]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertEqual(len(ids("--dola-layers", "low", "--temperature", "1.5", "--num-return-sequences", "2")), 2)

    def test_other_options_work_beside_them(self):
        for contrast in (("--penalty-alpha", "0.6"), ("--amateur", "self:1"), ("--dola-layers", "high")):
            with self.subTest(contrast):
                free = ids(*contrast)[0]
                banned = ids(*contrast, "--suppress-tokens", str(free[0]))[0]
                self.assertNotIn(free[0], banned)
                text = raw("-n", "12", *contrast, "--json-schema", '{"enum": [1, 22, 333]}', "abc").out.decode()
                self.assertIn(text.strip(), ("1", "22", "333"))

    def test_traces(self):
        for payload, contrast in (("contrastive_search", ("--penalty-alpha", "0.6", "--top-k", "3")),
                                  ("contrastive_decoding", ("--amateur", "self:1")), ("dola", ("--dola-layers", "0,1"))):
            with self.subTest(payload):
                found = records("-n", "5", "--ignore-eos", *contrast, "abc")
                self.assertEqual(len(found), 5)
                for record in found:
                    self.assertTrue(record[payload]["candidates"])
                self.assertEqual([each["token"]["id"] for each in found], ids(*contrast)[0][:5])
        self.assertNotIn("contrastive_search", records("-n", "2", "--penalty-alpha", "0", "abc")[0])

    def test_bad_input(self):
        cases = (
            (USAGE, ("--penalty-alpha", "1.5"), r"penalty_alpha is 1.5: it must be a number from 0 to 1"),
            (USAGE, ("--penalty-alpha", "0.6", "--temperature", "0.8"), "penalty_alpha contradicts temperature: .*"),
            (USAGE, ("--penalty-alpha", "0.6", "--amateur", "self:1"), "penalty_alpha contradicts amateur: .*"),
            (USAGE, ("--tau-amateur", "0.5"), "tau_amateur does nothing without amateur: .*"),
            (USAGE, ("--amateur", "self:1", "--tau-amateur", "0"), "tau_amateur is 0: .*"),
            (USAGE, ("--amateur", "self:3"), "self:3: micro has 1 to 2 layers to take"),
            (USAGE, ("--amateur", "self:tiny"), "self:tiny is no model: .*"),
            (NO_INPUT, ("--amateur", "/no/such.gguf"), ".*/no/such.gguf.*"),
            (DATA, ("--amateur", Q4_0), "micro and smollm2-q4_0 have different vocabularies: token 3 is .*"),
            (USAGE, ("--dola-layers", "middle"), "dola_layers is 'middle': it can be low, high, or a list of layers like 18,20"),
            (USAGE, ("--dola-layers", "2"), "dola_layers: layer 2 is none to contrast with, this model has 0 to 1"),
            (USAGE, ("--dola-layers", "low", "--num-beams", "2"), "strategy dola does not read num_beams: .*"),
        )
        for code, args, sentence in cases:
            with self.subTest(args):
                self.assert_sentence(raw("-n", "2", *args, "abc"), code, sentence)


if __name__ == "__main__":
    main()
