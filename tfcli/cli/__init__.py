"""The command line: parse options, call the library, print. Nothing here imports torch until a command runs."""
