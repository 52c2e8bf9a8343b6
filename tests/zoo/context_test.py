#!/usr/bin/env python3
"""Every model of the zoo with every strategy to the end of its context: a text that ends there, and no signal."""

import json
import os
import pathlib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import support
from support import UNAVAILABLE, Case, decant

ZOO = pathlib.Path(__file__).parent
SETTINGS = """greedy: num_beams=1
sample: do_sample=true seed=1
beam: num_beams=4
beam_sample: num_beams=3 do_sample=true seed=1
diverse_beam: num_beams=4 num_beam_groups=2 diversity_penalty=0.5
constrained_beam: num_beams=3 force_words=tea
contrastive_search: penalty_alpha=0.6 top_k=4
contrastive_search guided: penalty_alpha=0.6 top_k=4 guidance_scale=1.5
greedy guided: guidance_scale=1.5
contrastive_decoding: amateur=self:HALF
contrastive_decoding beams: amateur=self:HALF num_beams=3
contrastive_decoding briefly: amateur=self:q4_0 amateur_context=8
prompt lookup: prompt_lookup_num_tokens=5
draft model: assistant_model=self:HALF""".splitlines()
DOLA = ["dola: dola_layers=low", "dola dynamic: dola_layers=high"]
STATES = {"falconh1", "granitehybrid", "jamba", "mamba", "mamba2"}  # without earlier ones to go back to


class Context(Case):
    def setUp(self):
        super().setUp()
        self.cache = {**os.environ, "DECANT_CACHE": os.path.join(self.folder, "cache")}

    def compare(self, name, settings):
        half = str(json.loads((ZOO / f"{name}.json").read_text())["half"]["layers"])
        asked = [word for setting in settings for word in ("--setting", setting.replace("HALF", half))]
        return decant("compare", "-m", str(ZOO / f"{name}.gguf"), "-t", "1", "--no-chat-template", "--ignore-eos", "true",
                      "--max-new-tokens", "300", "--json", *asked, "a cup of tea", env=self.cache)

    def test_every_strategy_ends_with_the_context(self):
        names = sorted(path.stem for path in ZOO.glob("*.gguf"))
        self.assertGreaterEqual(len(names), 30)
        for name in names:
            with self.subTest(name):
                if name in STATES:
                    refused = self.compare(name, SETTINGS[-2:])
                    self.assertEqual(refused.code, UNAVAILABLE)
                    self.assertRegex(refused.err.decode(), f"{name} cannot take back drafts .*; drop prompt_lookup\n")
                self.ends(name, SETTINGS[:-2] if name in STATES else SETTINGS)
                dola = self.compare(name, DOLA)
                if dola.code == UNAVAILABLE:  # a sentence, where its layers cannot be read
                    self.assert_sentence(dola, UNAVAILABLE, ".* inner layers .*")
                else:
                    self.ends(name, DOLA)

    def ends(self, name, settings):
        texts = self.assert_ok(self.compare(name, settings)).json["prompts"][0]["texts"]
        self.assertEqual([(text["label"], text["finish_reason"]) for text in texts],
                         [(setting.split(":")[0], "context") for setting in settings])


if __name__ == "__main__":
    support.main()
