"""The prompts of speculation.py: bench/prompts/KIND/*.txt, each beside the JSON schema that its text follows, if any."""
import glob
import os
from typing import NamedTuple

from peers import BENCH


class Prompt(NamedTuple):
    name: str
    path: str
    text: str
    options: list  # of the text that follows


def prompts(kind, *options):
    found = []
    for path in sorted(glob.glob(os.path.join(BENCH, "prompts", kind, "*.txt"))):
        schema = path.removesuffix(".txt") + ".schema.json"
        with open(path, encoding="utf-8") as file:
            text = file.read().removesuffix("\n")
        own = ["--json-schema-file", schema] if os.path.exists(schema) else list(options)
        found.append(Prompt(os.path.basename(path).removesuffix(".txt"), path, text, own))
    return found


COPIES = prompts("copy", "--stop", "###")  # the mark between their parts
HELD_OUT = prompts("held_out", "--stop", "###")  # nothing was tuned on them
VERBATIM = prompts("verbatim", "--ignore-eos")
SCHEMAS = prompts("schema")
PROSE = prompts("prose", "--ignore-eos")
