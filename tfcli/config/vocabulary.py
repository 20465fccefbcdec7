"""The ids that mean the same in every vocabulary."""

PAD, UNK, BOS, EOS = 0, 1, 2, 3
"""Ids of the control tokens, the same in every tokenizer this project trains. Text never produces PAD, BOS or EOS."""

PLACEHOLDERS = "".join(chr(0xE000 + i) for i in range(8))
"""Private-use characters that stand for protected spans; their ids follow EOS. See tokenizer.py and text/protect.py."""
