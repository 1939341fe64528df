"""usage: check.py RESULT MODULE...: imports each and writes what failed, as JSON."""

import importlib
import json
import sys

failed = {}
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except BaseException as e:  # whatever a module does, the others are tried too
        failed[name] = f"{type(e).__name__}: {e}"[:500]
with open(sys.argv[1], "w", encoding="utf-8") as f:
    json.dump({"version": sys.version.split()[0], "failed": failed}, f)
