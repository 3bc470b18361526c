"""What the acceptance scripts share: rows as tools/bars.py reads them, the program's answers, CPU time, data sets."""
import json
import os
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = pathlib.Path(sys.argv[0]).stem


def row(name, value, unit, bar, holds, peer=None, **more):
    """`holds` is None where the row cannot run here; `why` says so."""
    print(json.dumps({"name": f"{SCRIPT}/{name}", "value": value, "unit": unit, "bar": bar, "holds": holds, "peer": peer,
                      "command": f"make acceptance ONLY={SCRIPT}", **more}, ensure_ascii=False), flush=True)


def compared(name, value, unit, sign, limit, peer=None, **more):
    """A row whose bar is a number: `sign` is <= or >=; a value of None cannot be had here."""
    holds = None if value is None else value <= limit if sign == "<=" else value >= limit
    row(name, value, unit, f"{sign} {limit}", holds, peer, **more)


def within(name, minutes, limit, unit="CPU minutes", **more):
    """A row of CPU minutes: judged as measured, printed to a tenth."""
    row(name, round(minutes, 1), unit, f"<= {limit}", minutes <= limit, **more)


def ingot(build, *arguments):
    """What the program prints, parsed with --json."""
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out) if "--json" in arguments else out


def cpu_minutes():
    """Of all commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 60


def data_set(name):
    """Its folder or file in INGOT_DATA, or None."""
    path = pathlib.Path(os.environ.get("INGOT_DATA") or os.devnull) / name
    return path if path.exists() else None
