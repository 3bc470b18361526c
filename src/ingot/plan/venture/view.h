// A plan's result for the terminal, as JSON, and as a report document (docs/report.md).
#pragma once

#include "ingot/plan/report/view.h"
#include "ingot/plan/venture/rounds.h"
#include "ingot/plan/venture/verdict.h"

namespace ingot::venture {

struct Outcome {  // everything that is shown
  const Venture& venture;
  const Plan& plan;
  const Analysis& analysis;
  Verdict verdict;
  Rounds rounds;
  std::vector<MonthRecord> certain;  // without chance, with the recommended raise
};
Outcome outcome_of(const Venture& venture, const Plan& plan, const Analysis& analysis);

// What P(lead) is the chance of: "best model among MiniMax, Z.ai", in two languages.
Json leading(const VentureSection& section);

// Tables, notes and JSON; sections stay empty.
report::View plan_view(const Outcome& outcome);

// The whole page. No clock is read: the same inputs give the same bytes, whose SHA-256 the page shows as its hash.
Json plan_document(const Outcome& outcome);

}  // namespace ingot::venture
