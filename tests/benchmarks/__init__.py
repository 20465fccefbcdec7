"""Speed and memory beside peers. Not tests: programs, each `python -m tests.benchmarks.NAME [--help]`.

What is compared is measured in one run, in turns, so that whatever else the machine does meets all sides alike. Both
times are shown: wall, which a busy machine stretches, and CPU, which it hardly touches. The numbers to look at are the
ratios.
"""
