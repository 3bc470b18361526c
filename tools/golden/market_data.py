#!/usr/bin/env python3
"""Writes examples/market_data.csv: 60 simulated markets of 6 products by 3 firms. Truth: u = 1 - 2 price + (2 + 1 nu) quality + xi,
cost = 0.4 + 0.8 input + 0.5 quality + omega, prices in Bertrand equilibrium (zeta iteration), so that they follow xi and need
instruments. Demand's: the cost shifter `input`, sums over the rivals of the market; the cost's: the same sums, which move markups."""
import csv
import math
import pathlib
import random
import statistics

random.seed(7)
NODES = [statistics.NormalDist().inv_cdf((i + 0.5) / 60) for i in range(60)]


def shares(price, mean, quality):
    """Of every consumer type, and the average."""
    types = []
    for nu in NODES:
        e = [math.exp(m - 2 * p + nu * q) for m, p, q in zip(mean, price, quality)]
        types.append([x / (1 + sum(e)) for x in e])
    return types, [sum(s[j] for s in types) / len(NODES) for j in range(6)]


def equilibrium(cost, mean, quality, firm):
    price = [c + 0.5 for c in cost]
    for _ in range(500):
        types, share = shares(price, mean, quality)
        new = []
        for j in range(6):
            inner = sum(2 * s[j] * sum(s[k] * (price[k] - cost[k]) for k in range(6) if firm[k] == firm[j]) for s in types) / len(NODES)
            new.append(cost[j] + (inner + share[j]) / (2 * share[j]))
        if max(abs(a - b) for a, b in zip(new, price)) < 1e-12:
            return new, share
        price = new
    raise SystemExit("no equilibrium")


rows = []
for t in range(60):
    quality = [random.random() for _ in range(6)]
    given = [random.random() for _ in range(6)]
    xi = [random.gauss(0, 0.4) for _ in range(6)]
    omega = [random.gauss(0, 0.1) for _ in range(6)]
    firm = [j % 3 for j in range(6)]
    cost = [0.4 + 0.8 * g + 0.5 * q + w for g, q, w in zip(given, quality, omega)]
    price, share = equilibrium(cost, [1 + 2 * q + x for q, x in zip(quality, xi)], quality, firm)
    for j in range(6):
        rivals = [k for k in range(6) if firm[k] != firm[j]]
        sums = [sum(quality[k] for k in rivals), sum(given[k] for k in rivals), sum((quality[j] - q) ** 2 for q in quality)]
        values = [quality[j], given[j], given[j], given[j] * quality[j]] + sums + sums
        rows.append([f"week{t + 1:02}", f"firm{firm[j] + 1}", f"model{j + 1}", f"{share[j]:.10f}", f"{price[j]:.8f}"] + [f"{x:.6f}" for x in values])
with open(pathlib.Path(__file__).resolve().parents[2] / "examples/market_data.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["market_ids", "firm_ids", "product_ids", "shares", "prices", "quality", "input"] +
                    [f"demand_instruments{i}" for i in range(5)] + [f"supply_instruments{i}" for i in range(3)])
    writer.writerows(rows)
