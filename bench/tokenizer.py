#!/usr/bin/env python3
"""Tokenizer speed in CPU time: encoding beside npm tiktoken's wasm on one thread, training 16k tokens on 100 MB.
Prints one JSON row a line."""
import argparse
import gzip
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "acceptance"))
import _tokenizer_peers as peers  # noqa: E402

COMMAND = "make bench ONLY=tokenizer"
CORPUS_BYTES = 100_000_000


def row(name, value, unit, bar, holds, peer=None, **more):
    print(json.dumps({"name": "tokenizer/" + name, "value": value, "unit": unit, "bar": bar, "holds": holds,
                      "peer": peer, "command": COMMAND, **more}), flush=True)


def local_texts():
    """Prose in several languages from INGOT_DATA, then the machine's manual pages; in a fixed order."""
    mirror = pathlib.Path(os.environ.get("INGOT_DATA", "/nonexistent"))
    for name in ("lm-wikitext2-valid-test/valid.txt", "lm-tinyshakespeare/input.txt", "qa-cmrc2018/cmrc2018_dev.json",
                 "qa-xquad/xquad.es.json", "qa-xquad/xquad.de.json", "lm-zh-tang-poetry/poet.tang.0.json"):
        if (mirror / name).exists():
            yield (mirror / name).read_text(errors="replace")
    reviews = mirror / "cls-imdb" / "aclImdb_20k.tar.gz"
    if reviews.exists():
        with tarfile.open(reviews) as archive:
            for member in archive:
                if member.isfile():
                    yield archive.extractfile(member).read().decode(errors="replace") + "\n"
    for path in sorted(pathlib.Path("/usr/share/man").glob("man[1-8]/*.gz")):
        yield gzip.open(path).read().decode(errors="replace")


def write_corpus(path):
    """CORPUS_BYTES of the local texts. Each time around, more words get an ending or a number, so that the number of
    distinct words grows with the size as it does in a corpus that does not repeat. Returns that number of rounds."""
    texts = list(itertools.islice(local_texts(), 50_000))
    if sum(map(len, texts)) < 200_000:
        raise RuntimeError("neither INGOT_DATA nor /usr/share/man holds text")
    rng = random.Random(11)
    endings = ["s", "ed", "ing", "ly", "er", "ness", "able", "-based", "'s", "ish", "ation", "ize", "ier", "ism"]
    written, rounds = 0, 0
    with open(path, "wb") as out:
        while written < CORPUS_BYTES:
            for text in texts:
                if rounds:
                    words = text.split(" ")
                    for _ in range(max(1, len(words) // 25)):
                        at = rng.randrange(len(words))
                        words[at] += rng.choice(endings) if rng.randrange(4) else str(rng.randrange(10_000))
                    text = " ".join(words)
                data = text.encode(errors="replace")[:CORPUS_BYTES - written]
                out.write(data)
                written += len(data)
                if written >= CORPUS_BYTES:
                    break
            rounds += 1
    return rounds


def encode_speed(build, tokenizer, text):
    """CPU seconds of one pass and its tokens."""
    run = subprocess.run([str(build / "bench" / "tokenizer_bench"), str(tokenizer), str(text), "--benchmark_filter=encode",
                          "--benchmark_format=json", "--benchmark_repetitions=3"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True, text=True)
    runs = [r for r in json.loads(run.stdout)["benchmarks"] if r["run_type"] == "iteration"]
    if any(r.get("error_occurred") for r in runs):
        raise SystemExit(f"tokenizer bench: {runs[0].get('error_message')}")
    return min(r["cpu_time"] for r in runs) / 1e9, int(runs[0]["tokens"])


def bench_encode(build, work):
    rows = ["encode-gpt2-prose", "encode-gpt2-torture", "encode-cl100k-prose"]
    fixtures = peers.fixtures()
    try:
        if not fixtures:
            raise RuntimeError("INGOT_DATA holds no fixture-tokenizers (published vocabularies)")
        node = peers.install_peers(build)
    except RuntimeError as why:
        for name in rows:
            row(name, None, "MB/s", ">= 8", None, why=str(why))
            row(name + "-vs-tiktoken", None, "times tiktoken's speed", ">= 2", None, why=str(why))
        return
    prose, torture = work / "prose.txt", work / "torture.txt"
    prose.write_text("".join(itertools.islice(local_texts(), 2)))
    torture.write_bytes(peers.torture_text().encode())
    peers.run_peers(node, [{"do": "ranks", "encoding": "cl100k_base", "out": str(work / "cl100k_base.tiktoken")}])
    cases = [("gpt2", fixtures / "gpt2", prose), ("gpt2", fixtures / "gpt2", torture),
             ("cl100k_base", work / "cl100k_base.tiktoken", prose)]
    for name, (encoding, tokenizer, text) in zip(rows, cases):
        ours, tokens = encode_speed(build, tokenizer, text)
        result = work / "time.json"
        peers.run_peers(node, [{"do": "time", "name": encoding, "text": str(text), "out": str(result)}])
        theirs = json.loads(result.read_text())
        if theirs["tokens"] != tokens:
            raise SystemExit(f"tokenizer bench: {tokens} tokens, tiktoken has {theirs['tokens']}")
        size = text.stat().st_size
        speed, their_speed, ratio = size / ours / 1e6, size / theirs["seconds"] / 1e6, theirs["seconds"] / ours
        row(name, speed, "MB/s", ">= 8", speed >= 8, {"name": "tiktoken 1.0.22 (wasm)", "value": their_speed})
        row(name + "-vs-tiktoken", ratio, "times tiktoken's speed", ">= 2", ratio >= 2)


def bench_train(build, work):
    corpus = work / "corpus.txt"
    try:
        rounds = write_corpus(corpus)
    except RuntimeError as why:
        return row("train-16k-100MB", None, "CPU s", "<= 60", None, why=str(why))
    result = json.loads(peers.ingot(build, "train", corpus, "--vocab-size", 16000, "--threads", 2, "--out", work / "bpe",
                                    "--json"))
    seconds = result["cpu_seconds"]
    row("train-16k-100MB", seconds, "CPU s of 2 threads", "<= 60",
        seconds <= 60 and result["vocab_size"] == 16000, rounds_of_text=rounds)

    spaceless = work / "spaceless.txt"
    spaceless.write_text("".join(random.Random(5).choices("abcdefghij", k=1_000_000)))
    long_word, _ = encode_speed(build, work / "bpe", spaceless)
    row("encode-1MB-without-space", long_word, "CPU s", "<= 1", long_word <= 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        bench_encode(build, pathlib.Path(temporary))
        bench_train(build, pathlib.Path(temporary))


if __name__ == "__main__":
    main()
