"""The command line: ``iort-cds``."""

import typer

from cds_service.cli import demo, feedback, replay, sandbox, schema, serve

app = typer.Typer(
    name="iort-cds",
    help="Coverage of intraoperative radiation therapy orders by the Evolent guideline CG_226.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command(name="serve")(serve.serve)
app.command(name="replay")(replay.replay)
app.command(name="demo")(demo.demo)
app.command(name="schema")(schema.schema)
app.add_typer(feedback.app, name="feedback")
app.add_typer(sandbox.app, name="sandbox")
