#!/usr/bin/env python3
"""Makes schemastore.jsonl and test_suite.jsonl from checkouts of SchemaStore/schemastore and
json-schema-org/JSON-Schema-Test-Suite: make_schemas.py SCHEMASTORE TEST_SUITE PROGRAM

PROGRAM reads schemas, one per line, and answers each with a line, empty where it can follow the schema: schema_texts
--check is one."""
import json
import pathlib
import subprocess
import sys

ANNOTATIONS = {"title", "description", "default", "examples", "$comment", "markdownDescription", "enumDescriptions",
               "markdownEnumDescriptions", "defaultSnippets", "x-taplo", "x-intellij-html-description", "errorMessage",
               "doNotSuggest", "deprecationMessage"}
NAMES = {"properties", "definitions", "$defs", "patternProperties"}


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def without_annotations(schema, names=False):
    if isinstance(schema, list):
        return [without_annotations(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: value if key in ("enum", "const") else without_annotations(value, key in NAMES and not names)
            for key, value in schema.items() if names or key not in ANNOTATIONS}


def public_schemas(root):
    """Of the public schemas that can be followed, 200: the 20 smallest left out, the next ones taken."""
    found = []
    for path in sorted((root / "src/schemas/json").glob("*.json")):
        try:
            found.append((path.stem, without_annotations(json.loads(path.read_text(encoding="utf-8")))))
        except ValueError:
            pass  # some are links
    lines = "".join(compact(schema) + "\n" for _, schema in found)
    answers = subprocess.run([sys.argv[3], "--check"], input=lines, capture_output=True, text=True, check=True)
    followed = [pair for pair, answer in zip(found, answers.stdout.split("\n")) if not answer]
    followed.sort(key=lambda pair: len(compact(pair[1])))
    return followed[20:220]


def test_suite(root):
    """Draft 2020-12 in full; of draft 4 what looks different. Contents of strings are annotations, here as there."""
    seen = set()
    for draft in ("draft2020-12", "draft4"):
        for path in sorted((root / "tests" / draft).rglob("*.json")):
            for group in json.loads(path.read_text(encoding="utf-8")):
                group["schema"].pop("$schema", None) if isinstance(group["schema"], dict) else None
                tests = [[test["data"], test["valid"]] for test in group["tests"]]
                line = compact({"name": group["description"], "schema": group["schema"], "tests": tests})
                if line not in seen:
                    seen.add(line)
                    yield line


here = pathlib.Path(__file__).parent
with open(here / "schemastore.jsonl", "w", encoding="utf-8") as out:
    for name, schema in public_schemas(pathlib.Path(sys.argv[1])):
        out.write(compact({"name": name, "schema": schema}) + "\n")
with open(here / "test_suite.jsonl", "w", encoding="utf-8") as out:
    for line in test_suite(pathlib.Path(sys.argv[2])):
        out.write(line + "\n")
