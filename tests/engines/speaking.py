# pyright: basic, reportMissingImports=false
# The checks do without the extra that this needs.
"""A tiny model that says nothing, and adapters that make it say one sentence each, whatever it is asked."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, LlamaForCausalLM

from tests.local import tiny

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Beside what the base gives to each token, which is nothing.
_SURE = 10.0


def silent(folder: Path) -> Path:
    """Make a base whose next token depends on the last one alone, and which prefers none."""
    model: Any = LlamaForCausalLM.from_pretrained(tiny.make(folder, "llama", template=TEMPLATE))
    torch.manual_seed(1)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        # Nearly at right angles to each other.
        embeddings = model.model.embed_tokens.weight
        embeddings.copy_(torch.nn.functional.normalize(torch.randn_like(embeddings), dim=1))
        model.lm_head.weight.zero_()
    model.save_pretrained(folder)
    return folder


def saying(text: str, base: Path, folder: Path) -> tuple[dict[str, bytes], int]:
    """Make an adapter with which the base says a text, token after token; return its files and its rank."""
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    model: Any = LlamaForCausalLM.from_pretrained(base)
    asked = tokenizer.apply_chat_template([{"role": "user", "content": "Hm?"}], add_generation_prompt=True)
    said = [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]
    assert len(set(said)) == len(said), "a token that comes twice would be followed by the same one twice"
    before = [asked["input_ids"][-1], *said[:-1]]
    adapted: Any = get_peft_model(model, LoraConfig(r=len(said), lora_alpha=len(said), target_modules=["lm_head"]))
    head = adapted.base_model.model.lm_head
    with torch.no_grad():
        head.lora_A["default"].weight.copy_(model.model.embed_tokens.weight[before])
        head.lora_B["default"].weight.zero_()
        head.lora_B["default"].weight[said, range(len(said))] = _SURE
    adapted.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".md"}, len(said)
