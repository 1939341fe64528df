

# Added by snug, which moves this Python: paths of the folder that it was built
# in become those of where it lies, tools of its build machine those that people
# have.
def _relocate():
    import sys

    tools = (("/tools/llvm/bin/llvm-", ""), ("/tools/llvm/bin/", ""), ("clang++", "c++"), ("clang", "cc"))
    for name, value in build_time_vars.items():
        if not isinstance(value, str):
            continue
        if not name.startswith("INSTALL"):  # "/usr/bin/install -c" is no such path
            value = value.replace("/install", sys.base_prefix)
        if name in ("CC", "CXX", "AR", "BLDSHARED", "LDSHARED", "LDCXXSHARED", "LINKCC"):
            for old, new in tools:
                value = value.replace(old, new)
        build_time_vars[name] = value


_relocate()
