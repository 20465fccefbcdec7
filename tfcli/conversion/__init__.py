"""A bundle in the form that another runtime reads: CTranslate2's, written without that library and without torch."""
