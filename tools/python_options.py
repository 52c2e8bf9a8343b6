#!/usr/bin/env python3
"""The types of Python's keywords, made of the option tables: python/decant/options.py.

usage: python_options.py > python/decant/options.py    with decant importable
"""
import keyword

from decant import _core

HEAD = '''"""The options that generate() and Model take by name, for whoever checks types: made by tools/python_options.py of the tables in
src/options, src/processors, src/strategies and src/drafters. docs/options.md says more of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Optional, TypedDict, Union
'''
ANY = {"amateur", "assistant_model", "json_schema", "sequence_bias", "logit_bias", "dola_layers", "force_words"}  # in more forms than text
ALSO = {  # decant/keywords.py, decant/recipes.py
    "bad_words_ids": ("Sequence[Sequence[int]]", "Hugging Face's form of bad_words"),
    "force_words_ids": ("Sequence[Any]", "Hugging Face's form of force_words"),
    "watermarking_config": ("Any", "Hugging Face's form of the watermark options"),
    "output_logits": ("bool", "result.logits"),
    "output_scores": ("bool", "result.scores"),
    "pad_token_id": ("Optional[int]", "for recipes with Hugging Face's signature"),
    "custom_generate": ("Any", "a recipe: a function, or a folder with generate.py"),
    "recipe": ("Any", "the same"),
    "trust_remote_code": ("bool", "recipes of others may run"),
}


def type_of(field):
    if field.name in ANY:
        return "Any"
    kind = field.type
    if field.choices:
        words = "Literal[" + ", ".join(f'"{word}"' for word in field.choices) + "]"
        kind = f"Union[bool, {words}]" if "true" in field.choices else words
    if field.given_as_list:
        kind = f"Union[{kind}, Sequence[{kind}]]"
    return f"Optional[{kind}]"


def declared(title, doc, fields, also):
    lines = [f"\n\nclass {title}(TypedDict, total=False):", f'    """{doc}"""', ""]
    group = None
    for field in fields:
        if field.group != group:
            group = field.group
            lines += [f"    # ---- {group}", ""]
        name = f"{field.name}_" if keyword.iskeyword(field.name) else field.name
        lines += [f"    {name}: {type_of(field)}", f"    # {field.doc}", ""]
    for name, (kind, text) in also.items():
        lines += [f"    {name}: {kind}", f"    # {text}", ""]
    return "\n".join(lines).rstrip() + "\n"


def text():
    model = [field for field in _core.model_fields() if field.name != "model"]
    return (HEAD + declared("GenerationOptions", "The options of a generation.", _core.generation_fields(), ALSO)
            + declared("ModelOptions", "How a model is loaded and run.", model, {}))


if __name__ == "__main__":
    print(text(), end="")
