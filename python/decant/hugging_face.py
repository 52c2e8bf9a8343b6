"""A model as recipes with Hugging Face's signature know it: generate(model, input_ids, generation_config, **kwargs), torch in and out.

A façade, as thin as they need it: model(input_ids).logits, with past_key_values if they like, model.config, model.generation_config,
model.device, model.generate(); logits_processor and stopping_criteria where the recipe takes them by name. Every forward is part of the
engine's batch, and what a text has in common with the one before is not computed again, with or without past_key_values.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Optional

import json

import numpy as np

from . import _core, callables
from .errors import Error, UsageError
from .result import Result, Sequence, result_of

if TYPE_CHECKING:
    import torch

    from .model import Model
    from .recipes import Recipe

ROWS_AT_ONCE = 32


def torch_module() -> Any:
    try:
        import torch
    except ImportError:
        raise Error("this recipe has Hugging Face's signature, which needs torch: pip install torch", "unavailable") from None
    return torch


class Past:
    """What past_key_values is here: the texts that were read. The engine has what it knows of them."""

    def __init__(self, texts: list[list[int]]) -> None:
        self.texts = texts

    def get_seq_length(self, layer: int = 0) -> int:
        return len(self.texts[0]) if self.texts else 0

    def crop(self, length: int) -> None:
        self.texts = [text[:length] for text in self.texts]

    def reorder_cache(self, beams: Any) -> None:
        self.texts = [list(self.texts[int(beam)]) for beam in beams]

    def __len__(self) -> int:
        return self.get_seq_length()


class Known:
    """The logits of one text, which grows: a row for each of its tokens."""

    def __init__(self, n_vocab: int) -> None:
        self.ids: list[int] = []
        self.rows = np.empty((64, n_vocab), dtype=np.float32)
        self.nodes: list[_core.Node] = []

    def read(self, core: _core.Run, ids: list[int]) -> np.ndarray[Any, Any]:
        same = next((i for i, (a, b) in enumerate(zip(self.ids, ids)) if a != b), min(len(self.ids), len(ids)))
        del self.nodes[same:]
        while len(self.nodes) < len(ids):
            self.nodes.append(core.text(ids[:1]) if not self.nodes else self.nodes[-1].child(ids[len(self.nodes)]))
        if len(self.rows) < len(ids):
            grown = np.empty((2 * len(ids), self.rows.shape[1]), dtype=np.float32)
            grown[:same] = self.rows[:same]
            self.rows = grown
        for begin in range(same, len(ids), ROWS_AT_ONCE):
            nodes = self.nodes[begin : begin + ROWS_AT_ONCE]
            for place, row in enumerate(core.eval([_core.Ask(nodes)])):
                self.rows[begin + place] = row.logits
        self.ids = list(ids)
        return self.rows[: len(ids)]  # to be copied by whoever hands it out: recipes write into logits


class HuggingFaceModel:
    """What a recipe gets as `model`."""

    main_input_name = "input_ids"
    _supports_cache_class = True

    def __init__(self, model: Model, core: _core.Run, prompt: _core.Prompt, options: dict[str, Any], given: dict[str, Any]) -> None:
        self._model, self._core, self._torch = model, core, torch_module()
        self._known: list[Known] = []
        eos = options["eos_token_id"] or model.eos_token_ids
        pad = given.get("pad_token_id")
        self.device = self._torch.device("cpu")
        self.dtype = self._torch.float32
        ids = {"eos_token_id": eos[0] if len(eos) == 1 else eos, "pad_token_id": eos[0] if pad is None and eos else pad, "bos_token_id": given.get("bos_token_id")}
        self.config = SimpleNamespace(
            vocab_size=model.n_vocab, hidden_size=model.n_embd, num_hidden_layers=model.n_layer, max_position_embeddings=model.n_context,
            is_encoder_decoder=False, name_or_path=model.path, **ids,
        )
        self.config.get_text_config = lambda *_, **__: self.config
        sets = {**options, "do_sample": bool(options.get("do_sample")), **ids}
        self.generation_config = SimpleNamespace(**sets, use_cache=True, return_dict_in_generate=False, output_scores=False, output_logits=False)

    def __call__(self, input_ids: Any = None, attention_mask: Any = None, past_key_values: Any = None, use_cache: bool = True, **kwargs: Any) -> Any:
        """.logits: (batch, tokens, vocabulary) behind each of the input's tokens."""
        if kwargs.get("output_attentions"):
            raise UsageError("output_attentions: decant has no attentions to return")
        if kwargs.get("inputs_embeds") is not None:
            raise UsageError("inputs_embeds: a text is made of tokens here")
        if past_key_values is not None and not isinstance(past_key_values, Past):
            if getattr(past_key_values, "get_seq_length", lambda: 0)() != 0:
                raise UsageError("past_key_values is another program's: begin with None, and go on with what model() returns")
            past_key_values = None
        before = past_key_values.texts if past_key_values else [[] for _ in range(len(input_ids))]
        new = [[int(token) for token in row] for row in input_ids]
        texts = [old + row for old, row in zip(before, new)]
        while len(self._known) < len(texts):
            self._known.append(Known(self._model.n_vocab))
        rows = []
        for number, text in enumerate(texts):
            masked = self._masked(attention_mask, number, len(text))
            all_rows = self._known[number].read(self._core, text[masked:])[max(len(before[number]) - masked, 0) :]
            padding = np.zeros((max(masked - len(before[number]), 0), self._model.n_vocab), np.float32)
            rows.append(self._torch.from_numpy(np.concatenate([padding, all_rows])))
        logits = rows[0][None] if len(rows) == 1 else self._torch.stack(rows)
        past = Past(texts)
        return _Output(logits=logits, past_key_values=past if use_cache else None)

    forward = __call__

    @staticmethod
    def _masked(mask: Any, number: int, length: int) -> int:
        """Tokens at the beginning that are padding."""
        if mask is None:
            return 0
        row = [int(each) for each in mask[number]]
        row = row + [1] * (length - len(row))
        padding = row.index(1) if 1 in row else 0
        if 0 in row[padding:]:
            raise UsageError("attention_mask: only padding at the beginning can be masked")
        return padding

    def generate(self, input_ids: Any, **how: Any) -> Any:
        """The strategies that are there already. (batch, tokens), the prompt in front, as Hugging Face returns it."""
        results = self._model.generate([[int(token) for token in row] for row in input_ids], **how)
        rows = [result.prompt_ids + sequence.ids for result in results for sequence in result.sequences]
        longest = max(map(len, rows))
        pad = self.config.pad_token_id or 0
        return self._torch.tensor([row + [pad] * (longest - len(row)) for row in rows])

    def eval(self) -> HuggingFaceModel:
        return self

    def prepare_inputs_for_generation(self, input_ids: Any, past_key_values: Any = None, **kwargs: Any) -> dict[str, Any]:
        read = past_key_values.get_seq_length() if past_key_values is not None else 0
        return {"input_ids": input_ids[:, read:], "past_key_values": past_key_values, "attention_mask": kwargs.get("attention_mask")}


class _Output(dict):  # type: ignore[type-arg]
    """A dictionary whose entries are attributes, as transformers' ModelOutput."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Processors:
    """The request's own processors as a LogitsProcessorList of one: (ids, scores) -> scores."""

    def __init__(self, core: _core.Run, torch: Any) -> None:
        self._core, self._torch = core, torch

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        rows = []
        for ids, row in zip(input_ids, scores):
            node = self._core.text([int(token) for token in ids])
            step = self._core.process(0, node, _core.Row(np.ascontiguousarray(row.detach().float().numpy())))
            rows.append(self._torch.from_numpy(step.scores))
        return self._torch.stack(rows)


class Criteria:
    """When a text ends, by the request's options and the user's functions: (ids, scores) -> (batch,) of bool."""

    def __init__(self, torch: Any, n_prompt: int, options: dict[str, Any], eos: list[int], own: list[Any]) -> None:
        self._torch, self._own = torch, own
        self.max_length = options["max_length"] or n_prompt + options["max_new_tokens"]
        self.eos = set(eos)

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        over = [len(row) >= self.max_length or int(row[-1]) in self.eos for row in input_ids]
        over = [each or callables.says_stop(self._own, [int(i) for i in row]) for each, row in zip(over, input_ids)]
        return self._torch.tensor(over)


def _arguments(facade: HuggingFaceModel, core: _core.Run, recipe: Recipe, prompt: _core.Prompt, options: dict[str, Any], how: dict[str, Any]) -> dict[str, Any]:
    """What the recipe takes by name and the façade has."""
    torch = facade._torch
    eos = facade.config.eos_token_id
    ready = {
        "input_ids": torch.tensor([prompt.ids]),
        "inputs": torch.tensor([prompt.ids]),
        "attention_mask": torch.ones((1, len(prompt.ids)), dtype=torch.int64),
        "generation_config": facade.generation_config,
        "logits_processor": Processors(core, torch),
        "stopping_criteria": Criteria(torch, len(prompt.ids), options, eos if isinstance(eos, list) else [eos], callables.as_list(how.get("stopping_criteria"))),
        "streamer": None,
        "synced_gpus": False,
    }
    return {name: value for name, value in ready.items() if name in recipe.parameters}


def generate(model: Model, recipe: Recipe, prompt: _core.Prompt, arguments: dict[str, Any], made: _core.Options, given: dict[str, Any], how: dict[str, Any]) -> Result:
    """Runs the recipe. Its output is the result's `output`; of a tensor of ids, or of something with `.sequences`, the texts are the result's."""
    core = _core.Run(model._core, made, prompt, trace=False,
                     processors=[callables.processor(each) for each in callables.as_list(how.get("logits_processor"))])
    options = json.loads(made.json())
    facade = HuggingFaceModel(model, core, prompt, options, given)
    ready = _arguments(facade, core, recipe, prompt, options, how)
    with facade._torch.no_grad():
        output = recipe.function(facade, **{**ready, **arguments})
    core.end()
    result = result_of(core.outcome(), [])
    result.strategy, result.output = recipe.name, output
    rows = output if hasattr(output, "tolist") else getattr(output, "sequences", None)
    result.sequences = [_sequence(model, row, prompt.ids) for row in rows.tolist()] if rows is not None else []
    return result


def _sequence(model: Model, ids: list[int], prompt: list[int]) -> Sequence:
    """What is new in a text; all of it where the recipe has changed the prompt."""
    new = ids[len(prompt) :] if ids[: len(prompt)] == prompt else ids
    raw = model._core.bytes_of(new)
    return Sequence(new, raw.decode(errors="replace"), raw, [], float("nan"), "unfinished")
