"""A model, and what can be asked of it."""

from __future__ import annotations

import asyncio
import atexit
import json
import operator
import os
import threading
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Optional, Union, overload

from . import _core, callables, keywords
from .errors import UsageError
from .result import Piece, Result, result_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from .options import GenerationOptions, ModelOptions

Message = Mapping[str, str]
Ids = Iterable[int]
Prompt = Union[str, "list[Message]", "list[int]"]

AT_ONCE = 256  # requests of one list that are under way; the engine's limit
PATIENCE = 0.05  # seconds between two looks for Ctrl-C where several requests are waited for
FOREVER = 1e6

_open: weakref.WeakSet[Model] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:  # while functions of Python's can still be called
    for model in list(_open):
        model.close()


def is_one_prompt(prompt: Any) -> bool:
    """Of a text, a conversation or ids; a list of such is many."""
    if isinstance(prompt, str):
        return True
    if getattr(prompt, "ndim", 1) == 2:
        return False
    try:
        first = prompt[0]
    except (IndexError, TypeError, KeyError):
        raise UsageError("the prompt is empty: a text, a list of messages, a list of ids, or a list of these") from None
    return isinstance(first, Mapping) or not (isinstance(first, (str, list, tuple)) or getattr(first, "ndim", 0) > 0)


class Bells:
    """Wakes asyncio's tasks when the engine has something for them: one thread for all requests of a model."""

    def __init__(self) -> None:
        self.bell = _core.Bell()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    def add(self, event: asyncio.Event) -> None:
        with self._lock:
            self._waiting[event] = asyncio.get_running_loop()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="decant", daemon=True)
                self._thread.start()

    def drop(self, event: asyncio.Event) -> None:
        with self._lock:
            self._waiting.pop(event, None)

    def _watch(self) -> None:
        seen = self.bell.count()
        while True:
            now = self.bell.wait(seen, 1.0)
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                waiting = list(self._waiting.items()) if now != seen else []
            seen = now
            for event, loop in waiting:
                try:
                    loop.call_soon_threadsafe(event.set)
                except RuntimeError:  # a loop that was closed
                    self.drop(event)


class Criteria:
    """Hugging Face's stopping_criteria, asked behind every token: where each text is to end."""

    def __init__(self, functions: list[Any], prompt: list[int], texts: int) -> None:
        self.functions, self.prompt, self.texts = functions, prompt, texts
        self.ids: dict[int, list[int]] = {}
        self.cuts: dict[int, int] = {}  # tokens of the texts that were ended here
        self.ended: set[int] = set()

    def hears(self, piece: _core.Piece) -> bool:
        """Whether the piece is still part of its text."""
        if piece.sequence in self.cuts:
            return False
        if piece.token < 0:
            self.ended.add(piece.sequence)
            return True
        ids = self.ids.setdefault(piece.sequence, [])
        ids.append(piece.token)
        if callables.says_stop(self.functions, self.prompt + ids):
            self.cuts[piece.sequence] = len(ids)
        return True

    @property
    def all_over(self) -> bool:
        """Nothing more is wanted, though the engine goes on writing."""
        return bool(self.cuts) and len(self.ended | self.cuts.keys()) == self.texts

    def cut(self, model: Model, result: Result) -> Result:
        for number, length in self.cuts.items():
            sequence = result.sequences[number]
            sequence.ids, sequence.logprobs = sequence.ids[:length], sequence.logprobs[:length]
            sequence.score = sum(sequence.logprobs)
            sequence.bytes = model._core.bytes_of(sequence.ids)
            sequence.text = sequence.bytes.decode(errors="replace")
            sequence.finish_reason = "stopping_criteria"
        return result


class Stream(Iterator[Piece], AsyncIterator[Piece]):
    """The pieces of a text as they are written, for `for` and `async for`. Dropping or closing it ends the request; result is there at the
    end."""

    def __init__(self, model: Model, request: _core.Request, criteria: Optional[Criteria]) -> None:
        self._model, self._request, self._criteria = model, request, criteria
        self._event: Optional[asyncio.Event] = None
        self._result: Optional[Result] = None

    def _heard(self, piece: Optional[_core.Piece]) -> Optional[Piece]:
        if piece is None:
            return None
        criteria = self._criteria
        if criteria and not criteria.hears(piece):
            return Piece("", piece.sequence)
        if criteria and criteria.all_over:
            self._request.cancel()
        return Piece(piece.text, piece.sequence, piece.token if piece.token >= 0 else None, piece.finish_reason or None)

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Piece:
        piece = self._heard(self._request.next(FOREVER))
        if piece is None:
            self.result  # raises what ended it, if something did
            raise StopIteration
        return piece

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Piece:
        if self._event is None:
            self._event = asyncio.Event()
            self._model._bells.add(self._event)
        while True:
            self._event.clear()
            piece = self._heard(self._request.next(0))
            if piece is not None:
                return piece
            if self._request.ended:
                self._model._bells.drop(self._event)
                self.result
                raise StopAsyncIteration
            await self._event.wait()

    @property
    def result(self) -> Result:
        """Waits for the end."""
        if self._result is None:
            if self._criteria:
                while not self._request.ended:
                    self._heard(self._request.next(FOREVER))
            self._result = result_of(self._request.outcome(), self._request.trace)
            if self._criteria:
                self._criteria.cut(self._model, self._result)
        return self._result

    def close(self) -> None:
        self._request.cancel()
        if self._event:
            self._model._bells.drop(self._event)

    def __del__(self) -> None:
        if self._event is not None:
            self._model._bells.drop(self._event)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Model:
    """A GGUF model with an engine of its own, which decodes all that is asked of it together, from however many threads and tasks.

    model: "smollm2" (fetched at first use), a GGUF file, or "hf:user/repo[:quant]" in the Hugging Face cache. The other keywords are those
    of the command line's group Model (docs/options.md): threads, ctx_size, cache_type, exact, ... quiet: no progress on standard error.
    Raises Error: no_input, data, unavailable.
    """

    def __init__(self, model: str | os.PathLike[str] = "smollm2", *, quiet: bool = False, **options: Unpack[ModelOptions]) -> None:
        texts = {name: keywords.text_of(value) for name, value in options.items() if value is not None}
        self._core = _core.Model({"model": os.fspath(model), **texts}, quiet)
        self._bells = Bells()
        _open.add(self)

    # ---- writing

    @overload
    def generate(self, prompt: str | list[Message] | list[int], *, stream: Literal[True], **how: Any) -> Stream: ...
    @overload
    def generate(self, prompt: str | list[Message] | list[int], *, stream: Literal[False] = False, system: Optional[str] = None,
                 chat_template: Optional[bool] = None, parse_special: bool = True, trace: bool = False, generation_config: Any = None,
                 logits_processor: Any = None, stopping_criteria: Any = None, prefix_allowed_tokens_fn: Any = None,
                 bookmark: Optional[_core.Bookmark] = None, bookmarks: bool = False, **options: Unpack[GenerationOptions]) -> Result: ...
    @overload
    def generate(self, prompt: list[str] | list[list[Message]] | list[list[int]], *, stream: Literal[False] = False, **how: Any) -> list[Result]: ...
    @overload
    def generate(self, prompt: Any, **how: Any) -> Any: ...

    def generate(self, prompt: Any, *, stream: bool = False, **how: Any) -> Any:
        """Goes on from a prompt, or answers it.

        prompt: a text (the model's chat template applied, if it has one), a list of messages ({"role": ..., "content": ...}), a list of
        token ids, or a list of any of these, which are decoded together. The keywords are Hugging Face's, with its meanings, and all others
        of docs/options.md: the strategy follows from them. None is "not set".

        stream: an iterator of the pieces as they are written, in place of the Result. system: a system message. chat_template=False: the
        text as it is. trace: every decision is kept. generation_config: a dictionary, a JSON file or a transformers.GenerationConfig; the
        keywords stand over it. output_logits, output_scores: result.logits and result.scores, arrays of (tokens, vocabulary) of each
        sequence, before and after the processors (greedy and sampling). logits_processor, stopping_criteria, prefix_allowed_tokens_fn: functions with Hugging Face's signatures.
        custom_generate (or recipe): a function, or a folder with generate.py (docs/recipes.md); what it takes by name goes to it.

        Raises Error for what cannot be carried out, KeyboardInterrupt at Ctrl-C.
        """
        recipe = how.pop("recipe", None)
        recipe = how.pop("custom_generate", None) or recipe
        if recipe is not None:
            from . import recipes

            return recipes.generate(self, prompt, recipe, stream=stream, **how)
        if how.get("output_scores") or how.get("output_logits"):
            from . import recipes

            return recipes.observed(self, prompt, stream=stream, **how)
        if is_one_prompt(prompt):
            started = self._start(prompt, streams=stream, **how)
            return started if stream else started.result
        if stream:
            raise UsageError("stream=True goes on from one prompt: start a stream for each of the list")
        return self._generate_all(list(prompt), how)

    async def generate_async(self, prompt: Any, **how: Any) -> Any:
        """generate() for tasks: the engine decodes what all of them wait for together."""
        if not is_one_prompt(prompt):
            return list(await asyncio.gather(*(self.generate_async(each, **how) for each in prompt)))
        if how.get("custom_generate") is not None or how.get("recipe") is not None:
            return await asyncio.get_running_loop().run_in_executor(None, lambda: self.generate(prompt, **how))
        stream = self._start(prompt, streams=True, **how)
        try:
            async for _ in stream:
                pass
            return stream.result
        finally:
            stream.close()

    def _generate_all(self, prompts: list[Any], how: dict[str, Any]) -> list[Result]:
        waiting, results, under_way = deque(prompts), [], deque[Stream]()
        while waiting or under_way:
            while waiting and len(under_way) < AT_ONCE:
                under_way.append(self._start(waiting.popleft(), streams=False, **how))
            first = under_way[0]
            while not first._request.ended:
                for each in list(under_way)[1:]:  # whatever nobody reads would be held
                    while each._heard(each._request.next(0)) is not None:
                        pass
                first._heard(first._request.next(PATIENCE))
            results.append(under_way.popleft().result)
        return results

    def _start(self, prompt: Any, *, streams: bool, trace: bool = False, logits_processor: Any = None, stopping_criteria: Any = None,
               prefix_allowed_tokens_fn: Optional[Callable[[int, Any], Iterable[int]]] = None, bookmark: Optional[_core.Bookmark] = None,
               bookmarks: bool = False, generation_config: Any = None, system: Optional[str] = None, chat_template: Optional[bool] = None,
               parse_special: bool = True, **options: Any) -> Stream:
        read = self.prompt(prompt, system=system, chat_template=chat_template, parse_special=parse_special)
        made = keywords.options_of(options, generation_config)
        functions = callables.as_list(stopping_criteria)
        known = json.loads(made.json()) if functions else {}
        criteria = Criteria(functions, read.ids, known["num_return_sequences"]) if functions else None
        if criteria and known["num_beams"] > 1:
            raise UsageError("stopping_criteria end a text while it is written, and beams are texts only at their end: use stop_strings or max_time")
        request = self._core.start(
            made, read, texts=streams or criteria is not None, trace=trace,
            processors=[callables.processor(each) for each in callables.as_list(logits_processor)],
            allowed=callables.allowed_tokens(prefix_allowed_tokens_fn) if prefix_allowed_tokens_fn else None,
            bookmark=bookmark, bookmarks=bookmarks, bell=self._bells.bell if streams else None,
        )
        return Stream(self, request, criteria)

    # ---- reading

    def prompt(self, prompt: Any, *, system: Optional[str] = None, chat_template: Optional[bool] = None, parse_special: bool = True) -> _core.Prompt:
        """What the model reads of a prompt: its text and ids."""
        if isinstance(prompt, _core.Prompt):
            return prompt
        if isinstance(prompt, str):
            if not prompt:
                raise UsageError("the prompt is empty: there is nothing to continue")
            return self._core.prompt(prompt, chat_template is not False, system, parse_special)
        if not is_one_prompt(prompt):
            raise UsageError("one prompt is wanted here, not a list of them")
        if isinstance(prompt[0], Mapping):
            try:
                messages = [(str(each["role"]), str(each["content"])) for each in prompt]
            except KeyError as missing:
                raise UsageError(f"a message has no {missing}: it is {{'role': 'user', 'content': 'Hello'}}") from None
            if system is not None:
                messages.insert(0, ("system", system))
            return self._core.prompt_of_messages(messages, parse_special)
        if system is not None:
            raise UsageError("system stands beside a text, not beside ids")
        return self._core.prompt_of_ids([operator.index(each) for each in prompt])

    def tokenize(self, text: str, *, special: bool = True, bos: bool = False) -> list[int]:
        """Ids of a text. special: names of special tokens are those tokens. bos: with the token that the model wants at a beginning."""
        return self._core.tokenize(text, special, bos)

    def detokenize(self, ids: Iterable[int], *, special: bool = False) -> str:
        """The text of ids; bytes of no character are U+FFFD. special: with the names of control tokens, which have no text."""
        ids = [operator.index(each) for each in ids]
        if not special:
            return self._core.bytes_of(ids).decode(errors="replace")
        return b"".join(self._core.bytes_of([each]) or self._core.piece(each).encode() for each in ids).decode(errors="replace")

    def logits(self, prompt: Any, *, first: int = 0, **how: Any) -> NDArray[np.float32]:
        """(tokens, vocabulary): the logits behind each token of the prompt from `first` on, which may count from the end (-1: the last).
        Keywords as generate()'s: system, chat_template, parse_special. The array is its owner's, and passes to torch by DLPack."""
        return self._core.logits(self.prompt(prompt, **how), first)

    def hidden_states(self, prompt: Any, layers: Iterable[int] | int = -1, *, first: int = 0, **how: Any) -> Any:
        """(tokens, width): a hidden state of each token, numbered as Hugging Face's hidden_states: 0 is the embedding, -1 (or n_layer) what
        the head reads. A list of arrays for a list of layers."""
        numbers = list(layers) if isinstance(layers, Iterable) else [layers]
        wanted = [each + self.n_layer + 1 if each < 0 else each for each in numbers]
        arrays = self._core.states(self.prompt(prompt, **how), wanted, first)
        return arrays if isinstance(layers, Iterable) else arrays[0]

    def score(self, prompt: Any, continuation: Any, **how: Any) -> Score:
        """How likely a continuation (a text or ids) is behind the prompt, which is taken as it is unless chat_template=True."""
        how.setdefault("chat_template", False)
        before = self.prompt(prompt, **how).ids
        after = self.tokenize(continuation, special=how.get("parse_special", True)) if isinstance(continuation, str) else [operator.index(i) for i in continuation]
        if not after:
            raise UsageError("the continuation is empty: there is nothing to score")
        logprobs, greedy = self._core.score(self._core.prompt_of_ids(before + after), len(before) - 1)
        return Score(after, logprobs, greedy)

    def chat(self, system: Optional[str] = None, **options: Any) -> Chat:
        """A conversation that goes on where its last answer ended. The options are those of every answer."""
        return Chat(self, system, options)

    # ---- facts

    @property
    def name(self) -> str:
        return self._core.name

    @property
    def path(self) -> str:
        return self._core.path

    @property
    def n_vocab(self) -> int:
        return self._core.n_vocab

    @property
    def n_layer(self) -> int:
        return self._core.n_layer

    @property
    def n_embd(self) -> int:
        return self._core.n_embd

    @property
    def n_context(self) -> int:
        """Tokens of a text, at most."""
        return self._core.n_context

    @property
    def eos_token_ids(self) -> list[int]:
        return self._core.eos_token_ids

    @property
    def end_of_turn_ids(self) -> list[int]:
        """Tokens that end an answer of a chat."""
        return self._core.end_of_turn_ids

    @property
    def load(self) -> dict[str, int]:
        """Requests alive and in line, texts and nodes that are kept."""
        return self._core.load()

    def close(self) -> None:
        """Ends what is under way, and gives the engine's memory back."""
        self._core.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<decant.Model {self.name}: {self._core.description}>"


class Score:
    """Of a continuation: its ids, the logprobs of each (natural logarithms), greedy: of each whether none was likelier."""

    def __init__(self, ids: list[int], logprobs: list[float], greedy: list[bool]) -> None:
        self.ids, self.logprobs, self.greedy = ids, logprobs, greedy

    @property
    def logprob(self) -> float:
        return sum(self.logprobs)

    @property
    def is_greedy(self) -> bool:
        return all(self.greedy)

    def __repr__(self) -> str:
        return f"<decant.Score {self.logprob:.4f} of {len(self.ids)} tokens{', greedy' if self.is_greedy else ''}>"


class Chat:
    """A conversation. messages: so far. It goes on from a bookmark behind the last answer, so nothing is read twice."""

    def __init__(self, model: Model, system: Optional[str], options: dict[str, Any]) -> None:
        self.model, self.options = model, options
        self.messages: list[dict[str, str]] = [{"role": "system", "content": system}] if system is not None else []
        self._bookmarks: list[Optional[_core.Bookmark]] = [None]

    def send(self, text: str, **options: Any) -> Result:
        """The answer to one more message, which joins the conversation."""
        messages = [*self.messages, {"role": "user", "content": text}]
        prompt = self.model.prompt(messages)
        result: Result = self.model._start(prompt, streams=False, bookmark=self._known(prompt.ids), bookmarks=True, **{**self.options, **options}).result
        self.messages = [*messages, {"role": "assistant", "content": result.text}]
        self._bookmarks.append(result.bookmarks[0] if result.bookmarks else None)
        return result

    def _known(self, ids: list[int]) -> Optional[_core.Bookmark]:
        """The part of the last turn's text that this one begins with; its last token is left to be read, for what comes behind it."""
        mark = self._bookmarks[-1]
        if mark is None:
            return None
        known = mark.ids
        same = next((i for i, (a, b) in enumerate(zip(known, ids)) if a != b), min(len(known), len(ids)))
        return mark.first(min(same, len(ids) - 1)) if same > 0 else None

    def undo(self) -> None:
        """Takes the last message and its answer back."""
        if len(self._bookmarks) > 1:
            self._bookmarks.pop()
            self.messages = self.messages[:-2]

    def branch(self) -> Chat:
        """Another conversation that has gone the same way so far."""
        other = Chat(self.model, None, dict(self.options))
        other.messages, other._bookmarks = list(self.messages), list(self._bookmarks)
        return other
