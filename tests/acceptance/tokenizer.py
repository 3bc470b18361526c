#!/usr/bin/env python3
"""Tokenizers: token for token equal to npm tiktoken and @huggingface/tokenizers on a 1 MB torture text; any bytes come
back. Prints one JSON row a line."""
import argparse
import json
import pathlib
import random
import tempfile

import _tokenizer_peers as peers
from _rows import row


def differences(got, expected):
    """Tokens that differ, 0 when the lists are equal."""
    return sum(a != b for a, b in zip(got, expected)) + abs(len(got) - len(expected))


def compare(name, got, expected, peer):
    wrong = differences(got, expected)
    row(name, wrong, f"of {len(expected)} tokens differ", "== 0", wrong == 0 and len(expected) > 0, peer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    names = ["tiktoken-gpt2", "tiktoken-cl100k", "tiktoken-o200k", "huggingface-gpt2", "huggingface-bert-uncased",
             "huggingface-bert-chinese", "huggingface-trained-bpe", "huggingface-trained-wordpiece",
             "huggingface-bert-decode"]
    fixtures = peers.fixtures()
    try:
        if not fixtures:
            raise RuntimeError("INGOT_DATA holds no fixture-tokenizers (published vocabularies)")
        node = peers.install_peers(build)
    except RuntimeError as why:
        for name in names:
            row(name, None, "tokens differ", "== 0", None, why=str(why))
        fixtures = node = None

    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        text = work / "text.txt"
        text.write_bytes(peers.torture_text().encode())
        plain = work / "plain.txt"  # without what JavaScript's regular expressions see in their own way
        plain.write_bytes(peers.torture_text(without=peers.JAVASCRIPT_SPACES).encode())
        bert = work / "bert.txt"  # and, for BERT, without the ideographs that the peer does not cut apart
        bert.write_bytes(peers.torture_text(without=peers.JAVASCRIPT_SPACES, astral_cjk=False).encode())
        peers.ingot(build, "train", plain, "--vocab-size", 3000, "--pattern", "cl100k", "--out", work / "bpe")
        peers.ingot(build, "train", bert, "--kind", "wordpiece", "--vocab-size", 3000, "--lowercase", "--out", work / "wp")
        if node:
            run_against_peers(build, node, fixtures, work, text, plain, bert)

        # Bytes that are no text: any tokenizer over bytes gives them back.
        rng = random.Random(7)
        noise = bytearray(peers.torture_text(500_000).encode()) + rng.randbytes(500_000)
        for _ in range(20_000):
            noise[rng.randrange(len(noise))] = rng.randrange(256)
        tokenizers = {"trained": work / "bpe"}
        if fixtures:
            tokenizers["gpt2"] = fixtures / "gpt2"
        for name, tokenizer in tokenizers.items():
            ids = peers.ingot(build, "encode", tokenizer, stdin=bytes(noise))
            back = peers.ingot(build, "decode", tokenizer, stdin=ids)
            wrong = 0 if back == bytes(noise) else 1 + sum(a != b for a, b in zip(back, noise))
            row(f"invalid-bytes-{name}", wrong, f"of {len(noise)} bytes lost", "== 0", wrong == 0)


def run_against_peers(build, node, fixtures, work, text, plain, bert):
    peers.ingot(build, "info", fixtures / "gpt2", "--write", work / "gpt2")
    peers.ingot(build, "info", fixtures / "bert" / "google_zh_vocab.txt", "--write", work / "zh")
    uncased = fixtures / "tokenizer.json" / "bert-base-uncased.json"
    encodings = {"tiktoken-gpt2": "gpt2", "tiktoken-cl100k": "cl100k_base", "tiktoken-o200k": "o200k_base"}
    files = {"huggingface-gpt2": (work / "gpt2" / "tokenizer.json", plain),
             "huggingface-bert-uncased": (uncased, bert),
             "huggingface-bert-chinese": (work / "zh" / "tokenizer.json", bert),
             "huggingface-trained-bpe": (work / "bpe" / "tokenizer.json", plain),
             "huggingface-trained-wordpiece": (work / "wp" / "tokenizer.json", bert)}
    jobs = []
    for name, encoding in encodings.items():
        jobs.append({"do": "ranks", "encoding": encoding, "out": str(work / f"{encoding}.tiktoken")})
        jobs.append({"do": "encode", "peer": "tiktoken", "name": encoding, "text": str(text), "out": str(work / f"{name}.json")})
    for name, (file, input_text) in files.items():
        jobs.append({"do": "encode", "peer": "huggingface", "name": str(file), "text": str(input_text),
                     "out": str(work / f"{name}.json")})
    decoded_ids = work / "huggingface-bert-uncased.json"
    jobs.append({"do": "decode", "peer": "huggingface", "name": str(uncased), "ids": str(decoded_ids),
                 "out": str(work / "decoded.txt")})
    peers.run_peers(node, jobs)

    for name, encoding in encodings.items():
        got = peers.encode(build, work / f"{encoding}.tiktoken", text.read_bytes())
        compare(name, got, json.loads((work / f"{name}.json").read_text()), "tiktoken 1.0.22")
    for name, (file, input_text) in files.items():
        # The peer always takes control tokens in the text as such.
        got = peers.encode(build, file, input_text.read_bytes(), "--special")
        compare(name, got, json.loads((work / f"{name}.json").read_text()), "@huggingface/tokenizers 0.2.0")
    ids = json.loads(decoded_ids.read_text())
    got = peers.ingot(build, "decode", uncased, stdin=" ".join(map(str, ids)).encode()).decode()
    expected = (work / "decoded.txt").read_text()
    wrong = sum(a != b for a, b in zip(got, expected)) + abs(len(got) - len(expected))
    row("huggingface-bert-decode", wrong, f"of {len(expected)} characters differ", "== 0", wrong == 0,
        "@huggingface/tokenizers 0.2.0")


if __name__ == "__main__":
    main()
