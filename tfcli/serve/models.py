"""The models that are served, found by their languages or by the script of a text."""

from collections.abc import Iterable
from typing import Any

from tfcli.looking import Translator
from tfcli.text.languages import find_language
from tfcli.text.scripts import count_letters, foreign


class Models:
    """One translator for each direction, of several the first."""

    def __init__(self, translators: Iterable[Translator]):
        self._translators: dict[tuple[str, str], Translator] = {}
        for translator in translators:
            config = translator.bundle.config
            direction = find_language(config.source).code, find_language(config.target).code
            self._translators.setdefault(direction, translator)
        self.codes = list(dict.fromkeys(code for direction in self._translators for code in direction))

    @property
    def directions(self) -> list[tuple[str, str]]:
        return list(self._translators)

    def find(self, source: str, target: str) -> Translator | None:
        """Who translates from one language to another, by their codes; None if nobody does."""
        return self._translators.get((source, target))

    def languages(self) -> list[dict[str, Any]]:
        """Every language with those it can become, as LibreTranslate tells them. A text in the language that is asked
        for comes back as it is, so each can become itself."""
        return [
            {
                "code": code,
                "name": find_language(code).name,
                "targets": [target for target in self.codes if target == code or self.find(code, target)],
            }
            for code in self.codes
        ]

    def detect(self, text: str, target: str | None = None) -> list[tuple[str, int]]:
        """Languages a text may be in, and how much of it is in their script, from 0 to 100; the likeliest first. With
        `target`, those that can become it."""
        codes = [code for code in self.codes if target is None or code == target or self.find(code, target)]
        letters = count_letters(text)
        shares = []
        for code in codes:
            scripts = find_language(code).scripts
            own = sum(letters[script] for script in scripts)
            shares.append((code, 0 if not own or foreign(letters, code) else round(100 * own / letters.total())))
        # Of a text that is in none of them the first that can be translated is as good as any.
        sources = {source for source, _ in self._translators}
        return sorted(shares, key=lambda share: (-share[1], share[0] not in sources))
