"""tfcli: a small offline translator to use, train, look inside and share."""

__version__ = "0.1.0"
