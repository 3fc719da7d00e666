"""``python -m benchmarks``: all benchmarks, one after another."""

from rich.console import Console

from benchmarks import asking, over_http, replaying

console = Console()
over_http.run(console)
replaying.run(console)
asking.run(console)
