#!/usr/bin/env python3
"""Writes examples/market_data.csv: 60 simulated markets of 6 products with the truth u = 1 - 2 price + (2 + 1 nu) quality + xi,
prices that follow xi (so that they need an instrument), and four instruments: a cost shifter, its product with quality, and
sums over the rivals of the market."""
import csv
import math
import pathlib
import random

random.seed(7)
rows = []
nodes = [random.gauss(0, 1) for _ in range(2000)]
for t in range(60):
    quality = [random.random() for _ in range(6)]
    shifter = [random.random() for _ in range(6)]
    xi = [random.gauss(0, 0.4) for _ in range(6)]
    price = [0.5 + s + q + 0.6 * x for s, q, x in zip(shifter, quality, xi)]
    mean = [1 - 2 * p + 2 * q + x for p, q, x in zip(price, quality, xi)]
    share = [0.0] * 6
    for nu in nodes:
        e = [math.exp(m + nu * q) for m, q in zip(mean, quality)]
        for j in range(6):
            share[j] += e[j] / (1 + sum(e)) / len(nodes)
    for j in range(6):
        z = [shifter[j], shifter[j] * quality[j], sum(quality) - quality[j], sum((quality[j] - q) ** 2 for q in quality)]
        rows.append([f"week{t + 1:02}", f"firm{j % 3 + 1}", f"model{j + 1}", f"{share[j]:.10f}", f"{price[j]:.6f}", f"{quality[j]:.6f}"] +
                    [f"{x:.6f}" for x in z])
with open(pathlib.Path(__file__).resolve().parents[2] / "examples/market_data.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["market_ids", "firm_ids", "product_ids", "shares", "prices", "quality"] + [f"demand_instruments{i}" for i in range(4)])
    writer.writerows(rows)
