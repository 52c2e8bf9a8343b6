"""What a user, a file or a machine can cause."""

from __future__ import annotations

EXIT_CODES = {"usage": 64, "data": 65, "no_input": 66, "unavailable": 69, "internal": 70, "io": 74}


class Error(Exception):
    """What happened, where, and what to do, in one sentence.

    kind: "usage" (options or arguments that cannot be carried out), "data" (a file or text whose content is wrong), "no_input" (a file that
    is not there), "unavailable" (something this build, machine or model does not have), "internal" (a fault of ours), "io".
    """

    def __init__(self, message: str, kind: str = "usage") -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def exit_code(self) -> int:
        """The program's for the same error."""
        return EXIT_CODES[self.kind]

    def __reduce__(self) -> tuple[type[Error], tuple[str, str]]:
        return type(self), (str(self), self.kind)


class UsageError(Error, ValueError):
    """An Error of kind "usage": also a ValueError, as Hugging Face raises for the same."""


def made(kind: str, message: str) -> Error:
    return UsageError(message, kind) if kind == "usage" else Error(message, kind)
