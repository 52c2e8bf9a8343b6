"""What came of a generation."""

from __future__ import annotations

import html
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from . import _core
from .errors import Error

if TYPE_CHECKING:
    import pandas


class Piece(str):
    """A piece of text as it is written: a string that knows its token (an id; None where it is the end of a text), the number of its
    sequence, and at an end the finish_reason."""

    sequence: int
    token: Optional[int]
    finish_reason: Optional[str]

    def __new__(cls, text: str, sequence: int = 0, token: Optional[int] = None, finish_reason: Optional[str] = None) -> Piece:
        self = super().__new__(cls, text)
        self.sequence, self.token, self.finish_reason = sequence, token, finish_reason
        return self


@dataclass
class Sequence:
    """One text. ids: its tokens, the end token included. logprobs: of each, by the model, natural logarithms; score is their sum.
    finish_reason: stop, length, time, context, dead_end, stopping_criteria, or unfinished."""

    ids: list[int]
    text: str
    bytes: bytes
    logprobs: list[float]
    score: float
    finish_reason: str
    beam_score: Optional[float] = None
    normalized_score: Optional[float] = None
    unmet: Optional[list[str]] = None
    dead_end: Optional[str] = None


@dataclass(repr=False)
class Result:
    """The texts of one prompt, best first, and all that is known of how they were made.

    logits, scores: of each sequence (tokens, vocabulary), float32, where they were asked for (output_logits, output_scores).
    trace: one dictionary for each decision (docs/trace.md), where it was asked for. output: what a recipe returned, where one made it.
    In a notebook it shows itself as the report.
    """

    model: str
    strategy: str
    options: dict[str, Any]
    prompt_ids: list[int]
    prompt_text: str
    sequences: list[Sequence]
    stats: dict[str, Any]
    trace_lines: list[str] = field(default_factory=list, repr=False)
    bookmarks: list[_core.Bookmark] = field(default_factory=list, repr=False)
    output: Any = None
    logits: Optional[list[Any]] = field(default=None, repr=False)
    scores: Optional[list[Any]] = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """Of the first sequence, as all of these."""
        return self.sequences[0].text

    @property
    def ids(self) -> list[int]:
        return self.sequences[0].ids

    @property
    def logprobs(self) -> list[float]:
        return self.sequences[0].logprobs

    @property
    def score(self) -> float:
        return self.sequences[0].score

    @property
    def finish_reason(self) -> str:
        return self.sequences[0].finish_reason

    @property
    def trace(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.trace_lines]

    def to_dict(self) -> dict[str, Any]:
        """As `decant run --json`."""
        shown = ("ids", "text", "finish_reason", "score", "dead_end", "beam_score", "normalized_score", "unmet")
        sequences = [{name: getattr(each, name) for name in shown if getattr(each, name) is not None and getattr(each, name) == getattr(each, name)} for each in self.sequences]
        names = ("model", "strategy", "options", "prompt_ids", "prompt_text")
        return {**{name: getattr(self, name) for name in names}, "sequences": sequences, "stats": self.stats}

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        ends = ", ".join(f"{len(each.ids)} tokens: {each.finish_reason}" for each in self.sequences)
        return f"<decant.Result {self.sequences[0].text if self.sequences else ''!r:.60} by {self.strategy} ({ends})>"

    def to_html(self) -> str:
        """The report as a page of its own: every decision, with sliders. Raises Error(usage) where there is no trace."""
        if not self.trace_lines:
            raise Error("there is no trace to report on: generate(..., trace=True) keeps one")
        return _core.html_page("".join(self.trace_lines))

    def report(self, path: str | os.PathLike[str]) -> None:
        """Writes the report into a file, as `decant run --html`."""
        page = self.to_html()
        partial = f"{os.fspath(path)}.partial"
        with open(partial, "w", encoding="utf-8") as file:
            file.write(page)
        os.replace(partial, path)

    def _repr_html_(self) -> str:
        if self.trace_lines:
            page = html.escape(self.to_html(), quote=True)
            return f'<iframe srcdoc="{page}" style="width: 100%; height: 720px; border: 0" sandbox="allow-scripts"></iframe>'
        texts = "".join(f"<pre style='white-space: pre-wrap'>{html.escape(each.text)}</pre>" for each in self.sequences)
        return f"{texts}<p>{html.escape(self.strategy)}; <code>trace=True</code> shows every decision here</p>"

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each token: sequence, position (prompt counted), id, text, logprob; with a trace also p, p_raw, rank, entropy,
        entropy_raw (bits) and kept. Needs pandas."""
        try:
            import pandas
        except ImportError:
            raise Error("to_dataframe() needs pandas: pip install pandas", "unavailable") from None
        rows = []
        for number, sequence in enumerate(self.sequences):
            for place, (token, logprob) in enumerate(zip(sequence.ids, sequence.logprobs)):
                rows.append({"sequence": number, "position": len(self.prompt_ids) + place, "id": token, "logprob": logprob})
        frame = pandas.DataFrame(rows, columns=["sequence", "position", "id", "logprob"])
        records = [record for record in self.trace if "token" in record]
        if not records:
            return frame
        seen = pandas.DataFrame(
            {"sequence": r["seq"], "position": r["t"], "text": r["token"].get("text"), **{k: r[k] for k in ("p", "p_raw", "rank", "entropy", "entropy_raw", "kept") if k in r}}
            for r in records
        )
        return frame.merge(seen, on=["sequence", "position"], how="left")


def result_of(outcome: _core.Outcome, trace: list[str]) -> Result:
    report = json.loads(outcome.json)
    sequences = []
    for of, raw, logprobs in zip(report["sequences"], outcome.raw, outcome.logprobs):
        known = {name: of.get(name) for name in ("beam_score", "normalized_score", "unmet", "dead_end")}
        sequences.append(Sequence(of["ids"], of["text"], raw, logprobs, of["score"], of["finish_reason"], **known))
    names = ("model", "strategy", "options", "prompt_ids", "prompt_text", "stats")
    return Result(**{name: report[name] for name in names}, sequences=sequences, trace_lines=trace, bookmarks=outcome.bookmarks)
