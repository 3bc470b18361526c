#include "ingot/plan/market/scenario.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/error_of.h"

namespace ingot::market {
namespace {

// B4 with its utilities and costs.
Industry four_labs() {
  return read_industry(parse_toml(R"(
[market]
size = 100
[demand]
alpha = 0.35
[[products]]
name = "a"
value = 3
cost = 3
[[products]]
name = "b"
value = 2.8
cost = 2
[[products]]
name = "c"
value = 2.2
cost = 0.8
[[products]]
name = "d"
value = 1
cost = 0.3
)",
                                  "labs.toml"));
}

Outcome after(const Industry& m, ChangeKind kind, const std::string& text) {
  const auto outcomes = compare(m, {{"s", "", {parse_change(kind, text)}}});
  EXPECT_EQ(outcomes[1].equilibrium.status, Status::Converged) << outcomes[1].equilibrium.why;
  return outcomes[1];
}

// Prices of differentiated substitutes are strategic complements (Bulow, Geanakoplos & Klemperer 1985): a merger raises
// all of them and the insiders' most, entry and a rival's cut lower them, exit raises them.
TEST(Scenario, MovesHaveTheSignsOfTheory) {
  const auto m = four_labs();
  const auto today = solve_prices(m.demand(), m.supply());
  const auto merger = after(m, ChangeKind::Merger, "a=b").equilibrium;
  for (size_t j = 0; j < 4; ++j) EXPECT_GT(merger.price[j], today.price[j]) << j;
  EXPECT_GT(merger.price[0] - today.price[0], merger.price[2] - today.price[2]);
  EXPECT_GT(merger.hhi, today.hhi);
  EXPECT_LT(merger.consumer_surplus, today.consumer_surplus);

  const auto entered = after(m, ChangeKind::Entry, "e=a,worth=1");
  EXPECT_EQ(entered.industry.firms.back(), "e");
  EXPECT_EQ(entered.industry.offers.back().firm, 4);
  const auto& entry = entered.equilibrium;
  for (size_t j = 0; j < 4; ++j) EXPECT_LT(entry.price[j], today.price[j]) << j;
  EXPECT_GT(entry.consumer_surplus, today.consumer_surplus);

  const auto exit = after(m, ChangeKind::Exit, "a").equilibrium;
  for (size_t j = 0; j < 3; ++j) EXPECT_GT(exit.price[j], today.price[j + 1]) << j;

  const auto cut = after(m, ChangeKind::PriceCut, "b=0.2").equilibrium;
  EXPECT_NEAR(cut.price[1], 0.8 * today.price[1], 1e-12);
  for (const size_t j : {0, 2, 3}) EXPECT_LT(cut.price[j], today.price[j]) << j;

  const auto open = after(m, ChangeKind::OpenWeights, "x=a,price=1").equilibrium;
  EXPECT_DOUBLE_EQ(open.price[4], 1);
  for (size_t j = 0; j < 4; ++j) EXPECT_LT(open.price[j], today.price[j]) << j;
}

// A merger by the table: firms {a, b} as one is the same market as two products of one firm.
TEST(Scenario, MergerIsCommonOwnership) {
  const auto m = four_labs();
  const auto merged = after(m, ChangeKind::Merger, "a=b").equilibrium;
  auto supply = m.supply();
  supply.firm = {0, 0, 1, 2};
  const auto direct = solve_prices(m.demand(), supply);
  for (size_t j = 0; j < 4; ++j) EXPECT_NEAR(merged.price[j], direct.price[j], 1e-13 * direct.price[j]);
}

// Plain logit with one product a firm: pass-through of an own cost rise is 1 - s (1 - s)..., below 1, and of a common
// one above the own one; a shortage sells exactly what capacity is left.
TEST(Scenario, CostAndShortage) {
  const auto m = four_labs();
  const auto today = solve_prices(m.demand(), m.supply());
  const auto own = after(m, ChangeKind::Cost, "a=0.1").equilibrium;
  const auto all = after(m, ChangeKind::Cost, "all=0.1").equilibrium;
  const double rise = 0.1 * 3;
  EXPECT_GT(own.price[0] - today.price[0], 0);
  EXPECT_LT(own.price[0] - today.price[0], rise);
  EXPECT_GT(all.price[0] - today.price[0], own.price[0] - today.price[0]);

  const auto shortage = after(m, ChangeKind::GpuShortage, "0.8").equilibrium;
  for (size_t j = 0; j < 4; ++j) {
    EXPECT_NEAR(shortage.share[j], 0.8 * today.share[j], 1e-10);
    EXPECT_GT(shortage.shadow_price[j], 0);
  }
}

// Nothing changes: the same market, to the last digit that matters.
TEST(Scenario, NoChangeIsToday) {
  const auto outcomes = compare(build_industry(default_market()), {{"nothing", "", {}}});
  for (size_t j = 0; j < outcomes[0].equilibrium.price.size(); ++j)
    EXPECT_EQ(outcomes[0].equilibrium.price[j], outcomes[1].equilibrium.price[j]);
}

TEST(Scenario, WrongMovesNameValueAndRule) {
  const auto m = four_labs();
  const auto fails = [&](ChangeKind kind, const std::string& text, const std::string& expected) {
    const auto error = error_of([&] { compare(m, {{"s", "", {parse_change(kind, text)}}}); });
    EXPECT_NE(error.find(expected), std::string::npos) << error << "\nexpected: " << expected;
  };
  fails(ChangeKind::PriceCut, "z=0.2", "'z' sells nothing");
  fails(ChangeKind::PriceCut, "a=much", "'much' is no number");
  fails(ChangeKind::PriceCut, "a=1.2", "by is 1.2, expected -10 to 0.999");
  fails(ChangeKind::Merger, "a=a", "merges with itself");
  fails(ChangeKind::Merger, "a=q", "firm 'q' is not in");
  fails(ChangeKind::Entry, "a=b", "product 'a' exists already");
  fails(ChangeKind::Entry, "e=b,wroth=2", "did you mean 'worth'");
  fails(ChangeKind::GpuShortage, "0", "capacity is 0, expected > 0");
  fails(ChangeKind::Exit, "", "leaves no product");
}

}  // namespace
}  // namespace ingot::market
