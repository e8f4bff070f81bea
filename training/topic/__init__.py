"""Is a message about the product? By what its words say, alone and together."""

from training.topic.calibration import Calibration
from training.topic.material import Topic, customers, measured, read_topics
from training.topic.model import TopicModel, Verdict, load_topic_model
from training.topic.training import REFUSED, fitted, keep_fitted, read_topic_model, source, taught, trained_on

__all__ = [
    "REFUSED",
    "Calibration",
    "Topic",
    "TopicModel",
    "Verdict",
    "customers",
    "fitted",
    "keep_fitted",
    "load_topic_model",
    "measured",
    "read_topic_model",
    "read_topics",
    "source",
    "taught",
    "trained_on",
]
