#!/usr/bin/env python3
"""Prints what tests/plan/market/estimate_test.cpp expects of demand and supply together on examples/market_data.csv: objective at
sigma 0.5 and alpha -1.8, and the optimum, one GMM step with 2SLS weights. Needs PyBLP (written with 1.2.0 on NumPy 1.24)."""
import csv
import pathlib

import numpy as np
import pyblp

pyblp.options.verbose = False
rows = list(csv.DictReader(open(pathlib.Path(__file__).resolve().parents[2] / "examples/market_data.csv")))
products = {k: np.array([r[k] if k.endswith("_ids") else float(r[k]) for r in rows]) for k in rows[0]}
nodes, weights = np.polynomial.hermite_e.hermegauss(7)  # the default of [estimate] nodes
markets = sorted(set(products["market_ids"]))
agents = {"market_ids": np.repeat(markets, 7), "weights": np.tile(weights / weights.sum(), len(markets)), "nodes": np.tile(nodes, len(markets))[:, None]}
for form in ("linear", "log"):
    problem = pyblp.Problem((pyblp.Formulation("1 + prices + quality"), pyblp.Formulation("0 + quality"), pyblp.Formulation("1 + quality + input")),
                            products, agent_data=agents, costs_type=form)
    for search in (pyblp.Optimization("return"), pyblp.Optimization("l-bfgs-b", {"gtol": 1e-9, "ftol": 1e-15})):
        r = problem.solve(sigma=[[0.5]], beta=[None, -1.8, None], method="1s", optimization=search, sigma_bounds=([[-np.inf]], [[np.inf]]),
                          iteration=pyblp.Iteration("squarem", {"atol": 1e-14}), costs_bounds=(None, None))
        print(form, float(np.squeeze(r.objective)), r.sigma.flatten(), r.beta.flatten(), r.gamma.flatten())
