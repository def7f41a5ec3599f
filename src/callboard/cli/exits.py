"""Exit codes: part of the command line's contract."""

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """What a command's exit code says. Nothing but HEALTHY is 0, so that a script never takes a gap for health."""

    FINE = 0
    """`status`: the service is healthy and everything that decides it was seen. Checks: nothing wrong."""
    TROUBLE = 1
    """`status`: unhealthy, not ready yet, or running nowhere. Checks: something is wrong."""
    COULD_NOT_TELL = 2
    """Something that decides could not be seen or asked; the output says what and why."""
    USAGE = 3
    """The command, an option, a configuration file or a reference is wrong, or names what does not exist."""
    INTERRUPTED = 130
    """Ctrl-C: 128 and SIGINT's number, as shells report it."""
    PIPE_CLOSED = 141
    """The reader of our output went away: 128 and SIGPIPE's number."""
