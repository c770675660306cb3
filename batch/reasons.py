"""What a failed request says to a person."""

from __future__ import annotations

import requests

LONGEST_QUOTE = 300


def why(error: BaseException) -> str:
    """The end of a sentence."""
    match error:
        case requests.HTTPError() if error.response is not None:
            return f"it answered with the status {error.response.status_code}"
        case requests.Timeout():
            return "it did not answer in time"
        case requests.TooManyRedirects():
            return "too many redirects"
        case requests.ConnectionError():
            return "there is no connection"
        case _:
            return cut(error)


def cut(text: object) -> str:
    """On one line, and no longer than a person reads."""
    line = " ".join(str(text).split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[:LONGEST_QUOTE]}..."
