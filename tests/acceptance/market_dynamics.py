#!/usr/bin/env python3
"""Dynamic market bars: the quality ladder against its reference values, agents that best-respond, several equilibria, the
race's calibration read back, a forecast that begins at the observed market, and wrong input that names value and rule."""
import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

from _rows import ROOT, row


# Own solution of the standard 18-rung duopoly (residuals below 1e-13); no published table of values is known.
# Parameters: Borkovsky, Doraszelski & Kryukov 2012, as recalled.
VALUES = {(1, 1): 17.4403671760, (5, 5): 53.6419763972, (9, 9): 58.2261702526, (18, 1): 316.6352647215,
          (1, 18): 0.1584280871, (9, 5): 97.5881539965, (5, 9): 33.6270874283}
POLICIES = {(1, 1): 1.1314694603, (5, 5): 2.4499334788, (9, 9): 0.5277842000, (5, 9): 1.6983574152}
PROFITS = {(5, 5): 4.911616807901, (18, 1): 25.345385422248, (9, 5): 8.572710650295, (1, 1): 0.004551115332}

WRONG = [  # arguments, what the message must name
    (["ladder", "--set", "ladder.discount=2"], ["discount: got 2", "(0, 1)"]),
    (["ladder", "--set", "ladder.knee=3"], ["knee: got 3"]),
    (["ladder", "--set", "ladder.firms=0"], ["firms: got 0"]),
    (["ladder", "--set", "ladder.discont=0.9"], ["did you mean 'discount'"]),
    (["ladder", "--game", "lee-wilde", "--set", "lee_wilde.curvature=1"], ["curvature: got 1", "(0, 1)"]),
    (["race", "--set", "race.months=0"], ["months: got 0", "1 to 600"]),
    (["race", "--set", "race.start=\"soon\""], ["start: got 'soon'"]),
    (["race", "--set", "race.capability.algorithmic_doubling_months=0.1"], ["algorithmic_doubling_months: got 0.1"]),
    (["race", "--set", "race.capability.distillation_cost=-1"], ["distillation_cost: got -1"]),
    (["race", "TOML", "[[race.firms]]\nname='a'\ncapability=150\nrnd=-5\n"], ["rnd is -5"]),
    (["race", "TOML", "[race]\nmonths=60\n[[race.firms]]\nname='a'\ncapability=150\nrnd=1e9\ngrowth=0.9\n"],
     ["its growth explodes"]),
    (["race", "TOML", "[[race.firms]]\nname='a'\ncapability=150\nrnd=1e9\nrule='best_response'\n"], ["need a market"]),
    (["forecast", "TOML", "[[race.firms]]\nname='a'\ncapability=150\n"], ["has no market"]),
    (["forecast", "examples/race.toml", "--set", "forecast.adopted=1.4"], ["adopted: got 1.4", "(0, 1)"]),
    (["forecast", "examples/race.toml", "--set", "demand.outside_share=0"], ["outside option"]),
    (["forecast", "examples/race.toml", "--set", "demand.elasticity=2"], ["elasticity: got 2", "< 0"]),
    (["forecast", "examples/race.toml", "--set", "forecast.usage_growth=4"], ["usage_growth: got 4", "explodes"]),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    ingot = pathlib.Path(parser.parse_args().build).resolve() / "ingot"

    def run(*words):
        return subprocess.run([str(ingot), "market", *map(str, words)], cwd=ROOT, capture_output=True, text=True)

    def load(*words):
        done = run(*words, "--json")
        return json.loads(done.stdout)

    # 1. The ladder.
    ladder = load("ladder", "--agents")
    at = {tuple(s["rungs"]): s for s in ladder["states"]}
    worst = max([abs(at[k]["value"] - v) for k, v in VALUES.items()] + [abs(at[k]["invest"] - v) for k, v in POLICIES.items()]
                + [abs(at[k]["profit"] - v) for k, v in PROFITS.items()]
                + [abs(ladder["long_run"]["mean_rung"] - 7.5604634296), abs(ladder["long_run"]["mean_price"] - 7.2028473476)])
    row("ladder_reference", worst, "largest error of 17 figures", "<= 1e-7", worst <= 1e-7)
    row("ladder_residual", ladder["residual"], "Bellman and best response", "<= 1e-12", ladder["residual"] <= 1e-12)
    gap = ladder["agents"]["difference"]
    row("ladder_agents", gap, "best-responding firms against the equilibrium", "<= 1e-8",
        ladder["agents"]["converged"] and gap <= 1e-8)
    several = load("ladder", "--set", "ladder.depreciation=0", "--set", "ladder.rungs=9", "--set", "ladder.tolerance=1e-11",
                   "--set", "ladder.starts=12")
    row("ladder_equilibria", several["num_equilibria"], "distinct, without depreciation", ">= 2", several["num_equilibria"] >= 2)
    oblivious = load("ladder", "--set", "ladder.firms=10", "--set", "ladder.market_size=400")
    row("ladder_oblivious", oblivious["residual"], "10 firms", "<= 1e-10", oblivious["converged"])
    # A lone racer: max (V s y - y^2) / (r + s y) with y = sqrt(x).
    lone = load("ladder", "--game", "lee-wilde", "--set", "lee_wilde.firms=1")
    r, V, s = 0.05, 100, 0.1
    y = (-r + math.sqrt(r * r + V * s * s * r)) / s
    error = abs(lone["spend"] / (y * y) - 1)
    row("lee_wilde_closed_form", error, "relative error", "<= 1e-9", error <= 1e-9)

    # 2. The race: budgets that keep compute growing 5x a year give the 15.5 points a year of the calibration.
    hardware, monthly, keep = 2 ** (1 / 24.84), 5 ** (1 / 12), 1 - 1 / 12
    usd = 1.5e27 * (monthly - keep) / (0.1 * 6.06e17 * hardware)
    with tempfile.TemporaryDirectory() as folder:
        toml = pathlib.Path(folder) / "trend.toml"
        toml.write_text(f"[race]\nstart = '2026-04'\nmonths = 36\n[race.capability]\nreference_date = 2026.25\n"
                        f"[[race.firms]]\nname = 'a'\ncapability = 158\nrnd = {usd / (monthly / hardware)}\n"
                        f"growth = {monthly / hardware - 1}\n")
        months = load("race", toml)["months"]
        pace = (months[-1]["trainable"]["a"] - months[0]["trainable"]["a"]) / 3
        row("race_calibration", pace, "points a year", "15.5 +- 0.1", abs(pace - 15.5) <= 0.1,
            source="Epoch AI, June 2026: 15.5 a year")
        fan = ["race", "examples/race.toml", "--paths", "20", "--seed", "3", "--json"]
        row("race_seed", run(*fan).stdout == run(*fan).stdout, "same bytes", "true", run(*fan).stdout == run(*fan).stdout)
        budgets = load("race", "examples/race.toml", "--budgets")["budgets"]
        row("race_budgets", budgets["best_deviation"], "best deviation, share of all profits", "<= 1e-6",
            budgets["converged"] and budgets["best_deviation"] <= 1e-6)

        # 3. The forecast begins at the observed market and every month is an equilibrium.
        forecast = load("forecast", "examples/race.toml")
        first = {f["firm"]: f["share"] for f in forecast["months"][0]["firms"]}
        seen = {"Aurora": 0.10, "Basalt": 0.05, "Cinder": 0.03, "Open Delta": 0.02}
        error = max(abs(first[k] / v - 1) for k, v in seen.items())
        row("forecast_start", error, "relative error of shares", "<= 1e-6", error <= 1e-6)
        row("forecast_equilibria", sum(m["status"] == "converged" for m in forecast["months"]), "months of 37", "37",
            all(m["status"] == "converged" for m in forecast["months"]) and len(forecast["months"]) == 37)

        # 4. Never a number that is none, and wrong input says what is wrong.
        texts = [json.dumps(x) for x in (ladder, several, oblivious, lone, forecast)]
        texts += [run("race").stdout, run("forecast").stdout, run("forecast", "--json").stdout, run("race", "--csv").stdout]
        bad = sum(bool(re.search(r"(?<![\w-])-?(nan|inf|infinity)(?![\w-])", t, re.I)) for t in texts)
        row("dynamic_no_nan", bad, "outputs with a number that is none", "0", bad == 0)
        named = 0
        for words, parts in WRONG:
            words = list(words)
            if "TOML" in words:
                wrong = pathlib.Path(folder) / "wrong.toml"
                wrong.write_text(words.pop())
                words[words.index("TOML")] = wrong
            done = run(*words)
            ok = done.returncode in (2, 3) and not done.stdout and all(p in done.stderr for p in parts)
            named += ok
            if not ok:
                print(f"market: {words}: exit {done.returncode}: {done.stderr.strip()}", file=sys.stderr)
        row("dynamic_wrong_input", named, f"of {len(WRONG)} messages name value and rule", f"= {len(WRONG)}", named == len(WRONG))


if __name__ == "__main__":
    main()
