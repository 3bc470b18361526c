#!/usr/bin/env python3
"""Reference prices of a nested and of a mixed logit market (rows B5 and B6 of tests/plan/market/equilibrium_test.cpp): the
first-order conditions s_j + sum_k ds_k/dp_j (p_k - c_k) = 0, divided by the shares, solved with 50 digits by mpmath 1.2.1
(python3-mpmath). The share derivatives are written out here, independent of the program."""
from mpmath import exp, findroot, log, matrix, mp, mpf

mp.dps = 50
FIRM = [0, 0, 1, 1, 2]
VALUE = [mpf(4), mpf("3.5"), mpf(3), mpf("2.5"), mpf(2)]
COST = [mpf("1.2"), mpf(1), mpf("0.8"), mpf("0.5"), mpf("0.3")]


def solve(types, nest, rho):
    """types: [(weight, alpha, values)]"""
    J = len(FIRM)

    def probabilities(p, alpha, value):
        e = [exp((value[j] - alpha * p[j]) / (1 - rho[nest[j]])) for j in range(J)]
        sums = [sum(e[j] for j in range(J) if nest[j] == g) for g in range(len(rho))]
        tops = [s ** (1 - r) for s, r in zip(sums, rho)]
        share_of_nest = [t / (1 + sum(tops)) for t in tops]
        return [e[j] / sums[nest[j]] * share_of_nest[nest[j]] for j in range(J)], share_of_nest

    def conditions(*p):
        share, slope = [mpf(0)] * J, [[mpf(0)] * J for _ in range(J)]
        for weight, alpha, value in types:
            s, n = probabilities(p, alpha, value)
            for j in range(J):
                share[j] += weight * s[j]
                for k in range(J):  # ds_k/dp_j
                    r = rho[nest[j]]
                    d = alpha * s[j] * s[k]
                    if nest[j] == nest[k]:
                        d += alpha * r / (1 - r) * s[j] * s[k] / n[nest[j]]
                    if j == k:
                        d -= alpha * s[j] / (1 - r)
                    slope[j][k] += weight * d
        return [1 + sum(slope[j][k] * (p[k] - COST[k]) for k in range(J) if FIRM[k] == FIRM[j]) / share[j] for j in range(J)]

    p = findroot(conditions, [c + mpf("0.9") for c in COST], tol=mpf(10) ** -80)
    share, surplus = [mpf(0)] * J, mpf(0)
    for weight, alpha, value in types:
        s, _ = probabilities(p, alpha, value)
        share = [a + weight * b for a, b in zip(share, s)]
        surplus += weight / alpha * -log(1 - sum(s))
    return list(p), share, surplus


def show(name, result):
    prices, share, surplus = result
    print(name)
    for label, row in (("price", prices), ("share", share), ("surplus", [surplus])):
        print("  ", label, ", ".join(mp.nstr(x, 18) for x in row))


show("B5 nested", solve([(mpf(1), mpf("1.5"), VALUE)], [0, 0, 0, 1, 1], [mpf("0.5"), mpf("0.3")]))
types = [(mpf(w), mpf(a), [v + mpf(t) * q for v, q in zip(VALUE, (1, 0.5, 0, -0.5, -1))])
         for w, a, t in (("0.3", "0.8", "1"), ("0.5", "1.5", "0"), ("0.2", "3", "-0.5"))]
show("B6 mixed", solve(types, [0] * 5, [mpf(0)]))
