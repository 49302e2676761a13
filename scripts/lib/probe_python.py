"""Print "ok VERSION PATH" if this Python will do for development, else "no REASON".

Run by setup.sh with the interpreter in question and the oldest version allowed.
"""

import importlib.util
import os  # this file must also run on Pythons that are too old for better
import sys
import sysconfig

version = "%d.%d.%d" % sys.version_info[:3]  # noqa: UP031
minimum = tuple(int(part) for part in sys.argv[1].split("."))
get = sysconfig.get_config_var

# R loads Python as a library: a Python built without one runs scripts well and
# fails inside R. Debian keeps the library in a folder named after the machine.
names = sorted({n for n in (get("INSTSONAME"), get("LDLIBRARY")) if n and not n.endswith(".a")})
folders = [get("LIBDIR") or "", os.path.join(get("LIBDIR") or "", get("MULTIARCH") or "")]  # noqa: PTH118
found = [n for n in names for f in folders if os.path.exists(os.path.join(f, n))]  # noqa: PTH110, PTH118

if sys.version_info[: len(minimum)] < minimum:
    print("no", version, "is older than", sys.argv[1])
elif not get("Py_ENABLE_SHARED") and not found:
    print("no", version, "was built without a shared library (--enable-shared)")
elif not found:
    print("no", version, "lacks its shared library", " or ".join(names))
elif importlib.util.find_spec("ensurepip") is None:
    print("no", version, "lacks what venv needs (ensurepip)")
else:
    print("ok", version, getattr(sys, "_base_executable", sys.executable))
