"""Where a person reads what the command says."""

import sys


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
