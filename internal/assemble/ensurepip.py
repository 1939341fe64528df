"""Stands in for ensurepip, which some sources of interpreters leave out.

The standard one unpacks a pip that Python itself carries. This one copies the
runtime's own pip, which the lock names, into a virtual environment.
"""

import importlib.metadata
import pathlib
import shutil
import sys
import sysconfig

_WHY = (
    "this Python came without the pip that virtual environments get.\n"
    "hint: snug add pip --runtime dev, then snug build; or do without: python -m venv --without-pip DIR"
)


def _pip():
    site = sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
    for found in importlib.metadata.distributions(name="pip", path=[site]):
        return found
    raise RuntimeError(_WHY)


def version():
    return _pip().version


def bootstrap(**_options):
    """Copies the files that pip's RECORD lists, launchers too."""
    pip = _pip()
    if sys.prefix == sys.base_prefix:
        return  # pip is here already
    site = pathlib.Path(sysconfig.get_path("purelib"))
    for name in pip.files:
        to = site / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name.locate(), to)


if __name__ == "__main__":
    try:
        bootstrap()
    except RuntimeError as why:
        sys.exit(f"error: {why}")
