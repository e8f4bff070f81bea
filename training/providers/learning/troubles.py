# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""What went wrong, in one sentence with the way out."""

import errno
from pathlib import Path

import torch

from training.examples import DataError
from training.providers.learning.following import NotANumber
from training.providers.local.recipe import Recipe

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
# How allocators of different makes say it that there is no memory left.
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")


class Refused(Exception):  # noqa: N818 - as the other refusals are
    """It cannot be learned, for a reason that is one sentence with the way out."""


def sentence(error: BaseException, recipe: Recipe, log: Path) -> str:
    """Return what an error of the trainer means for whoever started the run."""
    match error:
        case Refused() | DataError():
            return str(error)
        case NotANumber():
            return (
                f"The loss was no number any more at step {error}: start the run again with a smaller learning rate,"
                f" which was {recipe.learning_rate:g}."
            )
        case _ if is_out_of_room(error):
            return f"There is no room left on the disk of {log.parent}: make some, and start the run again."
        case _ if is_out_of_memory(error):
            return (
                f"The memory is not enough for {recipe.batch_size} examples of {recipe.max_length} tokens at once with"
                f" {recipe.model}: start the run again with a smaller batch size or max_length, or a smaller base."
            )
        case _:
            return f"Something unexpected happened in the trainer ({type(error).__name__}): {log} tells more."


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory is used up."""
    said = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(words in said for words in _NO_MEMORY)
    )


def is_out_of_room(error: BaseException) -> bool:
    """Tell whether an error says that the disk is full; what writes weights has an error of its own for it."""
    return getattr(error, "errno", None) in _NO_ROOM or "no space left" in str(error).lower()
