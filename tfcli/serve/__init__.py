"""A server of translations: LibreTranslate's API, and a page for a browser."""
