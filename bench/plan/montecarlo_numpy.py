#!/usr/bin/env python3
"""The peer of bench/montecarlo.py: the cash process and the venture model, vectorised over paths in float32 NumPy with the
SFC64 generator, in blocks of 10,000 paths. Prints one JSON line with CPU time and the answer."""
import json
import sys
import time

import numpy as np

F = np.float32
BLOCK = 10_000


def cash_process(paths, rng, months=60):
    cash, cac, heads = np.full(paths, F(2e6)), np.full(paths, F(300)), np.full(paths, F(12))
    customers, price, ruin = np.full(paths, F(500)), np.full(paths, F(100)), np.zeros(paths, bool)
    for _ in range(months):
        z = rng.standard_normal((10, paths), dtype=F)
        growth = np.exp(F(.03) + F(.08) * z[0])
        churn = 1 / (1 + np.exp(-(F(-3.5) + F(.3) * z[1])))
        cac = cac * np.exp(F(.02) * z[2])
        marketing = F(2e4) * np.exp(F(.1) * z[3])
        price = price * np.exp(F(.002) + F(.01) * z[4])
        margin = F(.7) + F(.03) * z[5]
        heads = heads + np.maximum(F(0), F(.1) + F(.2) * z[6])
        salary = F(9e3) * (F(1) + F(.03) * z[7])
        shock = np.where(z[8] > F(2.3), F(5e4), F(0))
        raised = np.where((z[9] > F(2)) & (cash < F(5e5)), F(3e6), F(0))
        customers = customers * (1 - churn) + marketing / cac * growth
        cash = cash + customers * price * margin - marketing - heads * salary - shock + raised
        ruin |= cash < 0
    return {"mean": float(cash.mean(dtype=np.float64)), "ruin": float(ruin.mean())}


def venture(v, paths, rng):
    f = lambda x: F(x)
    stages = {k: np.array(v[k], F) for k in ("pre_money", "hazard", "lag", "pool", "step")}
    full = lambda x: np.full(paths, F(x))
    cash, bare, lowest, credit, bare_credit = full(v["cash"]), full(v["cash"]), full(v["cash"]), full(v["credit"]), full(v["credit"])
    growth, gpu, market, wait, debt, raised, rounds = (full(0) for _ in range(7))
    scale, cut = full(1), full(1)
    founder, common, preference = full(v["founder"]), full(v["common"]), full(v["preference"])
    alive, raising, stage = np.ones(paths, bool), np.zeros(paths, bool), np.zeros(paths, np.int32)
    billed = [full(0) for _ in range(v["payment_lag"] + 1)]
    ruined_in = np.zeros(v["months"], np.int64)
    zero = F(0)
    for m in range(v["months"]):
        z = rng.standard_normal((6, paths), dtype=F)
        u = rng.random((2, paths), dtype=F)
        growth += z[0] * f(v["growth_sigma"]) + f(v["growth_drift"])
        jump = np.maximum(zero, z[2] * f(v["gpu_jump_sigma"]) + f(v["gpu_jump"]))
        gpu = gpu * f(1 - v["gpu_revert"]) + z[1] * f(v["gpu_sigma"]) + f(v["gpu_drift"])
        gpu += np.where(u[0] < f(v["gpu_up"]), jump, zero) - np.where(u[0] > f(1 - v["gpu_down"]), jump, zero)
        gpu = np.clip(gpu, F(-3), F(3))
        market = market * f(1 - v["market_revert"]) + z[4] * f(v["market_sigma"])
        growth = np.clip(growth, F(-20), F(6))
        billed = [f(v["revenue"][m]) * np.exp(growth)] + billed[:-1]
        received = billed[-1]
        fixed = f(v["fixed"][m]) * np.exp(z[3] * f(v["cost_sigma"]) - f(0.5 * v["cost_sigma"] ** 2))
        compute = f(v["compute"][m]) * np.exp(gpu)
        spend = scale * cut
        if m == v["credit_expires"]:
            credit, bare_credit = full(0), full(0)
        bill = compute * spend
        used, bare_used = np.minimum(credit, bill), np.minimum(bare_credit, compute)
        credit, bare_credit = credit - used, bare_credit - bare_used
        service = debt * f(v["debt_service"])
        burn = fixed * spend + (bill - used) - received - f(v["other"][m])
        bare = bare + received - fixed - (compute - bare_used) + f(v["other"][m])
        lowest = np.minimum(lowest, bare)
        cash = cash - (burn + service)
        debt = np.maximum(zero, debt - debt * F(1 / 36))
        monthly = np.maximum(burn + service, F(1))
        starts = (cash < f(v["trigger"]) * monthly) & (stage <= v["last_stage"]) & ~raising & alive
        at = np.minimum(stage, 7)
        wait = np.where(starts, stages["lag"][at], wait - F(1))
        raising |= starts
        closes = raising & alive & (wait <= 0) & (u[1] < stages["hazard"][at]) & (cash >= 0)
        price = np.exp(growth * f(v["price_elasticity"]) + market + z[5] * f(v["price_sigma"]))
        pre = stages["pre_money"][at] * price * f(1 - v["bridge_discount"])
        amount = np.minimum(f(v["runway"]) * monthly, pre * f(v["max_dilution"] / (1 - v["max_dilution"])))
        loan = amount * f(v["debt_share"])
        equity = amount - loan
        dilution = (equity + loan * f(v["warrant"])) / (pre + equity)
        cash = np.where(closes, cash + amount, cash)
        debt = np.where(closes, debt + loan, debt)
        founder = np.where(closes, founder * (1 - dilution) * (1 - stages["pool"][at]), founder)
        common = np.where(closes, common * (1 - dilution), common)
        preference = np.where(closes, preference + equity, preference)
        raised = np.where(closes, raised + amount, raised)
        rounds = rounds + closes
        scale = np.where(closes, scale * stages["step"][at], scale)
        cut = np.where(closes, F(1), cut)
        stage = stage + closes
        raising &= ~closes
        called = (debt > 0) & (cash < f(v["covenant"]) * debt)
        cash = np.where(called, cash - debt, cash)
        debt = np.where(called, zero, debt)
        cut = np.where((cash < f(v["cut_trigger"]) * monthly) & (cash >= 0), f(1 - v["cut"]), cut)
        dies = alive & (cash < 0)
        alive &= ~dies
        cash = np.where(alive, cash, zero)
        ruined_in[m] += int(dies.sum())
        if (m + 1) % 3 == 0:
            np.percentile(cash, (5, 25, 50, 75, 95))
    at = np.minimum(stage, 7)
    worth = np.maximum(zero, stages["pre_money"][at] * np.exp(growth * f(v["price_elasticity"]) + market) - debt)
    investors = np.maximum(np.minimum(preference, worth), worth * (1 - common))
    value = np.where(alive, worth - investors, zero) * founder / common
    for x in (-lowest, value, founder, raised):
        np.percentile(x, (5, 25, 50, 75, 95))
    return {"ruin": float(ruined_in.sum() / paths), "rounds": float(rounds.mean(dtype=np.float64)),
            "founder_share": float(founder.mean(dtype=np.float64)), "founder_value": float(value.mean(dtype=np.float64))}


def main():
    what, paths = sys.argv[1], int(sys.argv[2])
    numbers = json.load(sys.stdin) if what == "venture" else None
    rng = np.random.Generator(np.random.SFC64(1))
    begin, results = time.process_time(), []
    for _ in range(paths // BLOCK):
        results.append(venture(numbers, BLOCK, rng) if what == "venture" else cash_process(BLOCK, rng))
    cpu = time.process_time() - begin
    mean = {k: sum(r[k] for r in results) / len(results) for k in results[0]}
    print(json.dumps({**mean, "paths": len(results) * BLOCK, "cpu_s": cpu}))


if __name__ == "__main__":
    main()
