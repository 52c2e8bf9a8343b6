from collections.abc import Mapping, Sequence
from typing import Annotated, overload

import numpy
from numpy.typing import NDArray


version: str = '0.1.0'

class Field:
    """One row of an option table: all that is said about an option."""

    @property
    def name(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def type(self) -> str:
        """bool, int, float or str; of an element, where given_as_list"""

    @property
    def given_as_list(self) -> bool: ...

    @property
    def choices(self) -> list[str]:
        """the words that it may be; none: anything of its type"""

    @property
    def default(self) -> str:
        """as text"""

    @property
    def doc(self) -> str: ...

    @property
    def when(self) -> str:
        """when to change it"""

    @property
    def aliases(self) -> list[str]: ...

def generation_fields() -> list[Field]:
    """The options of a generation."""

def model_fields() -> list[Field]:
    """The options of a model."""

def strategies() -> list[str]:
    """The names of all strategies."""

class Options:
    """The options of one generation."""

    def __init__(self) -> None: ...

    def __copy__(self) -> Options: ...

    def set(self, name: str, texts: Sequence[str]) -> None:
        """
        Sets an option from its text, or a list from one text for each element. Raises Error(usage).
        """

    def strategy(self) -> str:
        """
        The strategy that the options ask for. Raises Error(usage) where they contradict each other.
        """

    def json(self) -> str:
        """Every option, as one JSON object."""

class Prompt:
    """What the model reads."""

    @property
    def text(self) -> str:
        """after the chat template"""

    @property
    def ids(self) -> list[int]: ...

    @property
    def chat(self) -> bool:
        """whether the chat template was applied"""

class Bell:
    """Rung whenever one of the requests that hang on it has something new."""

    def __init__(self) -> None: ...

    def count(self) -> int:
        """of its rings so far"""

    def ring(self) -> None: ...

    def wait(self, seen: int, patience: float) -> int:
        """
        Until it has rung more often than seen, or for so many seconds. Returns the count.
        """

class Bookmark:
    """
    A place in a text that the engine has read: another request can go on there.
    """

    @property
    def ids(self) -> list[int]:
        """of the text, from its beginning"""

    def first(self, length: int) -> Bookmark:
        """The text's first so many tokens."""

class Piece:
    """A token of a text that is being written, or its end."""

    @property
    def sequence(self) -> int: ...

    @property
    def token(self) -> int:
        """-1 where the text has ended"""

    @property
    def text(self) -> str:
        """what can be shown now: whole characters"""

    @property
    def finish_reason(self) -> str:
        """at the end"""

class Outcome:
    """What came of a request."""

    @property
    def json(self) -> str:
        """as `decant run --json` writes it"""

    @property
    def cancelled(self) -> bool: ...

    @property
    def logprobs(self) -> list[list[float]]:
        """of each sequence's ids: the model's own, natural logarithms"""

    @property
    def raw(self) -> list[bytes]:
        """of each sequence's text"""

    @property
    def bookmarks(self) -> list[Bookmark]: ...

class Request:
    """A request that the engine has taken. Dropping it cancels it."""

    def next(self, patience: float) -> Piece | None:
        """The next piece of text, if one comes within so many seconds."""

    @property
    def ended(self) -> bool:
        """and all pieces were read"""

    def cancel(self) -> None: ...

    def outcome(self) -> Outcome:
        """
        Waits for the end; the pieces that are left are lost. Raises what ended it instead.
        """

    @property
    def trace(self) -> list[str]:
        """JSON lines, so far"""

class Model:
    """A model with an engine of its own."""

    def __init__(self, options: Mapping[str, str], quiet: bool) -> None: ...

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def n_vocab(self) -> int: ...

    @property
    def n_embd(self) -> int: ...

    @property
    def n_layer(self) -> int: ...

    @property
    def n_context(self) -> int: ...

    @property
    def n_cells(self) -> int:
        """tokens that its cache holds"""

    @property
    def description(self) -> str: ...

    @property
    def eos_token_ids(self) -> list[int]: ...

    @property
    def end_of_turn_ids(self) -> list[int]: ...

    @property
    def bos_text(self) -> str: ...

    @property
    def eos_text(self) -> str: ...

    @property
    def chat_template(self) -> str | None:
        """Jinja"""

    def load(self) -> dict[str, int]:
        """How many requests are alive and in line, what is kept."""

    def close(self) -> None:
        """Ends what is under way and gives the engine's memory back."""

    def prompt(self, text: str, chat: bool, system: str | None = None, parse_special: bool = True) -> Prompt: ...

    def prompt_of_messages(self, messages: Sequence[tuple[str, str]], parse_special: bool = True) -> Prompt:
        """Of (role, content) pairs."""

    def prompt_of_ids(self, ids: Sequence[int]) -> Prompt: ...

    def tokenize(self, text: str, special: bool, bos: bool) -> list[int]: ...

    def bytes_of(self, ids: Sequence[int]) -> bytes:
        """What the tokens add to a text; nothing for control tokens."""

    def piece(self, id: int) -> str:
        """The token's own name in the vocabulary."""

    def logits(self, prompt: Prompt, first: int = 0) -> NDArray[numpy.float32]:
        """
        (tokens, vocabulary): what the model says behind each token from `first` on.
        """

    def states(self, prompt: Prompt, layers: Sequence[int], first: int = 0) -> list[NDArray[numpy.float32]]:
        """
        (tokens, width) for each of `layers`, numbered as Hugging Face's hidden_states.
        """

    def score(self, prompt: Prompt, first: int) -> tuple[list[float], list[bool]]:
        """
        Of the tokens behind `first`: their log-probabilities, and whether none was likelier.
        """

    def start(self, options: Options, prompt: Prompt, *, texts: bool = False, trace: bool = False, processors: Sequence[tuple[str, object]] = [], allowed: object | None = None, bookmark: Bookmark | None = None, bookmarks: bool = False, bell: Bell | None = None) -> Request:
        """
        Hands a request to the engine. Raises Error for what cannot be carried out.
        """

def html_page(json: str) -> str:
    """
    The report as a page of its own: of JSON lines of a trace, or of what compare and sweep write.
    """

class Node:
    """A text in the prefix tree of one run: one token behind its parent's."""

    @property
    def token(self) -> int: ...

    @property
    def length(self) -> int:
        """tokens from the beginning, this one included"""

    def child(self, token: int) -> Node:
        """
        The text with one more token. What processors remember of a text goes with Run.emit() and Run.child() instead.
        """

class Choice:
    """A token that may be written later."""

    @property
    def token(self) -> int: ...

    @property
    def logprob(self) -> float:
        """the model's, natural logarithm"""

    @property
    def score(self) -> float:
        """the processors'"""

class Row:
    """
    What a model says behind one node. Its arrays are its reader's to keep.
    """

    def __init__(self, logits: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    @property
    def logits(self) -> NDArray[numpy.float32]:
        """(vocabulary,)"""

    @property
    def hidden(self) -> NDArray[numpy.float32]:
        """(width,): the last state, behind the final norm"""

    @property
    def layers(self) -> list[NDArray[numpy.float32]]:
        """
        (vocabulary,) each: the head applied to the states of the layers asked for
        """

    @property
    def states(self) -> list[NDArray[numpy.float32]]:
        """(width,) each: hidden_states of the layers asked for"""

class Step:
    """One distribution, before and after the processors."""

    @property
    def scores(self) -> NDArray[numpy.float32]:
        """(vocabulary,): as the processors left them, -inf for what they removed"""

    @property
    def argmax(self) -> int:
        """the likeliest token, of equals the first"""

    @property
    def tip(self) -> Node:
        """the node behind which it stands"""

class Ask:
    """Nodes to be evaluated, and what is to be said of each."""

    def __init__(self, nodes: Sequence[Node], *, logits: bool = True, hidden: bool = False, layers: Sequence[int] = [], states: Sequence[int] = [], model: int = 0) -> None: ...

    @property
    def n_nodes(self) -> int: ...

class Run:
    """A live request that is told what to do. Dropping it cancels it."""

    def __init__(self, model: Model, options: Options, prompt: Prompt, *, trace: bool = False, processors: Sequence[tuple[str, object]] = [], allowed: object | None = None) -> None: ...

    @property
    def prompt(self) -> Node:
        """the node of the prompt's last token"""

    def text(self, ids: Sequence[int]) -> Node:
        """The node of any text, from its beginning on."""

    def eval(self, asks: Sequence[Ask]) -> list[Row]:
        """The rows of all asks, one after the other. Waits for the batch."""

    def finished(self, sequence: int = 0) -> bool:
        """
        Whether the sequence has ended: by its end token, a stop string, its length, ...
        """

    def take_pieces(self) -> list[Piece]:
        """What was written since they were taken last."""

    def end(self) -> None:
        """Nothing more will be asked."""

    def outcome(self) -> Outcome:
        """Waits for the end."""

    @property
    def trace(self) -> list[str]:
        """JSON lines, so far"""

    def with_logits(self, row: Row) -> Row:
        """The row with the logits that its hidden state leads to."""

    def process(self, sequence: int, tip: Node, row: Row) -> Step:
        """
        The processors, on a row's logits. Raises Error where they leave no token.
        """

    def sample(self, step: Step) -> int:
        """
        A token drawn from the step by the request's own noise: the same in any company.
        """

    @overload
    def emit(self, sequence: int, step: Step, token: int) -> Node:
        """Writes the token; returns the node of the text's new end."""

    @overload
    def emit(self, sequence: int, choice: Choice) -> Node:
        """Writes what was chosen earlier."""

    def choose(self, step: Step, token: int) -> Choice:
        """Keeps all that is needed to write the token later."""

    def child(self, choice: Choice) -> Node:
        """The node behind it, with what the processors remember."""

    def ends(self, choice: Choice) -> str:
        """Why the text would end with it; empty: it would go on."""
