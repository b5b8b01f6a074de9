"""What the command says when it cannot do what it was asked."""


class CommandError(Exception):
    """The command cannot do what it was asked; the message says why, in one line."""
