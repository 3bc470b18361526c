#!/usr/bin/env python3
"""The peer of bench/market.py: Bertrand-Nash prices by the zeta iteration (Morrow & Skerlos 2011, eq. 12) in NumPy float64 on
one core. A market as JSON on stdin; the least CPU seconds of N solves on stdout, for two forms: "gamma" as PyBLP computes it, a
BLAS product and an ownership matrix, and "sums_by_firm", this program's own way in NumPy, which never forms Gamma."""
import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np


def solve(m, dense, tolerance=1e-13):
    weight, alpha, cost, firm = (np.array(m[k]) for k in ("weight", "alpha", "cost", "firm"))
    R, J = len(weight), len(cost)
    value = np.array(m["value"]).reshape(R, J)
    same = firm[:, None] == firm[None, :]
    owner = np.zeros((J, firm.max() + 1))
    owner[np.arange(J), firm] = 1
    wa = weight * alpha
    p = cost + 1 / (weight @ alpha)
    for iteration in range(1, 5001):
        u = value - alpha[:, None] * p
        top = np.maximum(u.max(axis=1, keepdims=True), 0)
        e = np.exp(u - top)
        s = e / (np.exp(-top) + e.sum(axis=1, keepdims=True))
        share, lam = weight @ s, wa @ s
        if dense:
            gamma = (s.T * wa) @ s
            inner = np.where(same, gamma, 0) @ (p - cost)
        else:
            inner = (wa[:, None] * s * (((s * (p - cost)) @ owner) @ owner.T)).sum(axis=0)
        new = cost + (inner + share) / lam
        gap = np.max(np.abs(new - p) / p)
        p = new
        if gap <= tolerance:
            break
    return p, iteration, gap


def main():
    market, out = json.load(sys.stdin), {"numpy": np.__version__}
    for name, dense in (("gamma", True), ("sums_by_firm", False)):
        best = None
        for _ in range(int(sys.argv[1])):
            start = time.process_time()
            p, iterations, gap = solve(market, dense)
            spent = time.process_time() - start
            if best is None or spent < best["cpu_s"]:
                best = {"cpu_s": spent, "iterations": iterations, "residual": gap, "price": p.tolist()}
        out[name] = best
    print(json.dumps(out))


if __name__ == "__main__":
    main()
