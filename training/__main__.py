"""`python -m training`: everything about datasets, runs and models, without the bot."""

from training.cli import shell
from training.cli.data import app as data
from training.cli.model import app as model
from training.cli.topic import app as topic
from training.cli.train import app as train
from training.cli.train import work
from training.cli.worker import app as worker

app = shell.commands("From a file of examples to a registered model.")
# The commands for data also stand at the front, because that is where everybody begins.
app.registered_commands += data.registered_commands
app.add_typer(data, name="data")
app.add_typer(train, name="train")
app.add_typer(worker, name="worker")
app.add_typer(model, name="model")
app.add_typer(topic, name="topic")
app.command(hidden=True)(work)

if __name__ == "__main__":
    app(prog_name="python -m training")
