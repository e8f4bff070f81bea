# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""Whether several examples may share a row: asked of the model itself, which may mix them."""

from typing import cast

import torch
from peft import PeftModel
from transformers import PreTrainedModel

# Of what another example changes in one row, so much may be left where the two are kept apart: noise of the arithmetic.
_NOISE = 0.01
_LENGTH = 12


@torch.no_grad()
def keeps_apart(model: PreTrainedModel | PeftModel) -> bool:
    """Return whether what a model says of an example depends on nothing that stands before it in a packed row.

    Rows are packed as TRL does it: the positions begin anew with each example, and nothing else tells them apart. With
    eager attention never: it works out every pair of a row, and some models have masks of a fixed size for it.
    """
    if attention_of(model) == "eager":
        return False
    was_training, device = model.training, next(model.parameters()).device
    model.eval()
    try:
        vocabulary = cast("int", model.config.vocab_size)
        generator = torch.Generator().manual_seed(0)
        examples = torch.randint(vocabulary, (3, 1, _LENGTH), generator=generator).to(device)
        one, other = (torch.cat((first, examples[2]), dim=1) for first in examples[:2])
        anew = torch.arange(_LENGTH, device=device)[None].repeat(1, 2)
        going_on = torch.arange(2 * _LENGTH, device=device)[None]
        changed, mixed = (_said(model, one, at) - _said(model, other, at) for at in (anew, going_on))
    finally:
        model.train(was_training)
    return bool(changed.norm() < _NOISE * mixed.norm())


def _said(model: PreTrainedModel | PeftModel, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Return what a model says of the second example in a row."""
    return model(input_ids=ids, position_ids=positions, use_cache=False).logits[0, -_LENGTH:].float()


def reads_rows_in_parts(model: PreTrainedModel | PeftModel) -> bool:
    """Return whether a long packed row costs no more than its examples do; else every pair in it is worked out."""
    return "flash" in attention_of(model)


def attention_of(model: PreTrainedModel | PeftModel) -> str:
    """Return how a model works out its attention, as transformers calls it."""
    return cast("str", model.config._attn_implementation)  # noqa: SLF001 - it says so nowhere else
