"""Functions of the user's that take part in decoding: logits processors and stopping criteria, as Hugging Face has them.

They are called with tensors where they are Hugging Face's or torch is in use already, else with numpy arrays: ids of shape (1, length),
scores of shape (1, vocabulary).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def name_of(function: Any) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


def as_list(value: Any) -> list[Any]:
    """One, a list of them, or none."""
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) else [value]


def given(array: Any) -> Any:
    """The array as those functions take it."""
    return sys.modules["torch"].from_numpy(array) if "torch" in sys.modules else array


def processor(function: Any) -> tuple[str, Callable[[Any, Any], Any]]:
    """A LogitsProcessor as the engine calls it: name and function of flat arrays."""

    def call(ids: Any, scores: Any) -> Any:
        answer = function(given(ids[None]), given(scores[None]))
        if hasattr(answer, "detach"):
            answer = answer.detach().cpu().numpy()
        return np.ascontiguousarray(np.asarray(answer, dtype=np.float32).reshape(-1))

    return name_of(function), call


def allowed_tokens(function: Callable[[int, Any], Iterable[int]]) -> Callable[[Any], list[int]]:
    """Hugging Face's prefix_allowed_tokens_fn(batch, ids): the ids that may follow."""
    return lambda ids: [int(token) for token in function(0, given(ids))]


def says_stop(criteria: list[Any], ids: list[int]) -> bool:
    array = np.asarray(ids, dtype=np.int64)[None]
    for each in criteria:
        answer = each(given(array), None)
        if bool(answer.all() if hasattr(answer, "all") else answer):
            return True
    return False
