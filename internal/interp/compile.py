# Reads [[source, name in the bytecode], ...] as JSON from stdin and compiles
# each; writes {"failed": [[name, reason], ...], "done": n}. Every process that
# runs this imports the same modules, since marshal's reference flags depend on
# which strings are alive.
import sys
sys.path[:] = [p for p in sys.path if p]
import json, py_compile
failed, done = [], 0
for source, name in json.load(sys.stdin):
    try:
        py_compile.compile(source, dfile=name, doraise=True, quiet=2,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        done += 1
    except py_compile.PyCompileError as e:
        failed.append([name, " ".join(str(e.exc_value).split())])
    except (OSError, ValueError, RecursionError, MemoryError, OverflowError) as e:
        failed.append([name, type(e).__name__ + ": " + str(e).replace(source, name)])
print(json.dumps({"failed": failed, "done": done}))
