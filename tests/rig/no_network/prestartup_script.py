"""ComfyUI extension for tests: refuses every connection and name look-up that leaves this machine, and logs who asked.

ComfyUI runs this file before it imports any custom node.
"""

import ipaddress
import logging
import sys
import traceback
from typing import Any

REFUSED = "no_network refused"
CONNECTING = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}  # event: which argument is the address
RESOLVING = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CONNECTING:
        address = arguments[CONNECTING[event]]
        host = address[0] if isinstance(address, tuple) else None  # others are files of this machine
    elif event in RESOLVING:
        host = arguments[RESOLVING[event]]
    else:
        return
    if host is not None and not local(str(host)):
        caller = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_stack()[-2:-8:-1])
        logging.warning("%s %s %r from %s", REFUSED, event, host, caller)
        raise OSError(f"{REFUSED} {host}")


def local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in ("localhost", "")
    return address.is_loopback or address.is_unspecified


sys.addaudithook(refuse)
logging.info("no_network watches")
