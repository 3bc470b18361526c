#!/usr/bin/env python3
"""BERT: text classification in English and Chinese, masked-word pre-training, extractive question answering. One JSON row
a line. --pretraining RUN and --pretraining-zh RUN reuse runs of the pre-training, whose CPU time is read from run.json."""
import argparse
import json
import pathlib
import sys
import tarfile
import tempfile

from _rows import compared, cpu_minutes, data_set, ingot, row, within

CASES = ("sst2", "trec", "chnsenticorp", "qa-by-heart", "qa")
SETS = {"sst2": ("cls-sst2", "cls-imdb"), "trec": ("cls-trec",), "chnsenticorp": ("cls-chnsenticorp",),
        "qa-by-heart": ("qa-xquad",), "qa": ("qa-xquad", "qa-cmrc2018")}


class Runner:
    def __init__(self, build, folder, given):
        self.build, self.folder = build, folder
        self.given = {language: pathlib.Path(run).resolve() for language, run in given.items() if run}
        self.pretraining = {}  # language: run folder and CPU minutes

    def ingot(self, *arguments):
        return ingot(self.build, *arguments)

    def trained(self, recipe, name, split, *settings):
        """Metrics of the best checkpoint on `split`, and CPU minutes of both commands."""
        before, folder = cpu_minutes(), self.folder / name
        options = [part for setting in settings for part in ("--set", setting)]
        self.ingot("train", f"recipes/bert/{recipe}.toml", "--run-folder", folder, "--quiet", "--json", *options)
        metrics = self.ingot("eval", folder, "--split", split, "--json")["metrics"]
        minutes = cpu_minutes() - before
        print(name, metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
        return metrics, minutes


def classified(runner, recipe, bar, minutes_bar, peer, before=0.0, *settings):
    """`before`: CPU minutes of pre-training that count."""
    metrics, minutes = runner.trained(recipe, recipe, "test", *settings)
    compared(recipe, metrics["accuracy"], "test accuracy", ">=", bar, peer, f1=metrics["f1"], ece=metrics["ece"])
    within(f"{recipe}-cpu-minutes", minutes + before, minutes_bar, "CPU minutes, pre-training included",
           pretraining=round(before, 1))


def english():
    """Sentences of SST-2 and TREC, WikiText-2's validation part, all IMDB reviews without their labels."""
    parts = []
    if sentences := data_set("cls-sst2/stsa.binary.train"):
        parts += [line[2:] for line in sentences.read_text().splitlines()]
    if questions := data_set("cls-trec/TREC.train"):
        parts += [line.split(" ", 1)[1] for line in questions.read_text("latin-1").splitlines()]
    if wiki := data_set("lm-wikitext2-valid-test/valid.txt"):
        parts.append(wiki.read_text())
    if reviews := data_set("cls-imdb/aclImdb_20k.tar.gz"):
        with tarfile.open(reviews) as archive:
            parts += [archive.extractfile(member).read().decode().replace("<br />", " ")
                      for member in archive if member.isfile()]
    return parts


def chinese():
    """Contexts of CMRC's development file, which the reader is trained on, and ChnSentiCorp's training reviews."""
    articles = json.loads(data_set("qa-cmrc2018/cmrc2018_dev.json").read_text())["data"]
    parts = [paragraph["context"].replace("\n", " ") for article in articles for paragraph in article["paragraphs"]]
    if reviews := data_set("cls-chnsenticorp/train.tsv"):
        parts += [line.split("\t", 1)[1] for line in reviews.read_text().splitlines()[1:]]
    return parts


def pretrained(runner, language):
    """Masked words: run folder and CPU minutes, made once a language."""
    if language not in runner.pretraining:
        texts, recipe, options = {"en": (english, "mlm", ["--lowercase", "--vocab-size", 12000]),
                                  "zh": (chinese, "mlm-zh", ["--vocab-size", 8000])}[language]
        if run := runner.given.get(language):
            masked = runner.ingot("eval", run, "--split", "validation", "--json")["metrics"]
            minutes = json.loads((run / "run.json").read_text())["train"]["cpu_s"] / 60
        else:
            before, text = cpu_minutes(), runner.folder / f"pretrain-{language}.txt"
            run, vocabulary = runner.folder / recipe, runner.folder / f"vocabulary-{language}"
            text.write_text("\n".join(texts()) + "\n")
            runner.ingot("tokenizer", "train", text, "--out", vocabulary, "--kind", "wordpiece", *options)
            masked, _ = runner.trained(recipe, recipe, "validation", f'data.text="{text}"',
                                       f'data.tokenizer="{vocabulary}"')
            minutes = cpu_minutes() - before
        runner.pretraining[language] = run, minutes
        gain = masked["unigram_loss"] - masked["loss"]
        compared(f"masked words, {language}", gain, "nat below the unigram loss", ">=", 0.5,
                 {"name": "unigram loss", "value": masked["unigram_loss"]}, loss=masked["loss"],
                 accuracy=masked["accuracy"], minutes=round(minutes, 1))
    return runner.pretraining[language]


def answered(runner, recipe, name, *settings):
    metrics, minutes = runner.trained(recipe, recipe, "validation", *settings)
    row(f"{name}: unseen articles", metrics["f1"], "F1", f"> {metrics['baseline_f1']:.2f}",
        metrics["f1"] > metrics["baseline_f1"], exact=metrics["exact"],
        peer={"name": "lexical sliding window", "value": metrics["baseline_f1"]})
    return minutes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--pretraining", help="run folder of recipes/bert/mlm.toml")
    parser.add_argument("--pretraining-zh", help="run folder of recipes/bert/mlm-zh.toml")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        runner = Runner(build, pathlib.Path(temporary), {"en": arguments.pretraining, "zh": arguments.pretraining_zh})
        for case in CASES:
            if arguments.only not in (None, case):
                continue
            missing = [name for name in SETS[case] if not data_set(name)]
            if missing:
                row(case, None, "", "", None, why=f"INGOT_DATA holds no {', '.join(missing)}")
            elif case in ("sst2", "trec"):
                run, minutes = pretrained(runner, "en")
                bar = {"sst2": (0.81, 25), "trec": (0.86, 10)}[case]
                if case == "sst2":  # a labelled task before the small one
                    _, more = runner.trained("imdb", "imdb", "validation", f'model.init_from="{run}"')
                    run, minutes = runner.folder / "imdb", minutes + more
                classified(runner, case, *bar, {"name": "largest class", "value": {"sst2": 0.501, "trec": 0.276}[case]},
                           minutes, f'model.init_from="{run}"')
            elif case == "chnsenticorp":
                classified(runner, "chnsenticorp", 0.87, 25, {"name": "largest class", "value": 0.507})
            elif case == "qa-by-heart":
                run, _ = pretrained(runner, "en")
                metrics, _ = runner.trained("xquad", "heart", "train", f'model.init_from="{run}"', "data.questions=64",
                                            "train.epochs=60", "data.validation_fraction=0",
                                            "data.max_answer_length=40", "model.hidden_dropout_prob=0")
                compared("qa: 64 questions by heart", metrics["exact"], "exact match, percent", ">=", 100,
                         f1=metrics["f1"])
            else:
                run, minutes = pretrained(runner, "en")
                minutes += answered(runner, "xquad", "qa", f'model.init_from="{run}"')
                run, more = pretrained(runner, "zh")
                minutes += more + answered(runner, "cmrc", "qa-zh", f'model.init_from="{run}"')
                within("qa-cpu-minutes", minutes, 40, "CPU minutes, pre-training included")


if __name__ == "__main__":
    main()
