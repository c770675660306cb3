"""Where a person reads what the command says."""

import sys


def say(line: str) -> None:
    """One line to whoever called the command."""
    sys.stderr.write(f"{line}\n")
