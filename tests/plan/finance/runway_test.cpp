#include <cmath>

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/plan/finance/company.h"
#include "ingot/plan/finance/investors.h"
#include "ingot/plan/finance/ledger.h"
#include "ingot/plan/finance/ownership.h"
#include "ingot/plan/finance/round.h"
#include "ingot/plan/finance/strategy.h"
#include "ingot/plan/finance/terms.h"
#include "ingot/plan/finance/valuation_terms.h"
#include "ingot/plan/finance/venture.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot::finance {
namespace {

OperatingPlan plan_of(const std::string& toml) {
  return read_config<OperatingPlan>(parse_toml(toml, "p.toml"), "operating");
}

// M2. Cash 24,000,000.00, burn 1,000,000.00 growing 5% a month (half up to the cent): negative in month 17.
TEST(Operating, FindsTheCashOutMonthToTheCent) {
  const auto r = run_plan(
      plan_of("[operating]\ncash = 24_000_000\nmonths = 24\n[[operating.costs]]\nmonthly = 1_000_000\ngrowth = 0.05\n"),
      Currency("USD"));
  ASSERT_TRUE(r.cash_out.has_value());
  EXPECT_EQ(*r.cash_out, 17);
  EXPECT_EQ(r.months[16].cash, -184036632);
}

TEST(Operating, CreditsLagDebtAndTax) {
  const auto r = run_plan(plan_of(R"(
[operating]
cash = 100_000
months = 6
payment_lag = 2
tax = "20%"
[[operating.compute]]
name = "gpu"
monthly = 10_000
[[operating.credits]]
name = "cloud"
amount = 25_000
expires = 2
[[operating.revenue]]
name = "api"
monthly = 30_000
[[operating.debts]]
name = "bank"
principal = 12_000
rate = "12%"
month = 1
interest_only = 1
term = 3
covenant = 150_000
)"),
                          Currency("USD"));
  EXPECT_EQ(r.months[0].credits, 1'000'000);
  EXPECT_EQ(r.months[1].credits, 1'000'000);
  EXPECT_EQ(r.months[2].credits, 0);  // 5,000 expired
  EXPECT_EQ(r.credits_expired, 500'000);
  EXPECT_EQ(r.months[0].receipts, 0);
  EXPECT_EQ(r.months[2].receipts, 3'000'000);
  EXPECT_EQ(r.months[1].draw, 1'200'000);
  EXPECT_EQ(r.months[1].interest, 12'000);
  EXPECT_EQ(r.months[2].repayment, 600'000);
  EXPECT_EQ(r.months[3].repayment, 600'000);
  EXPECT_EQ(r.months[0].tax, 600'000);  // 20% of 30,000: credits pay the compute
  EXPECT_EQ(*r.covenant_breach, 2);
  int64_t cash = 10'000'000;
  for (const auto& m : r.months) cash += m.net;
  EXPECT_EQ(cash, r.months.back().cash);
}

TEST(Operating, RefusesBadLinesByName) {
  try {
    plan_of("[operating]\nmonths = 0\n[[operating.costs]]\nmonthly = -5\n[[operating.compute]]\nname = \"x\"\n");
    FAIL();
  } catch (const Error& e) {
    const std::string text = e.what();
    for (const char* part : {"operating.months: got 0", "costs[0].monthly: got -5, expected >= 0",
                             "compute[0]: expected either monthly or chip"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

struct Example {
  CapTable table;
  Ownership ownership;
  OperatingPlan operating;
  PlanResult plan;
  Uncertainty uncertainty;
  FinancingPolicy policy;
  VentureNumbers numbers(Instrument instrument) const {
    auto p = policy;
    p.instrument = instrument;
    return venture_numbers(plan, operating, uncertainty, p, {0.6, 0.8, 3e6});
  }
};

Example example(const char* name) {
  const auto document = read_toml(std::string(INGOT_SOURCE_DIR) + "/examples/" + name);
  Example e;
  e.table = replay(company_package(read_company(document)));
  e.operating = read_config<OperatingPlan>(document, "operating");
  e.plan = run_plan(e.operating, e.table.currency);
  e.uncertainty = read_config<Uncertainty>(document, "uncertainty");
  e.policy = read_config<FinancingPolicy>(document, "financing");
  e.ownership = ownership_of(e.table, e.policy);
  return e;
}

// Both shipped companies go through every solver.
TEST(Examples, SolveFromEndToEnd) {
  for (const char* name : {"seed.toml", "series_b.toml"}) {
    const auto document = read_toml(std::string(INGOT_SOURCE_DIR) + "/examples/" + name);
    const auto table = replay(company_package(read_company(document)));
    const auto round = solve_round(round_of(table, read_config<RoundSection>(document, "round")));
    EXPECT_GT(round.total, round.total_before);
    const auto exit = read_config<ExitSection>(document, "exit");
    const auto structure = exit_of(table, exit);
    for (const auto& value : exit.values) {
      const auto r = waterfall(structure, to_money(value, table.currency, "exit").minor);
      EXPECT_TRUE(r.equilibrium()) << name;
    }
    EXPECT_FALSE(value_company(table, read_config<ValuationSection>(document, "valuation"), catalogued_rounds())
                     .estimates.empty());
  }
}

TEST(Runway, SameBitsForThreadsAndInstructionSets) {
  const auto numbers = example("seed.toml").numbers(Instrument::Equity);
  const auto one = simulate(numbers, {.paths = 5'003, .threads = 1, .isa = mc::Isa::Portable});
  for (const auto isa : {mc::Isa::Avx2, mc::Isa::Avx512}) {
    if (!mc::available(isa)) continue;
    const auto other = simulate(numbers, {.paths = 5'003, .threads = 3, .isa = isa});
    EXPECT_EQ(other.ruin, one.ruin);
    EXPECT_EQ(other.fan, one.fan);
    EXPECT_EQ(other.mean_founder_value, one.mean_founder_value);
    EXPECT_EQ(other.need_bins, one.need_bins);
  }
}

// Without chance and without raises the simulation is the plan.
TEST(Runway, WithoutChanceIsThePlan) {
  auto e = example("seed.toml");
  e.uncertainty = {.growth_sigma = 0,
                   .cost_sigma = 0,
                   .gpu_sigma = 0,
                   .gpu_up = 0,
                   .gpu_down = 0,
                   .market_sigma = 0,
                   .price_sigma = 0};
  e.policy.trigger = 0, e.policy.cut_trigger = 0;
  const auto r = simulate(e.numbers(Instrument::Equity), {.paths = 160});
  ASSERT_TRUE(e.plan.cash_out.has_value());
  EXPECT_EQ(r.ruin[size_t(*e.plan.cash_out) - 1], 1);
  EXPECT_EQ(*e.plan.cash_out < 2 ? 0 : r.ruin[size_t(*e.plan.cash_out) - 2], 0);
  const double need = -double(e.plan.lowest_cash) / 100;
  EXPECT_NEAR(r.need(0.5) / need, 1, 0.04);  // a bin is a sixteenth of an octave
}

TEST(Runway, SobolAgreesWithPhilox) {
  const auto numbers = example("seed.toml").numbers(Instrument::Equity);
  const auto random = simulate(numbers, {.paths = 60'000});
  const auto quasi = simulate(numbers, {.paths = 16'384, .sobol = true});
  EXPECT_NEAR(quasi.ruin.back(), random.ruin.back(), 4 * random.ruin_error() + 0.004);
  EXPECT_NEAR(quasi.mean_founder_share, random.mean_founder_share, 0.004);
}

TEST(Runway, MoreCashMeansLessRuin) {
  auto e = example("series_b.toml");
  auto numbers = e.numbers(Instrument::Equity);
  const double base = simulate(numbers, {.paths = 8192}).ruin.back();
  numbers.cash *= 2;
  EXPECT_LT(simulate(numbers, {.paths = 8192}).ruin.back(), base);
}

// Ishigami & Homma 1990, a = 7, b = 0.1: S1 = (0.3139, 0.4424, 0), ST = (0.5576, 0.4424, 0.2437).
TEST(SobolIndices, OfTheIshigamiFunction) {
  const auto [first, total] = sobol_indices(3, 8192, 1, [](const std::vector<double>& u) {
    double x[3];
    for (int i = 0; i < 3; ++i) x[i] = M_PI * (2 * u[size_t(i)] - 1);
    return std::sin(x[0]) + 7 * std::pow(std::sin(x[1]), 2) + 0.1 * std::pow(x[2], 4) * std::sin(x[0]);
  });
  const double s1[] = {0.3139, 0.4424, 0}, st[] = {0.5576, 0.4424, 0.2437};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(first[i], s1[i], 0.02) << i;
    EXPECT_NEAR(total[i], st[i], 0.02) << i;
  }
}

TEST(Strategy, RecommendsWithinTheLimitAndOnTheFrontier) {
  const auto e = example("series_b.toml");
  const std::vector all = {Instrument::Equity, Instrument::Safe, Instrument::Debt};
  const auto r = optimise_raise([&](Instrument i) { return e.numbers(i); }, all, e.policy, {.paths = 1024});
  if (r.limit_met) {
    EXPECT_LE(r.recommended.ruin, e.policy.ruin_limit.value.to_double());
  }
  for (size_t i = 1; i < r.frontier.size(); ++i) {
    EXPECT_GT(r.frontier[i].ruin, r.frontier[i - 1].ruin);
    EXPECT_GT(r.frontier[i].founder_value, r.frontier[i - 1].founder_value);
  }
  for (const auto& p : r.tried) {
    if (p.ruin > r.recommended.ruin) continue;
    EXPECT_LE(p.founder_value, r.recommended.founder_value + 1e-9);
  }
  EXPECT_GE(r.why.size(), 3u);
}

// After a priced round nobody buys a SAFE.
TEST(Strategy, TriesWhatItIsGiven) {
  const auto e = example("series_b.toml");
  const auto allowed = instruments_for(e.ownership);
  EXPECT_EQ(allowed, (std::vector{Instrument::Equity, Instrument::Debt}));
  const auto r = optimise_raise([&](Instrument i) { return e.numbers(i); }, allowed, e.policy, {.paths = 256});
  for (const auto& p : r.tried) EXPECT_NE(p.instrument, Instrument::Safe);
}

TEST(Investors, ListsAreSeparatedByBars) {
  const TempFolder folder;
  write_file_atomic(folder / "investors.csv",
                    "name,stages,min_cheque,max_cheque,sectors,geographies,role,portfolio\n"
                    "North Fund,Series A;Series B,1,2,ai,US,lead,\n");
  const auto error = ingot::error_of([&] { read_investors(folder / "investors.csv"); });
  EXPECT_NE(error.find("stages is 'Series A;Series B', expected parts between |"), std::string::npos) << error;
}

TEST(Investors, RankWithReasonsAndNameConflicts) {
  const auto document = read_toml(std::string(INGOT_SOURCE_DIR) + "/examples/seed.toml");
  const auto search = read_config<InvestorSearch>(document, "investors");
  const auto matches =
      rank_investors(read_investors(std::string(INGOT_SOURCE_DIR) + "/examples/investors.csv"), search);
  EXPECT_EQ(matches.front().investor.name, "Tessellate Capital");
  EXPECT_EQ(matches.front().score, 100);
  EXPECT_EQ(matches.back().conflicts, (std::vector<std::string>{"Glasswing Models"}));
  for (const auto& m : matches) EXPECT_EQ(m.reasons.size(), 5u);
  EXPECT_EQ(matches.front().reasons[2].en, "+25/25 knows foundation models, developer tools");
  EXPECT_EQ(matches.front().reasons[2].zh, "+25/25 熟悉 foundation models、developer tools");
  const auto card = score_advantage(read_config<Advantage>(document, "advantage"));
  EXPECT_NEAR(card.score, (4 + 3 + 4 * 1.5 + 3 + 2) / 5.5, 1e-12);
  EXPECT_EQ(card.rows.front().area.en, "team");
}

TEST(Comparables, EveryCataloguedRoundHasASource) {
  const auto rounds = catalogued_rounds();
  EXPECT_GE(rounds.size(), 70u);
  const auto q = quartiles({1, 2, 3, 4});
  EXPECT_NEAR(q.low, 1.75, 1e-12);
  EXPECT_NEAR(q.median, 2.5, 1e-12);
}

}  // namespace
}  // namespace ingot::finance
