"""decant: every way of turning a language model's distributions into text.

    import decant
    model = decant.Model("smollm2")
    print(model.generate("What is the capital of Japan?"))
    for piece in model.generate("Tell me a story.", temperature=0.8, stream=True):
        print(piece, end="", flush=True)

The options are Hugging Face's: docs/options.md. docs/python.md is the guide, docs/recipes.md shows how to decode in your own way.
"""

from ._core import Ask, Bookmark, Choice, Node, Row, Step, version as __version__
from .errors import Error, UsageError
from .model import Chat, Model, Score, Stream
from . import recipes, requirements
from .recipes import Run
from .result import Piece, Result, Sequence

__all__ = ["Ask", "Bookmark", "Chat", "Choice", "Error", "Model", "Node", "Piece", "Result", "Row", "Run", "Score", "Sequence", "Step",
           "Stream", "UsageError", "__version__"]
