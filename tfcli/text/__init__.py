"""What a line is, before and after the model: bytes, sentences, protected spans, safe display. No torch in here."""
