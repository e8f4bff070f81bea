"""Fine-tuning at any server that speaks OpenAI's files and fine-tuning protocol, without ever starting a job twice.

The openai library is imported when a server is first asked.
"""

from training.providers.openai.asking import asker
from training.providers.openai.orders import WandbBlock
from training.providers.openai.provider import OpenAIProvider

__all__ = ["OpenAIProvider", "WandbBlock", "asker"]
