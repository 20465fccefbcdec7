"""Transformers that write all words of a translation at once: what they share (model.py), and one file per idea."""
