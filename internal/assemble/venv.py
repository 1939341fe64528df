"""Stands before the standard library's venv where Python is isolated.

A virtual environment of an isolated Python would not be one: the ._pth file
beside the interpreter counts in it too. Importing this works, as libraries
that only might make an environment do; making one stops.
"""

import sys

_WHY = (
    "this Python is an isolated runtime of snug: a virtual environment made from it would not see its own packages.\n"
    "hint: make it from the dev runtime: snug run dev -- python -m venv DIR"
)

CORE_VENV_DEPS = ("pip",)


class EnvBuilder:
    def __init__(self, *args, **kwargs):
        raise RuntimeError(_WHY)


def create(*args, **kwargs):
    raise RuntimeError(_WHY)


def main(args=None):
    sys.exit("error: " + _WHY)


if __name__ == "__main__":
    main()
