"""A server of translations, which speaks as LibreTranslate does."""
