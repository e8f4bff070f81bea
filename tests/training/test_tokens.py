"""Tokens are counted offline."""

import os
import subprocess
import sys
from typing import get_args

import pytest

from training.tokens import VOCABULARIES, Vocabulary, counter


@pytest.mark.parametrize(("vocabulary", "tokens"), [("o200k_base", 4), ("cl100k_base", 4)])
def test_tokens_are_counted_as_the_vocabulary_cuts_them(vocabulary: Vocabulary, tokens: int) -> None:
    assert counter(vocabulary)("Hold the button.") == tokens


def test_text_that_looks_like_a_special_token_is_text() -> None:
    assert counter("o200k_base")("<|endoftext|>") > 1


def test_both_vocabularies_are_part_of_the_product() -> None:
    assert len(list(VOCABULARIES.iterdir())) == len(get_args(Vocabulary))


def test_counting_needs_no_network() -> None:
    code = (
        "import socket; socket.socket = None\nfrom training.tokens import counter\nprint(counter('o200k_base')('hub'))"
    )
    environment = {key: value for key, value in os.environ.items() if key != "TIKTOKEN_CACHE_DIR"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)  # noqa: S603 - our own
    assert done.stdout == "1\n"
