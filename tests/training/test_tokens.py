"""Tokens are counted offline."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from functools import lru_cache
from itertools import count as numbers
from pathlib import Path
from typing import cast, get_args

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.tokens import table
from training.entries import Entry
from training.tokens import CHUNK, LONG, VOCABULARIES, WAITING, Vocabulary, counted, counter, example_tokens
from training.wordwise import WordTable


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


def chat(*messages: object, **fields: object) -> Entry:
    return Entry(1, {"messages": list(messages), **fields})


def said(role: str, content: str, **more: object) -> dict[str, object]:
    return {"role": role, "content": content, **more}


def test_an_example_costs_3_and_each_message_3_and_the_tokens_of_its_values() -> None:
    # "user", "assistant", "hub" and "Yes" are one token each, "." is one more:
    # 3 + (3 + "user" 1 + "hub" 1) + (3 + "assistant" 1 + "Yes." 2) = 14.
    messages = [said("user", "hub"), said("assistant", "Yes.")]
    assert example_tokens(messages, counter("o200k_base")) == 14


def test_a_name_costs_1_more_than_its_tokens() -> None:
    # 3 + (3 + "user" 1 + "hub" 1 + "Bob" 1 + 1 for being a name) = 10.
    assert example_tokens([said("user", "hub", name="Bob")], counter("o200k_base")) == 10


def test_a_weight_costs_nothing_and_a_function_call_its_compact_json() -> None:
    count = counter("o200k_base")
    call = {"name": "reset", "arguments": "{}"}
    # 3 + (3 + "assistant" 1 + its JSON); null and the weight have no tokens.
    expected = 7 + count('{"name":"reset","arguments":"{}"}')
    assert (
        example_tokens([{"role": "assistant", "content": None, "weight": 1, "function_call": call}], count) == expected
    )


def test_an_example_without_messages_costs_3() -> None:
    assert [tokens for _, tokens in counted([Entry(1, 5), Entry(2, {"messages": 5}), chat()], "o200k_base")] == [
        3,
        3,
        3,
    ]


def test_nothing_is_counted_for_an_empty_file() -> None:
    assert list(counted([], "o200k_base")) == []


# What the vocabularies' patterns and our own treat in ways of their own.
HARD = st.sampled_from([*" \n\r\t\v\f\0'.,/#1aZé中ж٣😀", "  ", " \n", "\xa0", "\u2003", "\u2028", "\u3000", "\x85"]) | (
    st.sampled_from(
        ["<|endoftext|>", "<|endofprompt|>", "don't", " hub", "abcdefghijklmnop", "x" * 25, "\ud83d", "\ude00"]
    )
)
TEXTS = st.lists(HARD, max_size=30).map("".join) | st.text(st.characters(codec=None), max_size=40)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": TEXTS},
    optional={"name": TEXTS, "weight": st.integers(0, 1), "function_call": st.dictionaries(TEXTS, TEXTS, max_size=2)},
)


@pytest.mark.parametrize("vocabulary", get_args(Vocabulary))
@given(examples=st.lists(st.lists(MESSAGES, max_size=4), max_size=12), again=st.integers(1, 4))
def test_a_file_is_counted_as_its_examples_are_one_by_one(
    vocabulary: Vocabulary, examples: list[list[dict[str, object]]], again: int
) -> None:
    entries = [chat(*messages) for messages in examples] * again
    count = counter(vocabulary)
    found = list(counted(entries, vocabulary))
    assert [entry for entry, _ in found] == entries
    assert [tokens for _, tokens in found] == [example_tokens(entry.messages, count) for entry in entries]


@pytest.mark.parametrize("vocabulary", get_args(Vocabulary))
@given(lists=st.lists(st.lists(TEXTS, min_size=1, max_size=6), max_size=6))
def test_words_that_are_looked_up_count_as_the_tokenizer_counts_them(
    vocabulary: Vocabulary, lists: list[list[str]]
) -> None:
    count, table = counter(vocabulary), word_table(vocabulary)
    for texts in lists * 2:
        # A word among many that are known is learned, whatever it is.
        known = [" ".join(["hub"] * 400)]
        found = table.counts(known + texts)
        assert found is None or found.tolist()[1:] == [count(text) for text in texts]
        assert found is not None or any("\0" in text for text in texts)


@lru_cache
def word_table(vocabulary: Vocabulary) -> WordTable:
    counter(vocabulary)
    return WordTable(tiktoken.get_encoding(vocabulary))


def test_texts_of_new_words_are_left_to_the_tokenizer_until_their_words_are_known() -> None:
    counter("o200k_base")
    table = WordTable(tiktoken.get_encoding("o200k_base"))
    texts = [f"the light {number} is off" for number in range(300)]
    assert table.counts([" ".join(f"word{number}" for number in range(500))]) is None
    assert table.counts(texts) is not None


def test_counts_are_right_over_many_chunks_and_both_ways_of_counting() -> None:
    count = counter("o200k_base")
    words = [f"w{number}" for number in range(60_000)] + ["hub"] * 60_000
    asked = (" ".join(words[n : n + 600]) for n in range(0, len(words), 450))
    entries = [
        chat(said("system", "You are Sarah."), said("user", text), said("assistant", f"Yes {n}."))
        for n, text in enumerate(asked)
    ]
    assert sum(len(str(entry.value)) for entry in entries) > 3 * CHUNK
    expected = [example_tokens(entry.messages, count) for entry in entries]
    assert [tokens for _, tokens in counted(entries, "o200k_base")] == expected


@pytest.mark.parametrize("vocabulary", get_args(Vocabulary))
@pytest.mark.parametrize("text", ["a", " ", "ab", "😀", "\n", " \n", "1", "\t"])
def test_a_million_times_the_same_is_counted_in_seconds(vocabulary: Vocabulary, text: str) -> None:
    began = time.process_time()
    ((_, tokens),) = counted([chat(said("user", text * 10**6 + "x"))], vocabulary)
    assert time.process_time() - began < 30
    assert 5_000 < tokens <= 4 * 10**6


def test_a_long_text_of_words_is_cut_where_tokens_end() -> None:
    text = "Hold the button for ten seconds, then let go.\n  It blinks. " * 4_000
    ((_, tokens),) = counted([chat(said("user", text))], "o200k_base")
    assert len(text) > 2 * LONG
    assert tokens == example_tokens([said("user", text)], counter("o200k_base"))


def test_no_more_examples_are_read_ahead_than_a_few_chunks_hold() -> None:
    read: list[int] = []

    def entries() -> Iterator[Entry]:
        for number in range(1_000):
            read.append(number)
            yield Entry(number, {"messages": [said("user", f"hub {number} " * 1000)]})

    for number, (entry, _) in enumerate(counted(entries(), "o200k_base")):
        assert entry.line == number
        assert (len(read) - number) * 6_000 < WAITING + 2 * CHUNK


def test_an_example_that_takes_much_of_the_file_waits_alone_whatever_it_says() -> None:
    read: list[int] = []

    def entries() -> Iterator[Entry]:
        for number in range(1, 50):
            read.append(number)
            yield Entry(number, {"messages": [], "junk": "..."}, number * 2 * WAITING)

    for number, _ in enumerate(counted(entries(), "o200k_base")):
        assert len(read) - number <= 2


def test_counting_that_is_given_up_leaves_no_thread_behind() -> None:
    def entries() -> Iterator[Entry]:
        # New words every time, so that the tokenizer's threads are needed.
        for number in numbers():
            yield chat(
                said("user", " ".join(f"{word * 7919:x}" for word in range(number * 1000, number * 1000 + 1000)))
            )

    counting = counted(entries(), "o200k_base")
    next(counting)
    assert any(thread.name.startswith("tokens") for thread in threading.enumerate())
    cast("Generator[object]", counting).close()
    assert not any(thread.name.startswith("tokens") for thread in threading.enumerate())


def test_the_benchmark_races_both_ways_over_the_same_files(tmp_path: Path) -> None:
    shown = table(tmp_path, megabytes=0.3, rounds=1)
    assert shown.row_count == 4
    assert sorted(path.stat().st_size >= 300_000 for path in tmp_path.iterdir()) == [True, True]
