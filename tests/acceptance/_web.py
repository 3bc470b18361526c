"""The npm packages that tests of pages and of the server need."""
import shutil
import subprocess
import sys

from _rows import ROOT


def node_modules(folder):
    """The locked npm packages of tests/web, installed outside the source tree."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (ROOT / "tests/web/package-lock.json").read_text()
    done = folder / "installed"
    if not done.exists() or done.read_text() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / "tests/web" / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True,
                       stdout=sys.stderr)
        done.write_text(lock)
