#!/usr/bin/env python3
"""Market bars, read from the program itself: pricing rows B0 to B6, the Nevo estimation, capacity, calibration, wrong input and
pages."""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

from _rows import ROOT, row


# id, [(firm, value, cost)], alpha, prices, shares. B0: p = c + (1 + W(e^(delta - alpha c - 1))) / alpha, W(e) = 1, closed form;
# B1 to B4: mpmath with 30 digits; B5 (nests): tools/golden/market_prices.py, 50 digits.
PRICES = (
    ("B0", [("a", 3, 0.5)], 2, [1.5], [0.5]),
    ("B1", [("a", 1, 1), ("b", 1, 1)], 1, [2.22675064483434808] * 2, [0.184838415035002421] * 2),
    ("B2", [("a", 4, 1.2), ("b", 3, 0.8), ("c", 2, 0.3)], 1.5, [2.21006595003428418, 1.70784310968584525, 1.1579656335803496],
     [0.339977090957240639, 0.265658725000001966, 0.222968099684108778]),
    ("B3", [("a", 4, 1.2), ("a", 3.5, 1), ("b", 3, 0.8), ("b", 2.5, 0.5), ("c", 2, 0.3)], 1.5,
     [2.28667926537112788, 2.08667926537112788, 1.78549260890925767, 1.48549260890925767, 1.10300458573066259],
     [0.212516437394620585, 0.173993742829547497, 0.165802831856650123, 0.157716532327589948, 0.169784732847995596]),
    ("B4", [("a", 3, 3), ("b", 2.8, 2), ("c", 2.2, 0.8), ("d", 1, 0.3)], 0.35,
     [6.79324763865002894, 5.93116862175178372, 4.567577096659356, 3.49561969841656307],
     [0.246781879455758441, 0.273207757781279215, 0.241649796715179312, 0.105918999510931162]),
    ("B5", [("a", 4, 1.2, "g"), ("a", 3.5, 1, "g"), ("b", 3, 0.8, "g"), ("b", 2.5, 0.5, "h"), ("c", 2, 0.3, "h")], 1.5,
     [1.90757245351438066, 1.70757245351438066, 1.32681162996647968, 1.23460437922053443, 0.931150486377413973],
     [0.223988246618002425, 0.150143811784421515, 0.173101140470443043, 0.175772872672810243, 0.164871320350450105]),
)
# B6 (three consumer types): tools/golden/market_prices.py. Quality 1, 0.5, 0, -0.5, -1; the outcome of three segments.
MIXED = ([3.13202356914949231, 2.58756328669954928, 1.89025442307881615, 1.45408187244627092, 1.01910262784065216],
         [0.169616703967738407, 0.129030891357688122, 0.148011814521561445, 0.154822636691078321, 0.201071616969658269])

NEVO = """[estimate]
products = "nevo_products.csv"
agents = "nevo_agents.csv"
absorb = "product_ids"
linear = ["prices"]
random = ["1", "prices", "sugar", "mushy"]
demographics = ["income", "income_squared", "age", "child"]
sigma = [0.3302, 2.4526, 0.0163, 0.2441]   # start values of Nevo 2000, table 1
pi = [[5.4819, 0, 0.2037, 0], [15.8935, -1.2, 0, 2.6342], [-0.2506, 0, 0.0511, 0], [1.2650, 0, -0.8091, 0]]
"""


def market_toml(products, alpha, extra=""):
    text = f"[demand]\nalpha = {alpha}\n" + extra
    for i, (firm, value, cost, *nest) in enumerate(products):
        text += f"[[products]]\nname = '{i}'\nfirm = '{firm}'\nvalue = {value}\ncost = {cost}\n"
        text += "".join(f"nest = '{n}'\n" for n in nest)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    ingot = pathlib.Path(parser.parse_args().build).resolve() / "ingot"

    def run(*words):
        return subprocess.run([str(w) for w in (ingot, "market", *words)], cwd=ROOT, capture_output=True, text=True)

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def equilibrium(text):
            path = folder / "market.toml"
            path.write_text(text)
            out = run("equilibrium", path, "--json")
            if out.returncode:
                raise SystemExit(out.stderr)
            return json.loads(out.stdout)

        # 1. Pricing rows.
        worst = {}
        nests = "[[nests]]\nname = 'g'\nrho = 0.5\n[[nests]]\nname = 'h'\nrho = 0.3\n"
        for name, products, alpha, prices, shares in PRICES:
            result = equilibrium(market_toml(products, alpha, nests if name == "B5" else ""))
            got = [(p["price"], p["share"]) for p in result["products"]]
            worst[name] = max(max(abs(g[0] / p - 1), abs(g[1] / s - 1)) for g, p, s in zip(got, prices, shares))
        mixed = "[demand]\nalpha = 1\n"
        for weight, sensitivity, taste in ((0.3, 0.8, 1), (0.5, 1.5, 0), (0.2, 3, -0.5)):
            mixed += f"[[segments]]\nname = '{weight}'\nweight = {weight}\nprice_sensitivity = {sensitivity}\nquality_taste = {taste}\n"
        for i, (firm, cost) in enumerate((("a", 1.2), ("a", 1), ("b", 0.8), ("b", 0.5), ("c", 0.3))):
            mixed += f"[[products]]\nname = '{i}'\nfirm = '{firm}'\nvalue = {4 - 0.5 * i}\nquality = {1 - 0.5 * i}\ncost = {cost}\n"
        got = equilibrium(mixed)["products"]
        worst["B6"] = max(max(abs(g["price"] / p - 1), abs(g["share"] / s - 1)) for g, p, s in zip(got, *MIXED))
        row("prices_B0_B6", max(worst.values()), "largest relative error of prices and shares", "<= 1e-12",
            bool(max(worst.values()) <= 1e-12), rows=worst)

        # 2. The default market: the calibrated equilibrium is what was observed.
        result = json.loads(run("equilibrium", "--json").stdout)
        apart = max(abs(p["price"] / p["observed_price"] - 1) for p in result["products"])
        row("default_market", apart, "largest relative distance of equilibrium from observed prices, elasticity -1.11", "<= 1e-9",
            bool(result["status"] == "converged" and apart <= 1e-9 and abs(result["elasticity"] + 1.11) < 1e-9))

        # 3. A shortage of all firms at once: complementarity of capacity and shadow price.
        out = json.loads(run("scenario", "--gpu-shortage", "0.8", "--json").stdout)
        short = out["scenarios"][1]
        miss = max(abs(p["share"] / (0.8 * p["share_before"]) - 1) for p in short["products"])
        row("capacity", miss, "largest relative distance of sales from 80 % capacity, ten firms short at once", "<= 1e-9",
            bool(short["status"] == "converged" and miss <= 1e-9 and all(f["shadow_price"] > 0 for f in short["firms"])))

        # 4. Nevo's cereals.
        mirror = os.environ.get("INGOT_DATA")
        fixture = pathlib.Path(mirror) / "fixture-pyblp" if mirror else None
        bars = (("nevo_objective", "relative error of the GMM objective 4.561514164804", "<= 1e-8"),
                ("nevo_parameters", "largest relative error of alpha -62.72989630 and 13 parameters", "<= 1e-5"),
                ("nevo_elasticities", "largest error of 5 mean own elasticities, median cost and Lerner index", "<= 1e-5"),
                ("nevo_seconds", "CPU s over 2 cores", "< 20"))
        if not fixture or not fixture.is_dir():
            for bar in bars:
                row(bar[0], None, bar[1], bar[2], None, why="INGOT_DATA has no fixture-pyblp")
        else:
            for csv in ("nevo_products.csv", "nevo_agents.csv"):
                (folder / csv).symlink_to(fixture / csv)
            (folder / "nevo.toml").write_text(NEVO)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            out = run("estimate", folder / "nevo.toml", "--json")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            e = json.loads(out.stdout)
            objective = abs(e["objective"] / 4.561514164804 - 1)
            row(bars[0][0], objective, bars[0][1], bars[0][2], bool(out.returncode == 0 and objective <= 1e-8),
                {"name": "PyBLP 1.2.0 documentation", "value": "4.6E+00"}, objective=e["objective"])
            expected = [0.55809357, 3.31248892, 0.00578355, 0.09341447, 2.291972, 1.284432, 588.325118, 30.192014, 11.054628,
                        0.384954, 0.052234, 0.748372, 1.353393]
            errors = [abs(e["alpha"] / -62.72989630 - 1)]
            # The sign of a standard deviation is free; printed digits of small ones bound what can be compared.
            errors += [max(0, abs(abs(p["estimate"]) - x) - 5e-7) / max(x, 1) for p, x in zip(e["nonlinear"], expected)]
            row(bars[1][0], max(errors), bars[1][1], bars[1][2], bool(len(errors) == 14 and max(errors) <= 1e-5))
            by_market = {m["market"]: m for m in e["markets"]}
            errors = [abs(by_market[m]["mean_own_elasticity"] - x) for m, x in
                      (("C01Q1", -4.211365), ("C01Q2", -3.964986), ("C03Q1", -3.396154), ("C03Q2", -3.339621), ("C04Q1", -3.153724))]
            errors += [abs(e["mean_own_elasticity"] + 3.618105), abs(e["median_own_elasticity"] + 3.605699),
                       abs(e["median_cost"] - 0.08123544), abs(e["median_lerner"] - 0.33707910),
                       abs(by_market["C01Q1"]["hhi"] / 710.793622 - 1)]
            row(bars[2][0], max(errors), bars[2][1], bars[2][2], bool(max(errors) <= 1e-5),
                {"name": "PyBLP 1.2.0 documentation", "value": "-4.21, -3.96, -3.40, -3.34, -3.15"})
            row(bars[3][0], spent / 2, bars[3][1], bars[3][2], bool(spent / 2 < 20), evaluations=e["evaluations"])

        # 5. Wrong input: exit 2, the value and the rule.
        two = "[[products]]\nname = 'x'\nvalue = 1\ncost = 1\n[[products]]\nname = 'y'\nvalue = 2\n"
        seen = "[[products]]\nname = 'x'\nprice = 1\nshare = 0.7\n[[products]]\nname = 'y'\nprice = 1\nshare = 0.4\n"
        wrong = {
            "a rival with no cost": ("[demand]\nalpha = 1\n" + two, "product y: has no cost"),
            "shares over 1": ("[demand]\nalpha = 1\n" + seen, "shares sum to 1.1, expected below 1"),
            "price coefficient of the wrong sign": ("[demand]\nalpha = -2\n" + two + "cost = 1\n", "demand.alpha: got -2, expected > 0"),
            "elasticity of the wrong sign": ("[demand]\nelasticity = 2\n" + seen, "demand.elasticity: got 2, expected < 0"),
            "no outside option": ("[demand]\nalpha = 1\noutside_share = 0\n" + seen, "needs an outside option"),
            "capacity of nothing": ("[demand]\nalpha = 1\n[[firms]]\nname = 'x'\ncapacity = 0\n" + two + "cost = 1\n", "capacity of x is 0, expected > 0"),
            "misspelt key": ("[demand]\nalpah = 1\n" + two, "did you mean 'alpha'"),
        }
        missed = []
        for name, (text, expected) in wrong.items():
            path = folder / "wrong.toml"
            path.write_text(text)
            out = run("equilibrium", path)
            if out.returncode != 2 or expected not in out.stderr:
                missed.append(f"{name}: exit {out.returncode}: {out.stderr.strip()[:200]}")
        (folder / "flat.csv").write_text("market_ids,firm_ids,shares,prices,demand_instruments0\nt,1,0.3,1,1\nt,2,0.2,1,1\nu,1,0.3,1,1\n")
        out = run("estimate", folder / "flat.csv")
        if out.returncode != 2 or "does not vary" not in out.stderr:
            missed.append(f"data without variation: exit {out.returncode}: {out.stderr.strip()[:200]}")
        row("wrong_input", len(missed), f"of {len(wrong) + 1} wrong inputs without a clear error", "== 0", not missed, missed=missed)

        # 6. Pages.
        made = []
        for command in (["equilibrium"], ["scenario", "--merge", "OpenAI=xAI"]):
            for lang in ("en", "zh"):
                page = folder / f"{command[0]}-{lang}.html"
                out = run(*command, "--html", page, "--lang", lang)
                if out.returncode == 0 and page.exists() and "http-equiv" in page.read_text():
                    made.append(page.name)
        row("pages", len(made), "of 4 offline pages (2 commands, 2 languages)", "== 4", len(made) == 4)
    return 0


if __name__ == "__main__":
    sys.exit(main())
