# One PEP 517 hook, asked by a file and answered by a file, so that whatever the
# backend prints is a log and nothing else. Arguments: the request, the answer.
#
# The backend is a stranger: it may exit, raise anything, print, read its input
# (which is empty) or return what is no answer. Each of these ends in an answer
# that says so, but for os._exit and a kill, which leave none.
import importlib
import json
import os
import sys
import time
import traceback

LEGACY = "setuptools.build_meta:__legacy__"
MOST = 64 * 1024  # characters of what a backend says of an error


class Refusal(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def shift_clock(seconds):
    """Let Python's own clocks be wrong by some seconds."""
    import datetime

    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + seconds * 10**9
    for name in ("localtime", "gmtime", "ctime"):
        real = getattr(time, name)
        setattr(time, name, lambda at=None, real=real: real(time.time() if at is None else at))
    asc, strf = time.asctime, time.strftime
    time.asctime = lambda t=None: asc(time.localtime() if t is None else t)
    time.strftime = lambda form, t=None: strf(form, time.localtime() if t is None else t)

    class date(datetime.date):
        @classmethod
        def today(cls):
            return cls.fromtimestamp(time.time())

    class moved(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls):
            return cls.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls):
            return cls.fromtimestamp(time.time())

    moved.__name__ = "datetime"
    datetime.date, datetime.datetime = date, moved


def backend_of(request):
    paths = [os.path.join(os.getcwd(), p) for p in request["backend_path"]]
    sys.path[:0] = paths
    module, _, attributes = (request["backend"] or LEGACY).partition(":")
    try:
        found = importlib.import_module(module)
    except ImportError as e:
        kind = "module" if isinstance(e, ModuleNotFoundError) else "import"
        raise Refusal(kind, getattr(e, "name", None) or str(e)) from e
    if paths:
        # PEP 517: an in-tree backend must come from the tree.
        file = os.path.realpath(getattr(found, "__file__", None) or "")
        if not any(os.path.commonpath([file or "/", os.path.realpath(p)]) == os.path.realpath(p) for p in paths):
            raise Refusal("import", f"backend-path does not hold {module}")
    for name in attributes.split(".") if attributes else []:
        try:
            found = getattr(found, name)
        except AttributeError:
            raise Refusal("import", f"{module} has no {attributes}") from None
    return found


def requires(backend, request):
    hook = getattr(backend, "get_requires_for_build_wheel", None)
    said = [] if hook is None else hook(request["settings"])
    if not isinstance(said, (list, tuple)) or not all(isinstance(r, str) for r in said):
        raise Refusal("answer", f"get_requires_for_build_wheel returned {said!r:.200}, not a list of strings")
    return list(said)


def named(hook, said):
    if not isinstance(said, str):
        raise Refusal("answer", f"{hook} returned {said!r:.200}, not a name")
    return said


def metadata(backend, request):
    hook = getattr(backend, "prepare_metadata_for_build_wheel", None)
    if hook is None:
        return None
    return named("prepare_metadata_for_build_wheel", hook(request["out"], request["settings"]))


def wheel(backend, request):
    hook = getattr(backend, "build_wheel", None)
    if hook is None:
        raise Refusal("import", "the backend has no build_wheel")
    return named("build_wheel", hook(request["out"], request["settings"], None))


def answer(request):
    hook = {"requires": requires, "metadata": metadata, "wheel": wheel}[request["hook"]]
    try:
        return {"value": hook(backend_of(request), request)}
    except Refusal as e:
        kind, text = e.kind, str(e)
        if e.__cause__ is not None:
            cause = e.__cause__
            traceback.print_exception(type(cause), cause, cause.__traceback__, limit=-3)
    except BaseException as e:
        gave_up = isinstance(e, SystemExit)
        traceback.print_exception(type(e), e, e.__traceback__, limit=0 if gave_up else -3, chain=not gave_up)
        kind, text = "raised", "".join(traceback.format_exception_only(type(e), e)).strip()
        if isinstance(e, SyntaxError):  # several lines, of which the last says least without the first
            text = f"{type(e).__name__}: {e}"
        if gave_up:
            kind, text = "exit", f"{e.code}"
        elif isinstance(e, ModuleNotFoundError):
            kind, text = "module", e.name or text
    return {"kind": kind, "text": text[:MOST]}


def main():
    asked, answered = sys.argv[1:]
    sys.path.pop(0)  # the folder of this file
    with open(asked, encoding="utf-8") as f:
        request = json.load(f)
    os.umask(request["umask"])
    os.chdir(request["source"])
    if request["clock"]:
        shift_clock(request["clock"])
    sys.argv[1:] = []
    result = answer(request)
    with open(answered, "w", encoding="utf-8") as f:
        json.dump(result, f)


main()
