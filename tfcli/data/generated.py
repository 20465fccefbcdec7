"""Which corpora are generated, and by what: built-in ones by their names, with a user's own entities or without."""

import random
from collections.abc import Callable

from tfcli.config import CorpusConfig
from tfcli.data.synthetic import SYNTHETIC
from tfcli.data.synthetic.grammar import Texts
from tfcli.data.synthetic.own_lists import read_entities, with_entities
from tfcli.errors import DataError


def generator(corpus: CorpusConfig) -> Callable[[random.Random], Texts] | None:
    """What draws a (Chinese, English) pair of a generated corpus; None for one that is read. Raises DataError or
    NotFoundError for entities that cannot be used."""
    if corpus.path not in SYNTHETIC:
        if corpus.entities:
            names = ", ".join(SYNTHETIC)
            raise DataError(f'"{corpus.path}" is not generated and takes no entities', f"these do: {names}")
        return None
    return with_entities(corpus.path, read_entities(corpus.entities)) if corpus.entities else SYNTHETIC[corpus.path]
