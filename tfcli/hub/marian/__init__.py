"""Models of Marian, as Helsinki-NLP publishes them for transformers, made into models of tfcli.

A vocabulary and the features of a model may be numbered in any order, so what differs in order only is put into ours:
nothing of the architecture but an activation (silu) and the bias of the output had to be added for these models.
"""
