#!/usr/bin/env python3
"""Beam search under JSON schemas, judged by the package jsonschema: beams_test.py PROGRAM --beams F32_MODEL

50 small schemas, four beams each: every hypothesis is JSON and what its schema allows, or is cut off by the limit on
tokens, as one of blanks may be, but no more than one in ten; no two of a schema are the same tokens; the best come first;
and each is worth what the model says of its tokens when they are given to it (hence F32: ggml's kernels give a row of
Q4_0 other logits in other company, up to 0.2 a token). That the search finds what it should is shown against a naive one
(tests/strategies/beam_test.cpp).

How often greedy decoding's text is worth more than the best beam is counted without a verdict. Beam search does not
promise otherwise: a text that ends at a rank of num_beams or more is not admitted, and what a grammar forces later cannot
be seen early. And the count hangs on the last digits: 1 in F32, in Q4_0 from 3 to 6 by kernels and CPU."""
import json
import subprocess
import sys

import jsonschema

WORD = {"type": "string", "minLength": 2, "maxLength": 12, "pattern": "^[a-zA-Z]+$"}
SMALL = {"type": "integer", "minimum": 0, "maximum": 99}
PRICE = {"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.01}


def record(**properties):
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def some(items, least=1, most=3):
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


SCHEMAS = {
    "a colour": {"enum": ["red", "green", "blue"]}, "an answer": {"type": "boolean"}, "an age": SMALL,
    "a name": WORD, "nothing": {"type": "null"}, "a constant": {"const": {"a": [1, 2]}},
    "a weekday": {"enum": ["Monday", "Tuesday", "Friday", "Sunday"]}, "a digit": {"type": "integer", "minimum": 0, "maximum": 9},
    "a date": {"type": "string", "format": "date"}, "a time": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
    "a postcode": {"type": "string", "pattern": "^[0-9]{5}$"}, "a country code": {"type": "string", "pattern": "^[A-Z]{2}$"},
    "a grade": {"enum": ["A", "B", "C", "D"]}, "a negative number": {"type": "integer", "minimum": -50, "maximum": -1},
    "a temperature": {"type": "integer", "minimum": -20, "maximum": 40}, "a mixed value": {"enum": [1, "one", None, True]},
    "a pair of numbers": some(SMALL, 2, 2), "three words": some(WORD, 3, 3), "flags": some({"type": "boolean"}, 2, 4),
    "a list of colours": some({"enum": ["red", "green", "blue"]}), "an empty list": some(SMALL, 0, 0),
    "a list of lists": some(some(SMALL, 1, 2), 1, 2), "a tuple": {"type": "array", "prefixItems": [WORD, SMALL], "items": False, "minItems": 2},
    "a person": record(name=WORD, age=SMALL), "a point": record(x=SMALL, y=SMALL), "a book": record(title=WORD, year={"type": "integer", "minimum": 1900, "maximum": 2030}),
    "a city": record(name=WORD, capital={"type": "boolean"}), "a product": record(name=WORD, price=SMALL),
    "a pet": record(name=WORD, kind={"enum": ["dog", "cat", "bird"]}), "a song": record(title=WORD, minutes={"type": "integer", "minimum": 1, "maximum": 9}),
    "a room": record(floor=SMALL, doors=SMALL, light={"type": "boolean"}), "a car": record(maker=WORD, wheels={"const": 4}),
    "an order": record(item=WORD, count=SMALL, paid={"type": "boolean"}), "a score": record(home=SMALL, away=SMALL),
    "a file": record(name={"type": "string", "pattern": "^[a-z]{1,8}\\.(txt|md|c)$"}, size=SMALL),
    "a user": record(id=SMALL, tags=some(WORD, 1, 2)), "a line": record(**{"from": record(x=SMALL, y=SMALL), "to": record(x=SMALL, y=SMALL)}),
    "a weather report": record(sky={"enum": ["clear", "cloudy", "rain"]}, degrees=SMALL),
    "a choice": {"anyOf": [record(yes={"type": "boolean"}), record(no=SMALL)]}, "a shape": {"oneOf": [record(side=SMALL), record(radius=SMALL, kind={"const": "circle"})]},
    "an optional field": {"type": "object", "properties": {"a": SMALL, "b": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False},
    "a null or a word": {"type": ["null", "string"], "maxLength": 8}, "a reference": {"$defs": {"n": SMALL}, **record(n={"$ref": "#/$defs/n"}, m={"$ref": "#/$defs/n"})},
    "a nested record": record(a=record(b=record(c={"type": "boolean"}))), "a list of points": some(record(x=SMALL, y=SMALL), 1, 2),
    "a letter": {"type": "string", "minLength": 1, "maxLength": 1}, "a short text": {"type": "string", "maxLength": 10},
    "a version": {"type": "string", "pattern": "^[0-9]\\.[0-9]\\.[0-9]$"}, "a hex colour": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
    "a yes or no": {"enum": ["yes", "no"]},
}
assert len(SCHEMAS) == 50
LIMIT = 300  # tokens: kMost in the program
ROUNDING = 1e-3  # of a log-probability, by F32 weights in other company: as of the golden files' logits

lines = [json.dumps({"name": name, "schema": schema}) for name, schema in SCHEMAS.items()]
run = subprocess.run(sys.argv[1:], input="\n".join(lines), capture_output=True, text=True, timeout=3600)
if run.returncode != 0:
    sys.exit(run.stderr)
answers = [json.loads(line) for line in run.stdout.splitlines()]
assert [answer["name"] for answer in answers] == list(SCHEMAS)


def faults_of(schema, beams):
    """What is wrong with the hypotheses of a schema, best first."""
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    if not beams:
        yield "nothing found"
    if len({tuple(each["ids"]) for each in beams}) < len(beams):
        yield "the same text twice"
    if any(first["sum"] < second["sum"] for first, second in zip(beams, beams[1:])):
        yield f"not in order: {[each['sum'] for each in beams]}"
    for each in beams:
        if max(abs(each["sum"] - each[name]) for name in ("score", "forced")) > ROUNDING * len(each["ids"]):
            yield f"adds up to {each['sum']}, was {each['score']}, is {each['forced']}: {each['text']!r}"
        if not each["finished"]:
            if len(each["ids"]) != LIMIT:
                yield f"ended too soon: {each['text']!r}"
            continue
        try:
            if error := next(validator.iter_errors(json.loads(each["text"])), None):
                yield f"{error.message}: {each['text']!r}"
        except ValueError as error:
            yield f"not JSON: {error}: {each['text']!r}"


count = faults = unfinished = below = 0
worst = 0.0
for answer in answers:
    beams, greedy = answer["beams"], answer["greedy"]
    count += len(beams)
    unfinished += sum(not each["finished"] for each in beams)
    for fault in faults_of(SCHEMAS[answer["name"]], beams):
        faults += 1
        print(f"{answer['name']}: {fault}")
    worst = max([worst, *(abs(each["sum"] - each["forced"]) / len(each["ids"]) for each in beams)])
    below += bool(beams) and greedy["finished"] and greedy["sum"] > beams[0]["sum"] + ROUNDING * len(greedy["ids"])
print(f"{len(SCHEMAS)} schemas, {count} hypotheses: {faults} faults, {unfinished} unfinished; "
      f"sums off by {worst:.1e} a token at most; greedy decoding's text is the better one in {below}")
sys.exit(1 if faults or unfinished > count / 10 else 0)
