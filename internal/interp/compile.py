# Reads pairs "source NUL name NUL" from stdin, name being what the bytecode is
# to say, and compiles each; writes "name NUL reason NUL" for each, the reason
# empty if it went well. The __pycache__ folders are there.
#
# What else lives in the process must not show in the bytes. marshal marks an
# object as shared if anything holds it: here each is held once more while it is
# written, so that all are marked, always. And a name that another module has
# interned is written otherwise: so nothing is imported that is not built in.
import _frozen_importlib_external as loader, _imp, marshal, sys

Code = type((lambda: 0).__code__)
FIELDS = ("co_code", "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename",
          "co_name", "co_qualname", "co_linetable", "co_exceptiontable")


def hold(x, held):
    held.append(x)
    if isinstance(x, Code):
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
    magic = int.from_bytes(loader.MAGIC_NUMBER, "little")
    header = loader.MAGIC_NUMBER + (1).to_bytes(4, "little") + _imp.source_hash(magic, text)
    with open(loader.cache_from_source(source, optimization=""), "wb") as f:
        f.write(header + marshal.dumps(code))


words = sys.stdin.buffer.read().decode().split("\0")
for source, name in zip(words[0::2], words[1::2]):
    reason = ""
    try:
        compile_file(source, name)
    except Exception as e:
        reason = (type(e).__name__ + ": " + " ".join(str(e).split())).replace(source, name)
    sys.stdout.buffer.write((name + "\0" + reason + "\0").encode(errors="backslashreplace"))
