"""decant for `llm`: llm -m decant/smollm2 -o num_beams 4 "Name a colour."

decant/NAME is any model that decant knows by name, or that is a file; more names in the environment variable DECANT_LLM_MODELS, separated by
colons. Every option of generation is one of the plugin's. (Entry point `decant` of the group `llm`, in pyproject.toml.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Optional

import llm
from pydantic import create_model

from . import keywords
from .model import Model

_PYTHON = {"bool": bool, "int": int, "float": float, "str": str}

# A list is one text, its elements separated by commas, or one element.
Options = create_model("Options", __base__=llm.Options, **{name: (Optional[_PYTHON[field.type] if not field.given_as_list else str], None) for name, field in keywords.FIELDS.items()})

_models: dict[str, Model] = {}


class DecantModel(llm.Model):  # type: ignore[misc]
    can_stream = True
    Options = Options

    def __init__(self, name: str) -> None:
        self.name, self.model_id = name, f"decant/{name}"

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any = None) -> Iterator[str]:
        if self.name not in _models:
            _models[self.name] = Model(self.name, quiet=True)
        messages = [{"role": "system", "content": prompt.system}] if prompt.system else []
        for before in conversation.responses if conversation else []:
            messages += [{"role": "user", "content": before.prompt.prompt}, {"role": "assistant", "content": before.text_or_raise()}]
        messages.append({"role": "user", "content": prompt.prompt})
        options = {name: value for name, value in prompt.options.model_dump().items() if value is not None}
        written = _models[self.name].generate(messages, stream=True, **options)
        for piece in written:
            if piece.sequence == 0:
                yield str(piece)
        result = written.result
        response.response_json = {"ids": result.ids, "score": result.score, "finish_reason": result.finish_reason, "options": {k: v for k, v in result.options.items() if k in options}}

    def __str__(self) -> str:
        return f"decant: {self.name}"


@llm.hookimpl  # type: ignore[untyped-decorator]
def register_models(register: Any) -> None:
    for name in ["smollm2", *filter(None, os.environ.get("DECANT_LLM_MODELS", "").split(":"))]:
        register(DecantModel(name))
