"""Good input with something wrong in it: model files, traces, grammars, schemas, prompts, lists of them and option values.

A mutant is a function of its number: mutant(number, material) gives its kind, its files and its arguments.
"""

import json
import os
import random
import struct

from tiny_models import gguf, llama

EDGES = [0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**61, 2**63 - 1, 2**64 - 32, 2**64 - 1]
VALUES = ["", " ", "0", "-0", "-1", "1", "2", "1e300", "-1e300", "1e-320", "nan", "inf", "-inf", "0x10", "1.5", "true", "none", "[]", "{}",
          "[[]]", "[1,", "9" * 400, "2147483648", "9223372036854775808", "-9223372036854775809", "\u00e9", "\U0001F680", "\x1b[2J", "a" * 70_000,
          "1," * 5_000, "low", "high", "[[1]]", "[[99999]]", "a=1", "1=1", "299=1e38", "%s%n", "1;2", "1-2", "\\", "'", "\""]
GRAMMARS = ['root ::= "a" | "b" root', 'root ::= [a-z]+ (" " [^0-9] {2,5})? # c\n', 'root ::= item ("," item)*\nitem ::= "x" | "(" root ")"\n',
            'root ::= "\\x41\\u00e9\\n" ws\nws ::= [ \\t]* | ws2\nws2 ::= "" | . ']
SCHEMAS = ['{"type":"object","properties":{"a":{"type":"integer","minimum":-5,"maximum":300},"b":{"type":"string","pattern":"^a{2,9}[^x]*$"}},'
           '"required":["a"],"additionalProperties":false}',
           '{"type":"array","items":{"anyOf":[{"enum":["x",1,null]},{"$ref":"#/$defs/t"}]},"minItems":1,"maxItems":4,"$defs":{"t":{"const":[1,2]}}}',
           '{"allOf":[{"type":"string","format":"date-time"},{"minLength":3}],"oneOf":[{"maxLength":40}],"title":"\\u00e9"}']
PROMPTS = ["The lighthouse keeper wrote", "h\u00e9 \u20ac \U0001F680\n\ttab <s></s> <0x41>", "the " * 60]
LIST = '{"prompt":"the"}\n{"prompt":"he\\u00e9","id":1}\n\n{"prompt":"ll"}\n'
GRID = 'prompts: ["the", "he"]\noptions:\n  max_new_tokens: 2\nsettings: ["a: num_beams=2"]\ngrid:\n  top_k: [2, 5]\n  temperature: [0.5, 1]\n'


class Material:
    """What is mutated; `trace` is one that the program has written for `model`, `options` are their names."""

    def __init__(self, folder, trace, comparison, options):
        self.folder, self.options = folder, options
        keys, tensors = llama(context=64, **{"rope.freq_base": 10000.0})
        keys |= {"tokenizer.chat_template": "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"}
        self.model = gguf(keys, tensors)
        self.header = self.model.index(b"blk.0.ffn_down") + 60
        self.traces = [trace, comparison]
        self.good = os.path.join(folder, "good.gguf")


def changed(dice, data, first=0, last=None):
    """One to three bytes, numbers or pieces between two places changed, cut or doubled."""
    data = bytearray(data)
    for _ in range(1 + dice.randrange(3)):
        end = min(last or len(data), len(data))
        at = dice.randrange(first, max(end, first + 1))
        how = dice.randrange(7)
        if how == 0:
            data[at:at + 1] = bytes([dice.randrange(256)])
        elif how == 1:
            data[at:at + 8] = struct.pack("<Q", dice.choice(EDGES))
        elif how == 2:
            data[at:at + 4] = struct.pack("<I", dice.choice(EDGES) & 0xFFFFFFFF)
        elif how == 3:
            del data[at:at + 1 + dice.randrange(16)]
        elif how == 4:
            data[at:at] = data[(begin := dice.randrange(first, max(end, first + 1))):begin + dice.randrange(64)]
        elif how == 5:
            data[at:at] = dice.choice([b'"', b"{", b"[", b"(", b"\\", b"\0", b"*", b"{2,", b"9" * 30, b"\xff", b"::=", b"(" * 3_000, b"[" * 3_000, b"]"])
        elif dice.random() < 0.3:
            del data[at:]
    return bytes(data)


def of_model(dice, material):
    if dice.random() < 0.15:
        data = changed(dice, material.model, material.header)  # weights
    elif dice.random() < 0.1:
        data = material.model[:dice.randrange(len(material.model))]
    else:
        data = changed(dice, material.model, 0, material.header)
    more = dice.choice([[], ["--no-chat-template"], ["--penalty-alpha", "0.5", "--top-k", "3"], ["--dola-layers", "0"], ["--num-beams", "2"]])
    return {"m.gguf": data}, ["run", "-m", "m.gguf", "-t", "1", "-n", "3", "--quiet", *more, "the"]


def of_trace(dice, material):
    return {"t.jsonl": changed(dice, dice.choice(material.traces))}, ["report", "t.jsonl", "-o", "t.html"]


def with_good_model(material, *more):
    return ["run", "-m", material.good, "-t", "1", "-n", "4", "--no-chat-template", "--quiet", *more]


def of_grammar(dice, material):
    return {"g": changed(dice, dice.choice(GRAMMARS).encode())}, with_good_model(material, "--grammar-file", "g", "the")


def of_schema(dice, material):
    return {"s": changed(dice, dice.choice(SCHEMAS).encode())}, with_good_model(material, "--json-schema-file", "s", "the")


def of_prompt(dice, material):
    kind = dice.randrange(3)
    if kind == 0:
        return {"p": changed(dice, dice.choice(PROMPTS).encode())}, with_good_model(material, "-f", "p")
    common = ["-m", material.good, "-t", "1", "--no-chat-template", "--quiet"]
    if kind == 1:
        return {"p": changed(dice, LIST.encode())}, ["compare", *common, "-n", "2", "--prompts", "p", "--setting", "a: num_beams=1"]
    return {"g.yaml": changed(dice, GRID.encode())}, ["sweep", *common, "--out", "s.jsonl", "g.yaml"]


def of_option(dice, material):
    arguments = []
    for _ in range(1 + dice.randrange(2)):
        arguments += ["--" + dice.choice(material.options).replace("_", "-"), dice.choice(VALUES)]
    return {}, with_good_model(material, *[each.replace("\0", "") for each in arguments], "the")


KINDS = [of_model, of_model, of_trace, of_option, of_model, of_grammar, of_schema, of_prompt, of_model, of_trace]


def mutant(number, material):
    dice = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    files, arguments = kind(dice, material)
    return kind.__name__[3:], files, arguments
