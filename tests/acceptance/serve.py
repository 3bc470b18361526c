#!/usr/bin/env python3
"""Serves a small model and talks to it with the npm openai client (tests/web/serve.mjs); ends with SIGTERM under load."""
import argparse
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from _rows import ROOT, row
from _web import node_modules


def start(ingot, folder, *flags):
    server = subprocess.Popen([ingot, "serve", folder, "--port", "0", "--name", "small", *flags], stdout=subprocess.PIPE, text=True)
    url = re.search(r"http://\S+", server.stdout.readline())[0]
    while True:
        try:
            with urllib.request.urlopen(url + "/healthz"):
                return server, url
        except urllib.error.HTTPError as error:
            if error.code != 503 or server.poll() is not None:
                raise


def drain_under_load(server, url):
    """Answers to requests that were taken on before SIGTERM; each must be whole."""
    body = json.dumps({"model": "small", "prompt": "The", "max_tokens": 64, "temperature": 0}).encode()
    answers, begun = [], threading.Semaphore(0)

    def ask():
        request = urllib.request.Request(url + "/v1/completions", body, {"Content-Type": "application/json"})
        begun.release()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answers.append(json.load(answer)["usage"]["completion_tokens"] > 0)
        except OSError as error:
            answers.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in threads:
        begun.acquire()
    while True:  # until all six have been taken on
        with urllib.request.urlopen(url + "/healthz") as answer:
            health = json.load(answer)
        if health["connections"] >= 7 or len(answers) >= 6:
            break
    server.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    return answers, server.wait(timeout=60)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    if not shutil.which("npm"):
        row("client", None, "", "all checks hold", None, why="needs npm")
        return 0
    work = build.parent / "web-test"
    node_modules(work)
    shutil.copy(ROOT / "tests/web/serve.mjs", work)
    demo = work / "demo"
    subprocess.run([build / "ingot", "demo", "--quick", "--out", demo], check=True, stdout=sys.stderr)
    server, url = start(build / "ingot", demo / "runs/main", "--set", "queue=12")
    try:
        result = subprocess.run(["node", "serve.mjs", url, "small"], cwd=work, stdout=subprocess.PIPE, text=True, timeout=600)
        for line in result.stdout.splitlines():
            check = json.loads(line)
            print(f"{check['name']}: {check['detail']}", file=sys.stderr)
            row(f"openai_{check['name']}", int(check["holds"]), "holds", "== 1", check["holds"])
        answers, code = drain_under_load(server, url)
        dropped = [answer for answer in answers if answer is not True]
        for answer in dropped:
            print(f"dropped: {answer}", file=sys.stderr)
        row("drain_dropped", len(dropped), "requests dropped of 6 at SIGTERM", "== 0", not dropped)
        row("drain_exit_code", code, "exit code", "== 0", code == 0)
    finally:
        server.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
