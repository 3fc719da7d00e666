"""``python -m benchmarks``: all benchmarks, one after another."""

from rich.console import Console

from benchmarks import over_http

console = Console()
over_http.run(console)
