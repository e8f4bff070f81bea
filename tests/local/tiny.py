# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""Tiny models with random weights, and a tokenizer trained on the company's own words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

Kind = Literal["gpt-neo", "llama"]
VOCABULARY = 1024
LENGTH = 256


def make(folder: Path, kind: Kind, *, template: str = "") -> Path:
    """Make a model in a folder, and return the folder; the same one each time."""
    # Importing them takes seconds, which tests that make no model do not need.
    from transformers import AutoModelForCausalLM, GPTNeoConfig, LlamaConfig, set_seed

    set_seed(1)
    tokenizer = _tokenizer(template)
    ids = {"bos_token_id": tokenizer.eos_token_id, "eos_token_id": tokenizer.eos_token_id}
    common = {"vocab_size": len(tokenizer), "hidden_size": 64, "max_position_embeddings": LENGTH, **ids}
    common["initializer_range"] = 0.15  # so that a few steps are enough to make it sure of something
    config = (
        GPTNeoConfig(num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]], window_size=32, **common)
        if kind == "gpt-neo"
        else LlamaConfig(
            num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=128, **common
        )
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(template: str):  # noqa: ANN202 - the library's
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=specials, initial_alphabet=alphabet)
    made.train_from_iterator(_texts(), trainer)
    end = "<|im_end|>" if template else "<|endoftext|>"
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token=end, bos_token="<|endoftext|>")
    tokenizer.chat_template = template or None
    return tokenizer


def _texts() -> Iterator[str]:
    for file in sorted(Path("data/examples").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            for message in json.loads(line)["messages"]:
                yield message["content"]
