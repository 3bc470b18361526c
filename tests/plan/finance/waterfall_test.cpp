// Worked examples of exits in $M (here one minor unit = $1,000, shares in thousands, so that the fractions stay short).
#include "ingot/plan/finance/waterfall.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "plan/finance/random_structure.h"

namespace ingot::finance {
namespace {

WaterfallClass common(int64_t shares) { return {.name = "Common", .shares = shares}; }

WaterfallClass preferred(const std::string& name, int64_t claim, int64_t shares, int64_t seniority = 1,
                         Participation participation = Participation::None, int64_t cap = 0) {
  return {name, ClaimKind::Preferred, shares, claim, participation, cap, seniority, 0};
}

std::vector<std::string> payoffs(const CapitalStructure& s, int64_t exit, ExitKind kind = ExitKind::Sale) {
  const auto r = waterfall(s, exit * 1000, kind);
  EXPECT_TRUE(r.equilibrium());
  std::vector<std::string> text;
  for (const auto& c : r.classes) text.push_back((c.exact / Rational(1000)).decimal());
  return text;
}

using Row = std::vector<std::string>;

// W1: break-even of conversion at preference / ownership = 25.
TEST(Waterfall, NonParticipating) {
  const CapitalStructure s{{}, {}, {preferred("A", 5000, 2000), common(8000)}};
  EXPECT_EQ(payoffs(s, 3), (Row{"3", "0"}));
  EXPECT_EQ(payoffs(s, 10), (Row{"5", "5"}));
  EXPECT_EQ(payoffs(s, 25), (Row{"5", "20"}));
  EXPECT_EQ(payoffs(s, 30), (Row{"6", "24"}));
  EXPECT_EQ(payoffs(s, 50), (Row{"10", "40"}));
  EXPECT_FALSE(waterfall(s, 25'000).classes[0].converts);
  EXPECT_TRUE(waterfall(s, 25'001).classes[0].converts);
}

TEST(Waterfall, FullParticipation) {  // W2
  const CapitalStructure s{{}, {}, {preferred("A", 5000, 2000, 1, Participation::Full), common(8000)}};
  EXPECT_EQ(payoffs(s, 10), (Row{"6", "4"}));
  EXPECT_EQ(payoffs(s, 25), (Row{"9", "16"}));
  EXPECT_EQ(payoffs(s, 50), (Row{"14", "36"}));
}

TEST(Waterfall, CappedParticipation) {  // W3: 3x cap
  const CapitalStructure s{{}, {}, {preferred("A", 5000, 2000, 1, Participation::Capped, 15000), common(8000)}};
  EXPECT_EQ(payoffs(s, 25), (Row{"9", "16"}));
  EXPECT_EQ(payoffs(s, 55), (Row{"15", "40"}));
  EXPECT_EQ(payoffs(s, 60), (Row{"15", "45"}));
  EXPECT_EQ(payoffs(s, 80), (Row{"16", "64"}));
  EXPECT_EQ(payoffs(s, 100), (Row{"20", "80"}));
}

TEST(Waterfall, SeniorClass) {  // W4
  const CapitalStructure s{{}, {}, {preferred("A", 5000, 2000, 1), preferred("B", 20000, 2500, 2), common(8000)}};
  EXPECT_EQ(payoffs(s, 10), (Row{"0", "10", "0"}));
  EXPECT_EQ(payoffs(s, 22), (Row{"2", "20", "0"}));
  EXPECT_EQ(payoffs(s, 30), (Row{"5", "20", "5"}));
  EXPECT_EQ(payoffs(s, 50), (Row{"6", "20", "24"}));
  EXPECT_EQ(payoffs(s, 100), (Row{"16", "20", "64"}));
}

CapitalStructure newco() {
  CapitalStructure s{{},
                     {},
                     {preferred("A", 6000, 10000, 1), preferred("B", 12000, 10000, 2), preferred("C", 10000, 10000, 3),
                      preferred("D", 10000, 10000, 4, Participation::Capped, 30000), preferred("E", 10000, 10000, 5),
                      preferred("F", 20000, 10000, 6, Participation::Full), common(20000)}};
  s.qualified_ipo_price = Rational(6);
  return s;
}

// W5. Published: Metrick & Yasuda, Venture Capital and the Finance of Innovation, 2nd ed., p. 302: break-points
// 30, 40, 68, 190, 260, 480; slope 1/4 after 68; at the qualified IPO D gains 2.5 and F loses 17.5.
TEST(Waterfall, MetrickYasudaNewco) {
  const auto s = newco();
  EXPECT_EQ(payoffs(s, 30)[3], "0");
  EXPECT_EQ(payoffs(s, 40)[3], "10");
  EXPECT_EQ(payoffs(s, 68)[3], "10");
  EXPECT_EQ(payoffs(s, 72)[3], "11");
  EXPECT_EQ(payoffs(s, 190)[3], "30");
  EXPECT_EQ(payoffs(s, 260)[3], "30");
  EXPECT_EQ(payoffs(s, 268)[3], "31");
  const auto sale = payoffs(s, 480), ipo = payoffs(s, 480, ExitKind::Ipo);
  EXPECT_EQ((*parse_decimal(ipo[3]) - *parse_decimal(sale[3])).decimal(), "2.5");
  EXPECT_EQ((*parse_decimal(sale[5]) - *parse_decimal(ipo[5])).decimal(), "17.5");
  EXPECT_EQ(payoffs(s, 479, ExitKind::Ipo), payoffs(s, 479));
  Row levels;
  for (const auto& p : break_points(s))
    if (p.slopes[3] != (levels.empty() ? Rational(-1) : Rational(0)))
      levels.push_back((p.equity / Rational(1000)).decimal());
  for (const char* level : {"30", "40", "68", "190", "260"}) {
    bool found = false;
    for (const auto& p : break_points(s)) found |= (p.equity / Rational(1000)).decimal() == level;
    EXPECT_TRUE(found) << level;
  }
}

// W7. Exercise text published by tutorsglobe; answers own: conversion order A (0.2), C (1.0), B (1.1), D = E = F (3.0).
TEST(Waterfall, ConversionOrder) {
  const CapitalStructure s{{},
                           {},
                           {preferred("A", 2000, 10000, 1), preferred("B", 11000, 10000, 2),
                            preferred("C", 10000, 10000, 3), preferred("D", 30000, 10000, 4),
                            preferred("E", 30000, 10000, 5), preferred("F", 30000, 10000, 6), common(20000)}};
  EXPECT_EQ(payoffs(s, 117)[0], "2");
  EXPECT_EQ(payoffs(s, 151), (Row{"12.2", "12.2", "12.2", "30", "30", "30", "24.4"}));
  EXPECT_EQ(payoffs(s, 240)[5], "30");
  EXPECT_EQ(payoffs(s, 248)[5], "31");
}

TEST(Waterfall, OptionsNetOfStrike) {  // W8
  CapitalStructure s{{},
                     {},
                     {preferred("A", 5000, 2000),
                      common(8000),
                      {.name = "opt1", .kind = ClaimKind::Option, .shares = 1000, .strike = 1},
                      {.name = "opt2", .kind = ClaimKind::Option, .shares = 500, .strike = 4}}};
  EXPECT_EQ(waterfall(s, 13'000).common_price, Rational(1));
  EXPECT_EQ(payoffs(s, 20), (Row{"5", "14.2222222222", "0.7777777778", "0"}));
  EXPECT_EQ(payoffs(s, 30), (Row{"5.6363636364", "22.5454545455", "1.8181818182", "0"}));
  EXPECT_EQ(payoffs(s, 60), (Row{"10.9565217391", "43.8260869565", "4.4782608696", "0.7391304348"}));
}

// S9. YC SAFE, liquidity event: max(cash-out, ownership x exit) with the exit as the limit.
TEST(Waterfall, UnconvertedSafe) {
  const CapitalStructure s{
      {}, {}, {{.name = "SAFE", .kind = ClaimKind::Preferred, .shares = 1000, .claim = 1000}, common(9000)}};
  EXPECT_EQ((waterfall(s, 500).classes[0].paid), 500);
  EXPECT_EQ(payoffs(s, 5)[0], "1");
  EXPECT_EQ(payoffs(s, 10)[0], "1");
  EXPECT_EQ(payoffs(s, 50)[0], "5");
}

TEST(Waterfall, DebtAndCarveOutComeFirst) {
  CapitalStructure s{{{"Senior", 4000, 2}, {"Junior", 4000, 1}},
                     {{"Management", Rational(1, 10), 1500}},
                     {preferred("A", 5000, 2000), common(8000)}};
  auto r = waterfall(s, 6000);
  EXPECT_EQ(r.debts[0].paid, 4000);
  EXPECT_EQ(r.debts[1].paid, 2000);
  r = waterfall(s, 18'000);
  EXPECT_EQ(r.carve_outs[0].paid, 1000);
  EXPECT_EQ(r.classes[0].paid + r.classes[1].paid, 9000);
  EXPECT_EQ(waterfall(s, 100'000).carve_outs[0].paid, 1500);
}

TEST(Waterfall, RefusesNegativeSharesAndListsEveryProblem) {
  const CapitalStructure s{{}, {{"M", Rational(2), {}}}, {common(-5)}};
  try {
    waterfall(s, -1);
    FAIL();
  } catch (const Error& e) {
    const std::string text = e.what();
    for (const char* part : {"proceeds is -1", "shares of 'Common' is -5", "carve-out 'M' is 2"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

TEST(BreakPoints, SlopesSumToOneAndRebuildThePayoffs) {
  const auto s = newco();
  const auto points = break_points(s);
  std::vector<Rational> at(s.classes.size(), 0);
  for (size_t k = 0; k < points.size(); ++k) {
    Rational sum = 0;
    for (const auto& slope : points[k].slopes) sum += slope;
    EXPECT_EQ(sum, Rational(1)) << points[k].event;
    EXPECT_EQ(class_payoffs(s, points[k].equity), at) << points[k].event;
    if (k + 1 < points.size())
      for (size_t i = 0; i < at.size(); ++i) at[i] += points[k].slopes[i] * (points[k + 1].equity - points[k].equity);
  }
}

// 1,000,000 of these run in `make acceptance ONLY=finance`.
TEST(Waterfall, RandomStructuresHaveNoViolation) {
  for (uint64_t seed = 0; seed < 3000; ++seed) ASSERT_EQ(violation(seed), "") << "seed " << seed;
}

}  // namespace
}  // namespace ingot::finance
