"""Counting tokens offline, with the vocabularies that stand beside this file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import tiktoken

Vocabulary = Literal["o200k_base", "cl100k_base"]
Count = Callable[[str], int]

VOCABULARIES = Path(__file__).parent / "vocabularies"


def counter(vocabulary: Vocabulary) -> Count:
    """Return a function that counts the tokens of a text; reads the vocabulary once (about 0.2 s)."""
    # tiktoken reads this variable when it loads, and would download otherwise.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(VOCABULARIES)
    encoding = tiktoken.get_encoding(vocabulary)

    def count(text: str) -> int:
        # encode() raises on text that looks like a special token.
        return len(encoding.encode_ordinary(text))

    return count
