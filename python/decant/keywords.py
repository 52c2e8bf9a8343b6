"""From Python's keyword arguments, under Hugging Face's names, to the texts of the option table.

What an option is called, which values it takes and what it means stands in that table alone (src/options); here is only what Hugging Face
writes in another form: lists of lists of ids, dictionaries, objects.
"""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _core
from .errors import UsageError

FIELDS = {field.name: field for field in _core.generation_fields()}

# Hugging Face's keywords about its own machinery: results have all of it, or there is nothing here that they could change.
NOTHING_TO_SAY = frozenset(
    """attention_mask bos_token_id cache_config cache_implementation compile_config decoder_start_token_id disable_compile is_assistant
    low_memory pad_token_id return_dict_in_generate return_legacy_cache synced_gpus tokenizer
    assistant_tokenizer transformers_version use_cache""".split()
)

INSTEAD = {
    "constraints": "force_words says the same",
    "output_logits": "it goes with one prompt, greedy or sampled, without stream or recipe; trace=True has the likeliest candidates of any strategy",
    "output_scores": "it goes with one prompt, greedy or sampled, without stream or recipe; trace=True has the likeliest candidates of any strategy",
    "output_attentions": "decant has no attentions to return",
    "output_hidden_states": "Model.hidden_states() returns them",
    "penalty_alpha_k": "top_k is the number of candidates",
    "streamer": "stream=True returns an iterator",
    "max_tokens": "max_new_tokens says the same",
    "num_return": "num_return_sequences says the same",
}


def text_of(value: Any) -> str:
    """One value as the command line would have it."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if isinstance(value, Mapping):
        return json.dumps(value)
    if hasattr(value, "path") and hasattr(value, "generate"):  # a Model
        return str(value.path)
    try:
        return str(operator.index(value))
    except TypeError:
        pass
    if isinstance(value, Iterable):
        return ",".join(text_of(each) for each in value)
    return repr(float(value))


def texts_of(field: _core.Field, value: Any) -> list[str]:
    if not field.given_as_list or isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return [text_of(value)]
    return [text_of(each) for each in value] or (["none"] if field.default else [])


def ids_text(ids: Iterable[int]) -> str:
    return json.dumps([operator.index(each) for each in ids])


def _bias(value: Any) -> list[str]:
    pairs = value.items() if isinstance(value, Mapping) else value
    return [f"{ids_text([ids] if isinstance(ids, int) else ids)}={float(bias)!r}" for ids, bias in pairs]


def _watermark(value: Any) -> dict[str, Any]:
    config = value if isinstance(value, Mapping) else value.to_dict()
    known = {name: config[name] for name in ("greenlist_ratio", "bias", "hashing_key", "seeding_scheme", "context_width") if name in config}
    return {"watermark": True, **{f"watermark_{name}": each for name, each in known.items()}}


def translated(name: str, value: Any) -> dict[str, Any]:
    """A keyword of Hugging Face's under the names, and in the forms, of the table."""
    if name == "bad_words_ids":
        return {"bad_words": [ids_text(ids) for ids in value]}
    if name == "force_words_ids":
        return {"force_words": [json.dumps([[int(i) for i in each] for each in word]) if not isinstance(word[0], int) else ids_text(word) for word in value]}
    if name == "sequence_bias" and not _is_texts(value):
        return {"sequence_bias": _bias(value)}
    if name == "logit_bias" and isinstance(value, Mapping):
        return {"logit_bias": [f"{int(token)}={float(bias)!r}" for token, bias in value.items()]}
    if name == "watermarking_config":
        return _watermark(value)
    return {name: value}


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (not isinstance(value, Mapping) and all(isinstance(each, str) for each in value))


def of_generation_config(config: Any) -> dict[str, Any]:
    """The keywords in a dictionary, in a transformers.GenerationConfig (what differs from its defaults), or in a JSON file of one."""
    if config is None:
        return {}
    if isinstance(config, (str, os.PathLike)):
        with open(config, encoding="utf-8") as file:
            config = json.load(file)
    if not isinstance(config, Mapping):
        config = config.to_diff_dict()
    return {name: value for name, value in config.items() if not name.startswith("_")}


def options_of(keywords: Mapping[str, Any], generation_config: Any = None) -> _core.Options:
    """The options of one generation: `keywords` over `generation_config`. None is "not set". Raises Error for what there is not."""
    options = _core.Options()
    for name, value in {**of_generation_config(generation_config), **keywords}.items():
        name = name.rstrip("_")  # `lambda` is Python's own
        if value is None or name in NOTHING_TO_SAY or (name.startswith("output_") and not value):
            continue
        if name in INSTEAD:
            raise UsageError(f"{name}: {INSTEAD[name]}")
        for own, its in translated(name, value).items():
            field = FIELDS.get(own)
            texts = texts_of(field, its) if field else [text_of(its)]
            if texts:
                options.set(own, texts)
    return options


def knows(name: str) -> bool:
    """Whether options_of() has something to make of the keyword."""
    return name.rstrip("_") in FIELDS or name in NOTHING_TO_SAY or name in ("bad_words_ids", "force_words_ids", "watermarking_config")
