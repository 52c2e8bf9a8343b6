#!/usr/bin/env python3
"""Texts that a real model writes under JSON schemas, judged by the package jsonschema: schemas_test.py PROGRAM MODEL

200 public schemas (schemastore.jsonl) and a few that gather what those lack (features.jsonl), see
tests/support/schemas/README.md. Every text must be JSON, and be what its schema allows, formats included as far as the
package knows them. At most four may be cut off by the limit on tokens: a pattern such as .*x[0-9] in the middle of a
string gives no hint of what closes it."""
import json
import pathlib
import subprocess
import sys
import time

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "support/schemas"


def fault(schema, text):
    try:
        value = json.loads(text)
    except ValueError as error:
        return f"not JSON: {error}"
    Validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        Validator(schema, format_checker=Validator.FORMAT_CHECKER).validate(value)
    except jsonschema.ValidationError as error:
        return f"not allowed: {error.message[:200]}"
    return None


files = [SCHEMAS / "schemastore.jsonl", SCHEMAS / "features.jsonl"]
lines = [line for file in files for line in open(file, encoding="utf-8")]
begin = time.time()
run = subprocess.run(sys.argv[1:], input="".join(lines), capture_output=True, text=True, timeout=3600)
if run.returncode != 0:
    sys.exit(run.stderr)
answers = [json.loads(line) for line in run.stdout.split("\n") if line]
assert len(answers) == len(lines), (len(answers), len(lines))
faults = unfinished = 0
for line, answer in zip(lines, answers):
    if not answer["finished"]:
        unfinished += 1
        continue
    reason = fault(json.loads(line)["schema"], answer["text"])
    if reason:
        faults += 1
        print(f"{answer['name']}: {reason}\n  {answer['text'][:500]!r}")
size = sum(len(answer["text"]) for answer in answers)
print(f"{len(answers)} schemas, {size} bytes of text in {time.time() - begin:.0f} s: "
      f"{faults} not as the schema has it, {unfinished} unfinished")
sys.exit(1 if faults or unfinished > 4 else 0)
