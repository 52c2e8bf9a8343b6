"""Recipes: decoding methods of one's own, in Python (docs/recipes.md).

Two ways to write one, told apart by what the function is:

    def generate(run, **arguments):          # a generator (or async): nodes of the prefix tree out, rows of the models in
        tip = run.prompt
        while not run.finished():
            row = yield tip
            step = run.process(0, tip, row)
            tip = run.emit(0, step, step.argmax)

    def generate(model, input_ids, generation_config, **kwargs):   # Hugging Face's (decant/hugging_face.py)

The first is carried out by the engine's thread in the batch, the caches, the processors, the stop rules and the trace of all strategies;
the function itself runs on the caller's thread and keeps nobody waiting.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from . import _core, callables, keywords, requirements
from .errors import Error, UsageError
from .result import Piece, Result, result_of

if TYPE_CHECKING:
    from .model import Model

LAYOUTS = ("custom_generate", "")  # where in its folder a recipe's generate.py is
CALL = frozenset("trace logits_processor prefix_allowed_tokens_fn generation_config system chat_template parse_special".split())


@dataclass(frozen=True)
class Recipe:
    """A decoding method: its name, its function, and the folder that it came from, if it did."""

    name: str
    function: Callable[..., Any]
    folder: Optional[Path] = None

    @property
    def is_generator(self) -> bool:
        """Written for a Run; else with Hugging Face's signature."""
        return inspect.isgeneratorfunction(self.function) or inspect.iscoroutinefunction(self.function)

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Those that are given by name: without the first, which is the run or the model."""
        return dict(list(inspect.signature(self.function).parameters.items())[1:])

    @property
    def takes_any(self) -> bool:
        return any(each.kind is inspect.Parameter.VAR_KEYWORD for each in self.parameters.values())


def load(source: Any, trust_remote_code: bool = False) -> Recipe:
    """A recipe from a function, a folder, or "hf:user/repo" in the Hugging Face cache, which runs only with trust_remote_code=True. What
    its requirements.txt asks for is checked before any of it runs. Raises Error."""
    if isinstance(source, Recipe):
        return source
    if callable(source):
        return Recipe(callables.name_of(source), source)
    name = os.fspath(source)
    folder = remote_folder(name[3:], trust_remote_code) if name.startswith("hf:") else Path(name)
    for layout in LAYOUTS:
        file = folder / layout / "generate.py"
        if file.is_file():
            for needs in {folder / "requirements.txt", file.parent / "requirements.txt"}:
                requirements.check(name[3:] if name.startswith("hf:") else name, needs)
            return Recipe(name, function_in(file), folder)
    raise Error(f"{name} is no recipe: there is neither generate.py nor custom_generate/generate.py in it", "no_input")


def remote_folder(repository: str, trust_remote_code: bool) -> Path:
    if not trust_remote_code:
        raise UsageError(f"hf:{repository} is code of somebody else's: read it, then say trust_remote_code=True")
    hub = os.environ.get("HF_HUB_CACHE") or os.path.join(os.environ.get("HF_HOME") or os.path.expanduser("~/.cache/huggingface"), "hub")
    home = Path(hub) / f"models--{repository.replace('/', '--')}"
    main = home / "refs" / "main"
    folder = home / "snapshots" / (main.read_text().strip() if main.is_file() else "")
    if main.is_file() and folder.is_dir():
        return folder
    raise Error(f"hf:{repository} is not in the Hugging Face cache ({hub}): hf download {repository}", "unavailable")


def function_in(file: Path) -> Callable[..., Any]:
    """generate() of a file, which may import its neighbours (`from .other import x`)."""
    name = f"decant_recipe_{hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    function = getattr(module, "generate", None)
    if not callable(function):
        raise Error(f"{file} has no function generate(): a recipe is one", "data")
    return function  # type: ignore[no-any-return]


# ---- a recipe that is a generator


class Run:
    """What a recipe may do with the world. Nodes are texts in the prefix tree; `yield` (or `await run.eval()`) has some evaluated.

    A node yields a Row, a list of nodes a list of Rows, an Ask the Rows of its nodes, a list of Asks a list of lists.
    """

    def __init__(self, core: _core.Run, model: Model, options: _core.Options, prompt: _core.Prompt) -> None:
        self._core, self.model, self._options = core, model, options
        self.prompt_ids: list[int] = prompt.ids
        self.options: dict[str, Any] = json.loads(options.json())
        self.prompt: _core.Node = core.prompt

    def ask(self, nodes: Any, *, logits: bool = True, hidden: bool = False, layers: Any = (), states: Any = (), model: int = 0) -> _core.Ask:
        """Nodes, and what is to be said of each: logits; hidden, the last state; logits of the head on the states of layers; states of
        layers; by which of the request's models."""
        return _core.Ask([nodes] if isinstance(nodes, _core.Node) else list(nodes), logits=logits, hidden=hidden, layers=list(layers), states=list(states), model=model)

    async def eval(self, nodes: Any) -> Any:
        return await _Yielded(nodes)

    def text(self, ids: list[int]) -> _core.Node:
        """The node of any text, from its beginning on."""
        return self._core.text(ids)

    @property
    def prompt_nodes(self) -> list[_core.Node]:
        """A node for each token of the prompt; the last one is `prompt`."""
        nodes = [self._core.text(self.prompt_ids[:1])]
        for token in self.prompt_ids[1:-1]:
            nodes.append(nodes[-1].child(token))
        return [*nodes, self.prompt] if len(self.prompt_ids) > 1 else [self.prompt]

    def with_logits(self, row: _core.Row) -> _core.Row:
        """Of a row that was asked for its hidden state alone, the same with logits: for who tries many nodes and goes on at one."""
        return self._core.with_logits(row)

    def row(self, logits: Any) -> _core.Row:
        """A row of one's own logits (vocabulary), for process(): of recipes that make them of what models say."""
        return _core.Row(np.ascontiguousarray(logits, dtype=np.float32))

    def process(self, sequence: int, tip: _core.Node, row: _core.Row) -> _core.Step:
        """The request's processors on a row's logits: scores, argmax. Raises Error where they leave no token."""
        return self._core.process(sequence, tip, row)

    def sample(self, step: _core.Step) -> int:
        """A token drawn from the step by the request's own noise: the same whoever else is decoded."""
        return self._core.sample(step)

    def emit(self, sequence: int, step: Any, token: Optional[int] = None) -> _core.Node:
        """Writes a token of a step, or a Choice. Returns the node of the text's new end."""
        return self._core.emit(sequence, step) if token is None else self._core.emit(sequence, step, int(token))

    def choose(self, step: _core.Step, token: int) -> _core.Choice:
        """Keeps what is needed to write the token later."""
        return self._core.choose(step, int(token))

    def child(self, choice: _core.Choice) -> _core.Node:
        return self._core.child(choice)

    def ends(self, choice: _core.Choice) -> str:
        """Why the text would end with it: "" where it would go on."""
        return self._core.ends(choice)

    def finished(self, sequence: int = 0) -> bool:
        return self._core.finished(sequence)


class _Yielded:
    def __init__(self, nodes: Any) -> None:
        self.nodes = nodes

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self.nodes)


def _answer(core: _core.Run, wanted: Any) -> Any:
    """The rows of what a recipe has yielded, in its form."""
    if isinstance(wanted, _core.Node):
        return core.eval([_core.Ask([wanted])])[0]
    if isinstance(wanted, _core.Ask):
        return core.eval([wanted])
    if isinstance(wanted, (list, tuple)) and wanted and all(isinstance(each, _core.Node) for each in wanted):
        return core.eval([_core.Ask(list(wanted))])
    if isinstance(wanted, (list, tuple)) and wanted and all(isinstance(each, _core.Ask) for each in wanted):
        rows, all_rows = [], iter(core.eval(list(wanted)))
        for each in wanted:
            rows.append([next(all_rows) for _ in range(each.n_nodes)])
        return rows
    raise UsageError(f"a recipe yields a node, nodes, or what run.ask() makes of them, and this one has yielded {wanted!r:.80}")


def steps(core: _core.Run, body: Any) -> Iterator[_core.Piece]:
    """Carries a recipe out, and hands over what it writes. Whatever it does wrong is raised where it did it."""
    try:
        wanted = body.send(None)
        while True:
            try:
                rows = _answer(core, wanted)
            except Error as error:
                wanted = body.throw(error)
            else:
                yield from core.take_pieces()
                wanted = body.send(rows)
    except StopIteration:
        pass
    finally:
        body.close()
    core.end()
    yield from core.take_pieces()


def write(model: Model, recipe: Recipe, prompt: _core.Prompt, arguments: dict[str, Any], options: _core.Options, how: dict[str, Any]) -> Generator[Piece, None, Result]:
    """The pieces of the text that a generator writes, and at the end its result."""
    allowed = how.get("prefix_allowed_tokens_fn")
    core = _core.Run(
        model._core, options, prompt, trace=bool(how.get("trace")),
        processors=[callables.processor(each) for each in callables.as_list(how.get("logits_processor"))],
        allowed=callables.allowed_tokens(allowed) if allowed else None,
    )
    body = recipe.function(Run(core, model, options, prompt), **arguments)
    for piece in steps(core, body):
        yield Piece(piece.text, piece.sequence, piece.token if piece.token >= 0 else None, piece.finish_reason or None)
    result = result_of(core.outcome(), core.trace)
    result.strategy = recipe.name
    return result


class RecipeStream(Iterator[Piece]):
    """What a recipe writes, as it is written; result is there at the end."""

    def __init__(self, pieces: Generator[Piece, None, Result]) -> None:
        self._pieces = pieces
        self._result: Optional[Result] = None

    def __next__(self) -> Piece:
        try:
            return next(self._pieces)
        except StopIteration as end:
            self._result = end.value if end.value is not None else self._result
            raise StopIteration from None

    @property
    def result(self) -> Result:
        for _ in self:
            pass
        if self._result is None:
            raise UsageError("the recipe has ended with an error, and there is no result")
        return self._result

    def close(self) -> None:
        self._pieces.close()


def observed(model: Model, prompt: Any, *, output_scores: bool = False, output_logits: bool = False, stream: bool = False, **how: Any) -> Result:
    """Greedy search and sampling, with the distributions of every token kept whole."""
    made = keywords.options_of({name: value for name, value in how.items() if keywords.knows(name)}, how.get("generation_config"))
    known = json.loads(made.json())
    asked = "output_scores" if output_scores else "output_logits"
    if stream or made.strategy() not in ("greedy", "sample") or how.get("stopping_criteria") is not None or known["speculate"] != "off":
        raise UsageError(f"{asked}: {keywords.INSTEAD[asked]}")
    draws = made.strategy() == "sample"
    kept: list[list[tuple[Any, Any]]] = [[] for _ in range(known["num_return_sequences"])]

    def write(run: Run) -> Generator[Any, Any, None]:
        tips = {sequence: run.prompt for sequence in range(len(kept))}
        while tips:
            rows = yield list(tips.values())
            for (sequence, tip), row in zip(list(tips.items()), rows):
                step = run.process(sequence, tip, row)
                kept[sequence].append((row.logits, step.scores))
                tips[sequence] = run.emit(sequence, step, run.sample(step) if draws else step.argmax)
                if run.finished(sequence):
                    del tips[sequence]

    result: Result = generate(model, prompt, Recipe(made.strategy(), write), **how)
    result.logits = [np.stack([logits for logits, _ in each]) for each in kept] if output_logits else None
    result.scores = [np.stack([scores for _, scores in each]) for each in kept] if output_scores else None
    return result


# ---- any recipe


def divided(recipe: Recipe, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Keywords as the recipe's arguments, how the call is made, and options of generation. Raises Error for one that nobody knows."""
    arguments, how, options = {}, {}, {}
    for name, value in given.items():
        if name in recipe.parameters:
            arguments[name] = value
        elif name in CALL:
            how[name] = value
        elif keywords.knows(name):
            options[name] = value
        elif recipe.takes_any:
            arguments[name] = value
        else:
            known = ", ".join(name for name in recipe.parameters) or "none"
            raise UsageError(f"{name} is neither an argument of the recipe {recipe.name} (it has {known}) nor an option of generation")
    return arguments, how, options


def generate(model: Model, prompt: Any, source: Any, *, stream: bool = False, trust_remote_code: bool = False, **given: Any) -> Any:
    """Model.generate() by a recipe."""
    from .model import is_one_prompt

    recipe = load(source, trust_remote_code)
    if not is_one_prompt(prompt):
        return [generate(model, each, recipe, **given) for each in prompt]
    arguments, how, options = divided(recipe, given)
    read = model.prompt(prompt, **{name: how[name] for name in ("system", "chat_template", "parse_special") if name in how})
    made = keywords.options_of(options, how.get("generation_config"))
    if recipe.is_generator:
        written = RecipeStream(write(model, recipe, read, arguments, made, how))
        return written if stream else written.result
    if stream:
        raise UsageError(f"the recipe {recipe.name} hands its text over at its end: stream=True goes with recipes that are generators")
    from . import hugging_face

    return hugging_face.generate(model, recipe, read, arguments, made, options, how)


def from_command_line() -> int:
    """What `decant run --custom-generate` goes on with (cli/recipe.cpp): one JSON object on standard input says what. Returns the exit code."""
    wanted = json.load(sys.stdin)
    try:
        return _run(wanted)
    except Error as error:
        print(f"decant: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 74


def _run(wanted: dict[str, Any]) -> int:
    from .model import Model

    recipe = load(wanted["recipe"], wanted["trust_remote_code"])
    model = Model(**wanted["model"], quiet=True)
    how = {**wanted["options"], **{name: _literal(text) for name, text in wanted["arguments"].items()}}
    for name in ("system", "chat_template", "parse_special"):
        if name in wanted:
            how[name] = wanted[name]
    how["trace"] = wanted["output"] == "trace" or "html" in wanted
    if recipe.is_generator and wanted["output"] == "text" and how.get("num_return_sequences", 1) == 1:
        stream = generate(model, wanted["prompt"], recipe, stream=True, **how)
        last = "\n"
        for piece in stream:
            if piece.sequence == 0 and piece:
                print(piece, end="", flush=True)
                last = piece[-1]
        print(end="" if last == "\n" else "\n")
        result = stream.result
    else:
        result = generate(model, wanted["prompt"], recipe, **how)
        if wanted["output"] == "text":
            for number, sequence in enumerate(result.sequences, 1):
                title = f"--- {number} of {len(result.sequences)} ---\n" if len(result.sequences) > 1 else ""
                print(title + sequence.text, end="" if sequence.text.endswith("\n") else "\n")
        elif wanted["output"] == "json":
            print(json.dumps(result.to_dict(), ensure_ascii=False))
    if wanted["output"] == "trace":
        print("".join(result.trace_lines), end="")
    if "html" in wanted:
        result.report(wanted["html"])
    return 0


def _literal(text: str) -> Any:
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
