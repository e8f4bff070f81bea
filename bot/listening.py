"""Taking an address to serve on, or saying which setting to change."""

import errno
import socket

from bot.conversation import StartupError


def listen(host: str, port: int, what: str, variables: str) -> socket.socket:
    """Take an address; raises StartupError that names the setting, such as `SARAH_WEB`_PORT, when it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    # The latter where no name could be written so.
    except (socket.gaierror, UnicodeError) as error:
        raise StartupError(f"There is no address {host!r} for {what}: correct {variables}_HOST.") from error
    except OSError as error:
        raise StartupError(_refusal(host, port, what, variables, error)) from error


def _refusal(host: str, port: int, what: str, variables: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use, so {what} cannot open there: "
            f"stop what uses it, or set {variables}_PORT to another port (0 takes any free one)."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: set {variables}_HOST to one, such as 127.0.0.1."
    return f"Port {port} on {host} cannot be opened ({error.strerror}): set {variables}_PORT to another port."


def address(listener: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
