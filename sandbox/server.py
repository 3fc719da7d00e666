"""Starts the FHIR server of this directory; used by `make sandbox` and `make sandbox-up`."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import typer

HAPI = Path(__file__).resolve().parent / "hapi"
DATA = HAPI / "data"
PID = DATA / "server.pid"
PORT = os.environ.get("SANDBOX_PORT", "8090")
URL = f"http://127.0.0.1:{PORT}/fhir"
STOP_SECONDS = 30.0
COMMAND = ["sh", str(HAPI / "run.sh"), "--port", PORT, "--data", str(DATA)]

app = typer.Typer(help=__doc__, add_completion=False)


@app.command()
def up() -> None:
    """Start HAPI with its data kept, and leave it running."""
    if _answers():
        typer.echo(f"HAPI is running at {URL}")
    else:
        process = _started(COMMAND, stdin=subprocess.DEVNULL)
        PID.write_text(str(process.pid))
        typer.echo(f"HAPI answers at {URL}")
    typer.echo(f"Stop it {_how_to_stop()}")


@app.command(name="try")
def try_out() -> None:
    """Load the samples and sign their orders; HAPI is stopped afterwards if it was not running."""
    with _running():
        for command in ("load", "sign"):
            program = Path(sys.executable).with_name("iort-cds")
            done = subprocess.run([program, "sandbox", command, "--fhir", URL], check=False)  # noqa: S603
            if done.returncode != 0:
                raise typer.Exit(done.returncode)


@contextmanager
def _running() -> Iterator[None]:
    if _answers():
        yield
        return
    # HAPI ends with this process, however that ends.
    process = _started([*COMMAND, "--with-parent"], stdin=subprocess.PIPE)
    try:
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _started(command: list[str], stdin: int) -> subprocess.Popen[str]:
    """Start HAPI and wait until it answers; say why if it does not."""
    built = (HAPI / "target" / "built").exists()
    typer.echo("Starting HAPI" if built else "Building HAPI, once; this takes a minute or two")
    # Not the caller's own streams: what goes on running would hold them open.
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            ready = process.stdout.readline().startswith("READY")
        except KeyboardInterrupt:
            process.terminate()
            raise
        if not ready:
            code = process.wait()
            errors.seek(0)
            typer.echo(errors.read().strip(), err=True)
            raise typer.Exit(code)
    return process


def _how_to_stop() -> str:
    pid = PID.read_text() if PID.exists() else "0"
    # The number may be that of an older run, and belong to something else by now.
    command = ["ps", "-o", "args=", "-p", pid]
    shown = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return f"with: kill {pid}" if str(HAPI).encode() in shown.stdout else "where it was started"


def _answers() -> bool:
    """Tell whether a FHIR server answers there."""
    try:
        answer = httpx.get(f"{URL}/Patient?_count=1", timeout=10, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.is_success and "fhir" in answer.headers.get("content-type", "")


if __name__ == "__main__":
    app()
