# Writes the pyconfig.h of the running Python to stdout. The argument is a file
# that says which macros there are: pyconfig.h.in of the sources, or the pyconfig.h
# of another build of the same version. Their values are those that this Python
# was built with: its sysconfig keeps them. Zero there is "not defined", which to
# #if is the same.
import re
import sys
import sysconfig

LINE = re.compile(r"^(\s*)(?:#(\s*)(undef|define)|/\*\s*#(\s*)(undef))\s+([A-Za-z_][A-Za-z0-9_]*)(.*)$")
NUMBER = re.compile(r"^-?(0x[0-9A-Fa-f]+|[0-9]+)[uUlL]*$")
TEXTS = {"PY_SSL_DEFAULT_CIPHER_STRING"}
# sysconfig keeps no name that begins with an underscore; configure defines these always.
ALWAYS = {"_ALL_SOURCE": "1", "_DARWIN_C_SOURCE": "1", "_FILE_OFFSET_BITS": "64", "_GNU_SOURCE": "1", "_LARGEFILE_SOURCE": "1", "_NETBSD_SOURCE": "1",
          "_POSIX_C_SOURCE": "200809L", "_POSIX_PTHREAD_SEMANTICS": "1", "_PYTHONFRAMEWORK": '""', "_TANDEM_SOURCE": "1", "_XOPEN_SOURCE": "700",
          "_XOPEN_SOURCE_EXTENDED": "1", "__BSD_VISIBLE": "1", "__EXTENSIONS__": "1"}
known = sysconfig.get_config_vars()


def value(name, there):
    """The text after the name; None for a macro that is not defined."""
    if name.startswith("_"):
        return ALWAYS.get(name, there)
    have = known.get(name)
    if have is None or have == 0 or have == "":
        return None
    if name in TEXTS:
        return '"%s"' % str(have).strip('"')
    if NUMBER.match(str(have)):
        return str(have)
    return there


with open(sys.argv[1], encoding="utf-8") as f:
    lines = f.read().splitlines()
for line in lines:
    m = LINE.match(line)
    if m and not m[7].startswith("(") and (m[3] != "define" or m[7].strip()):
        there = m[7].strip() if m[3] == "define" else None
        have = value(m[6], there)
        if m[3] == "define" and m[2] and have == there:
            pass  # a line within a condition
        elif have is None:
            line = "/* #undef %s */" % m[6]
        else:
            line = "%s#%sdefine %s %s" % (m[1], m[2] or "", m[6], have)
    print(line)
