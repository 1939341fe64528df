# Reads [[source, name in the bytecode], ...] as JSON from stdin and compiles
# each; writes a line for each: [name, reason], the reason "" if it went well.
#
# marshal marks an object as shared if anything else in the process holds it,
# so that what else was imported or compiled would show in the bytes. Here every
# object is held once more while it is written: all are marked, always.
import sys
sys.path[:] = [p for p in sys.path if p]
import importlib.util, json, marshal, os, types

FIELDS = ("co_code", "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename",
          "co_name", "co_qualname", "co_linetable", "co_exceptiontable")


def hold(x, held):
    held.append(x)
    if isinstance(x, types.CodeType):
        for field in FIELDS:
            hold(getattr(x, field, None), held)
    elif isinstance(x, (tuple, frozenset)):
        for y in x:
            hold(y, held)
    elif isinstance(x, slice):
        hold((x.start, x.stop, x.step), held)


def compile_file(source, name):
    with open(source, "rb") as f:
        text = f.read()
    code = compile(text, name, "exec", dont_inherit=True, optimize=0)
    held = []
    hold(code, held)
    # PEP 552: flags 1 is by hash, unchecked.
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(text)
    target = importlib.util.cache_from_source(source, optimization="")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as f:
        f.write(header + marshal.dumps(code))


for source, name in json.load(sys.stdin):
    reason = ""
    try:
        compile_file(source, name)
    except Exception as e:
        reason = (type(e).__name__ + ": " + " ".join(str(e).split())).replace(source, name)
    print(json.dumps([name, reason]))
