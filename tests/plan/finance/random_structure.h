// Random capital structures and the properties that every waterfall must have; shared by the unit test and the
// acceptance run of a million cases.
#pragma once

#include <algorithm>
#include <string>

#include "ingot/base/rng.h"
#include "ingot/plan/finance/waterfall.h"

namespace ingot::finance {

inline CapitalStructure random_structure(Rng& rng) {
  CapitalStructure s;
  const int n = 2 + int(rng.below(6));
  for (int i = 0; i < n; ++i) {
    WaterfallClass c;
    c.name = "c" + std::to_string(i);
    c.shares = int64_t(1 + rng.below(50));
    const auto kind = i == 0 ? 0 : rng.below(6);
    if (kind == 1) {
      c.kind = ClaimKind::Option;
      c.strike = Rational(int64_t(rng.below(40)), int64_t(1 + rng.below(4)));
    } else if (kind >= 2) {
      c.kind = ClaimKind::Preferred;
      c.claim = int64_t(rng.below(200));
      c.seniority = int64_t(rng.below(3));
      c.participation = Participation(rng.below(3));
      c.cap = c.claim + int64_t(rng.below(300));
    }
    s.classes.push_back(c);
  }
  if (rng.below(3) == 0) s.debts.push_back({"debt", int64_t(rng.below(100)), 1});
  if (rng.below(3) == 0) s.carve_outs.push_back({"carve", Rational(int64_t(rng.below(30)), 100), {}});
  return s;
}

// "" or what broke: money conserved to the last unit, equilibrium (no class gains by deviating), the independent
// allocator agrees (so payoffs do not depend on which tied profile is chosen), monotone and 1-Lipschitz in the exit,
// holders permuted give payoffs permuted.
inline std::string violation(uint64_t seed) {
  Rng rng(seed, 77);
  const auto s = random_structure(rng);
  const auto exit = int64_t(rng.below(2000));
  const auto r = waterfall(s, exit);
  int64_t paid = 0;
  for (const auto* list : {&r.debts, &r.carve_outs, &r.classes})
    for (const auto& p : *list) paid += p.paid;
  if (paid != exit) return "paid " + std::to_string(paid) + " of " + std::to_string(exit);
  for (const auto& d : r.certificate)
    if (d.gains()) return d.name + " gains by choosing to " + d.alternative;

  Rational equity = 0;
  std::vector<bool> choices;
  std::vector<Rational> exact;
  for (const auto& p : r.classes) equity += p.exact, exact.push_back(p.exact);
  for (size_t i = 0; i < s.classes.size(); ++i)
    choices.push_back(s.classes[i].kind == ClaimKind::Common || r.classes[i].converts);
  if (payoffs_given(s, equity, choices) != exact) return "the independent allocator disagrees";

  const auto more = class_payoffs(s, equity + Rational(1, 7));
  for (size_t i = 0; i < exact.size(); ++i)
    if (more[i] < exact[i] || more[i] - exact[i] > Rational(1, 7))
      return "class " + std::to_string(i) + " is not monotone";

  auto reversed = s;
  std::reverse(reversed.classes.begin(), reversed.classes.end());
  auto back = class_payoffs(reversed, equity);
  std::reverse(back.begin(), back.end());
  if (back != exact) return "order of classes matters";
  return "";
}

}  // namespace ingot::finance
