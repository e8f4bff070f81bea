"""Every command that there is, in the order in which help lists them."""

from bot.admin import customers, data, model, sarah, train
from bot.admin.forms import Command

COMMANDS: tuple[Command, ...] = (
    customers.ask,
    customers.human,
    customers.privacy,
    customers.forget_me,
    customers.export_me,
    customers.reset,
    data.upload,
    data.list_datasets,
    data.show,
    data.check,
    data.delete,
    data.add_example,
    data.freeze,
    data.export,
    train.start,
    train.agree,
    train.status,
    train.list_runs,
    train.cancel,
    train.events,
    model.list_models,
    model.show,
    model.compare,
    model.promote,
    model.rollback,
    model.attempt,
    sarah.status,
    sarah.channel,
    sarah.limits,
    sarah.audit,
    sarah.feedback,
    sarah.hand_back,
)
