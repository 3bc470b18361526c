// Worked examples of rounds. "Published" names the page; the others are exact rationals computed independently.
#include "ingot/plan/finance/round.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"

namespace ingot::finance {
namespace {

const Currency kUsd("USD");

Money usd(int64_t dollars) { return {dollars * 100, kUsd}; }

Convertible safe(const std::string& id, int64_t dollars, int64_t cap) {
  Convertible c;
  c.id = c.holder = id;
  c.principal = usd(dollars);
  if (cap > 0) c.cap = usd(cap);
  return c;
}

RoundInput round_of(int64_t founder_shares, int64_t new_money, int64_t pre_money) {
  RoundInput input;
  input.positions.push_back({"Founders", "Common", PositionKind::Stock, founder_shares});
  input.terms.series = "Series A";
  input.terms.investments.push_back({"Lead", usd(new_money)});
  input.terms.pre_money = usd(pre_money);
  return input;
}

std::string share_of(const RoundResult& r, const std::string& holder, int places = 10) {
  BigRational sum = 0;
  for (const auto& line : r.lines)
    if (line.holder == holder) sum += line.exact_after;
  return decimal(BigRational(100 * sum / r.exact_total), places);
}

int64_t shares_of(const RoundResult& r, const std::string& holder) {
  int64_t sum = 0;
  for (const auto& line : r.lines)
    if (line.holder == holder) sum += line.after;
  return sum;
}

std::string error_of(const RoundInput& input) {
  try {
    solve_round(input);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

// S1. Percentages published as a unit test of github.com/1984vc/cap-table (financial-correctness).
TEST(Round, PostMoneySafe) {
  auto input = round_of(10'000'000, 5'000'000, 20'000'000);
  input.convertibles.push_back(safe("SAFE", 1'000'000, 10'000'000));
  const auto r = solve_round(input);
  EXPECT_EQ(fraction(r.exact_price), "9/5");
  EXPECT_EQ(fraction(r.conversions[0].exact_price), "9/10");
  EXPECT_EQ(r.conversions[0].shares, 1'111'111);
  EXPECT_EQ(r.series_shares, 2'777'777);
  EXPECT_EQ(share_of(r, "SAFE"), "8");
  EXPECT_EQ(share_of(r, "Lead"), "20");
  EXPECT_EQ(share_of(r, "Founders"), "72");
  EXPECT_EQ(r.conversions[0].controls, "cap");
}

// S2. YC Post-Money SAFE User Guide, quick start (about 9%, 6%); before the priced round 1/11 and 5/83.
TEST(Round, PostMoneySafesOwnTheirCapShareOfTheCapitalization) {
  auto input = round_of(10'000'000, 1, 100'000'000);
  input.convertibles = {safe("a", 500'000, 5'500'000), safe("b", 500'000, 8'300'000)};
  const auto r = solve_round(input);
  const BigRational before = r.exact_total - r.exact_series;
  EXPECT_EQ(fraction(r.conversions[0].exact_shares / before), "1/11");
  EXPECT_EQ(fraction(r.conversions[1].exact_shares / before), "5/83");
  EXPECT_EQ(decimal(before, 6), "11780645.16129");
  EXPECT_EQ(round_big(r.conversions[0].exact_shares, Rounding::Down), 1'070'967);
  EXPECT_EQ(round_big(r.conversions[1].exact_shares, Rounding::Down), 709'677);
}

// S3, S3b. Pre-money SAFEs; 1984vc test (price 1, 1,000,000 shares, 1/11 before the round).
TEST(Round, PreMoneySafe) {
  auto input = round_of(10'000'000, 5'000'000, 20'000'000);
  input.convertibles.push_back(safe("a", 1'000'000, 10'000'000));
  input.convertibles[0].rules = pre_money_rules();
  const auto r = solve_round(input);
  EXPECT_EQ(fraction(r.conversions[0].exact_price), "1");
  EXPECT_EQ(fraction(r.conversions[0].exact_shares), "1000000");
  EXPECT_EQ(fraction(r.exact_price), "20/11");
  EXPECT_EQ(share_of(r, "a"), "7.2727272727");
  EXPECT_EQ(share_of(r, "Lead"), "20");
  input.convertibles.push_back(safe("b", 1'000'000, 8'000'000));
  input.convertibles[1].rules = pre_money_rules();
  const auto both = solve_round(input);
  EXPECT_EQ(fraction(both.conversions[0].exact_shares), "1000000");
  EXPECT_EQ(fraction(both.conversions[1].exact_shares), "1250000");
  const BigRational before = both.exact_total - both.exact_series;
  EXPECT_EQ(decimal(BigRational(100 * both.conversions[0].exact_shares / before)), "8.1632653061");
  EXPECT_EQ(decimal(BigRational(100 * both.conversions[1].exact_shares / before)), "10.2040816327");
}

// S4. Inputs of TWO12, "How does a Post-SAFE convert": the cap share 1/60 of a capitalization of 4M held shares beats
// the discount price of 1.60 (62,500 shares) at a price a share of 2.00.
TEST(Round, CapAgainstDiscount) {
  auto input = round_of(3'000'000, 1'000'000, 0);
  input.positions.push_back({"Staff", "Options", PositionKind::Option, 1'000'000});
  input.terms.pre_money.reset();
  input.terms.price = Rational(2);
  input.convertibles.push_back(safe("s", 100'000, 6'000'000));
  input.convertibles[0].discount = Rational(1, 5);
  const auto r = solve_round(input);
  EXPECT_EQ(r.conversions[0].controls, "cap");
  EXPECT_EQ(decimal(r.conversions[0].exact_shares, 2), "67796.61");
  EXPECT_EQ(round_big(r.conversions[0].exact_shares, Rounding::Down), 67'796);
  input.convertibles[0].cap.reset();
  const auto d = solve_round(input);
  EXPECT_EQ(d.conversions[0].controls, "discount");
  EXPECT_EQ(d.conversions[0].shares, 62'500);
}

// S5. Published: README of github.com/1984vc/cap-table (2026-08-19), every cell.
TEST(Round, ReproducesThe1984Scenario) {
  RoundInput input;
  input.positions = {{"Founder 1", "Common", PositionKind::Stock, 4'500'000},
                     {"Founder 2", "Common", PositionKind::Stock, 4'500'000},
                     {"Staff", "Options", PositionKind::Option, 250'000},
                     {"Pool", "Pool", PositionKind::Unissued, 750'000}};
  auto yc = safe("YC 7%", 125'000, 0), mfn = safe("YC MFN", 375'000, 0);
  yc.percent = Rational(7, 100);
  mfn.most_favoured = true;
  input.convertibles = {yc, mfn, safe("c", 750'000, 10'000'000), safe("d", 475'000, 10'000'000),
                        safe("e", 500'000, 13'000'000)};
  input.terms.investments.push_back({"Series A", usd(4'000'000)});
  input.terms.pre_money = usd(25'000'000);
  input.terms.pool = Rational(1, 10);
  const auto r = solve_round(input);
  EXPECT_EQ(r.price.decimal(), "1.71056");
  EXPECT_EQ(r.total, 16'953'545);
  EXPECT_EQ(r.series_shares, 2'338'415);
  const std::vector<int64_t> shares = {956'884, 512'610, 1'025'220, 649'306, 525'756};
  for (size_t i = 0; i < shares.size(); ++i) EXPECT_EQ(r.conversions[i].shares, shares[i]) << r.conversions[i].id;
  EXPECT_EQ(r.pool, 1'695'354);
  EXPECT_EQ(r.pool_increase, 945'354);
  EXPECT_EQ(Rational(100 * shares_of(r, "Founder 1"), r.total).decimal(2), "26.54");
  EXPECT_EQ(r.conversions[1].controls, "MFN -> c, cap");
}

// S7. Three conversion methods as named by Foresight and Cooley.
TEST(Round, NoteConversionMethods) {
  auto input = round_of(10'000'000, 3'000'000, 8'000'000);
  Convertible note = safe("note", 500'000, 5'000'000);
  note.kind = ConvertibleKind::Note;
  note.rules = pre_money_rules();
  note.discount = Rational(1, 5);
  note.rate = Rational(8, 100);
  note.issued = Date(2024, 1, 15);
  input.terms.close = Date(2025, 7, 15);
  note.method = NoteMethod::PreMoney;
  input.convertibles = {note};
  auto r = solve_round(input);
  EXPECT_EQ(fraction(r.exact_price), "4/5");
  EXPECT_EQ(fraction(r.conversions[0].exact_price), "1/2");
  EXPECT_EQ(decimal(r.conversions[0].exact_shares, 4), "1119890.411");
  EXPECT_EQ(share_of(r, "note"), "7.5312620336");
  EXPECT_EQ(share_of(r, "Lead"), "25.2187467181");
  EXPECT_EQ(share_of(r, "Founders"), "67.2499912483");
  input.convertibles[0].method = NoteMethod::PercentOwnership;
  r = solve_round(input);
  EXPECT_EQ(decimal(r.exact_price), "0.7194315505");
  EXPECT_EQ(decimal(r.exact_series, 4), "4169958.9041");
  EXPECT_EQ(share_of(r, "note"), "7.3244044979");
  EXPECT_EQ(share_of(r, "Lead"), "27.2727272727");
  EXPECT_EQ(share_of(r, "Founders"), "65.4028682293");
}

// S8. Published: YC user guide, 4.41%.
TEST(Round, ProRataExtra) {
  EXPECT_EQ((pro_rata_extra(Rational(1, 4), Rational(15, 100)) * Rational(100)).decimal(), "4.4117647059");
}

TEST(Round, ProRataHolderTakesItsShareOfTheWholeRound) {
  auto input = round_of(8'500'000, 2'000'000, 8'000'000);
  input.positions.push_back({"Angel", "Seed", PositionKind::Stock, 1'500'000});
  input.terms.pro_rata = {{"Angel", std::nullopt}};
  const auto r = solve_round(input);
  ASSERT_EQ(r.purchases.size(), 2u);
  EXPECT_EQ(r.purchases[1].amount.minor, 35294118);  // 15% of 2,000,000 / 0.85
  EXPECT_EQ(share_of(r, "Angel", 4), "15");          // what it had
  input.terms.pro_rata_on_top = false;
  const auto inside = solve_round(input);
  EXPECT_EQ(inside.purchases[1].amount, usd(300'000));
  EXPECT_EQ(inside.new_money, usd(2'000'000));
}

// AD1-AD3. NVCA charter formula.
TEST(AntiDilution, Formulas) {
  const auto broad = weighted_average_price(2, 10'000'000, 5'000'000, 5'000'000);
  EXPECT_EQ(broad.fraction(), "5/3");
  EXPECT_EQ((Rational(2) / broad).fraction(), "6/5");
  EXPECT_EQ((Rational(2) / broad.round_to(4, Rounding::HalfUp)).decimal(), "1.1999760005");
  const auto narrow = weighted_average_price(2, 2'000'000, 5'000'000, 5'000'000);
  EXPECT_EQ(narrow.fraction(), "9/7");
  EXPECT_EQ((Rational(2) / narrow).fraction(), "14/9");
}

RoundInput down_round(AntiDilution protection) {
  auto input = round_of(13'000'000, 6'000'000, 12'000'000);
  input.positions.push_back({"B", "Series B", PositionKind::Stock, 3'000'000, protection, 3, std::nullopt, true});
  return input;
}

// AD5. Circular: the fixed pre-money holds after the adjustment. Closed form C = 94,000,000 / 11.
TEST(AntiDilution, CircularFixedPreMoney) {
  const auto r = solve_round(down_round(AntiDilution::BroadBased));
  EXPECT_EQ(fraction(r.exact_series), "94000000/11");
  EXPECT_EQ(fraction(BigRational(r.lines[1].exact_after - 3'000'000)), "12000000/11");
  EXPECT_EQ(decimal(r.exact_price), "0.7021276596");
  EXPECT_EQ(fraction(BigRational(r.exact_series / r.exact_total)), "1/3");
  ASSERT_EQ(r.adjustments.size(), 1u);
  EXPECT_EQ(r.adjustments[0].new_price.decimal(4), "2.2");
}

// AD6. A full ratchet worth 9M of a fixed 8M pre-money: no price exists, and the error says whose claim it is.
TEST(AntiDilution, ReportsWhereNoSolutionExists) {
  auto input = down_round(AntiDilution::FullRatchet);
  EXPECT_EQ(solve_round(input).adjustments[0].new_price, solve_round(input).price.round_to(4, Rounding::HalfUp));
  input.terms.pre_money = usd(8'000'000);
  const auto text = error_of(input);
  EXPECT_NE(text.find("no positive price satisfies"), std::string::npos) << text;
  EXPECT_NE(text.find("full ratchet of 'Series B' worth 9000000"), std::string::npos) << text;
}

// P1. Published: Venture Hacks, "The Option Pool Shuffle".
TEST(Pool, Shuffle) {
  auto input = round_of(6'000'000, 2'000'000, 8'000'000);
  input.terms.pool = Rational(1, 5);
  const auto r = solve_round(input);
  EXPECT_EQ(r.total, 10'000'000);
  EXPECT_EQ(r.price, Rational(1));
  EXPECT_EQ(r.pool, 2'000'000);
  EXPECT_EQ(r.effective_pre_money, Rational(6'000'000));
}

// P2 published: 1984vc test; P3 own: the same pool outside the pre-money.
TEST(Pool, InsideAndOutsideThePreMoney) {
  auto input = round_of(10'000'000, 5'000'000, 20'000'000);
  input.terms.pool = Rational(1, 10);
  auto r = solve_round(input);
  EXPECT_EQ(fraction(r.exact_total), "100000000/7");
  EXPECT_EQ(fraction(r.exact_price), "7/4");
  EXPECT_EQ(share_of(r, "Founders"), "70");
  EXPECT_EQ(share_of(r, "Lead"), "20");
  EXPECT_EQ(r.effective_pre_money, Rational(17'500'000));
  input.terms.pool_in_pre_money = false;
  r = solve_round(input);
  EXPECT_EQ(fraction(r.exact_price), "2");
  EXPECT_EQ(decimal(r.exact_total, 1), "13888888.9");
  EXPECT_EQ(share_of(r, "Founders"), "72");
  EXPECT_EQ(share_of(r, "Lead"), "18");
}

// P4. Inputs of the 1984vc fixture.
TEST(Pool, TopUpCountsTheUnusedPool) {
  auto input = round_of(9'400'000, 4'000'000, 25'000'000);
  input.positions.push_back({"Pool", "Pool", PositionKind::Unissued, 600'000});
  input.terms.pool = Rational(1, 10);
  const auto r = solve_round(input);
  EXPECT_EQ(decimal(r.exact_total, 6), "12334841.628959");
  EXPECT_EQ(decimal(r.exact_price), "2.3510638298");
  EXPECT_EQ(decimal(r.lines.back().exact_after, 4), "1233484.1629");
}

// P5. Published: Cap Table 101 (1984 Ventures).
TEST(Pool, CapTable101) {
  auto input = round_of(1'000'000, 2'000'000, 8'000'000);
  input.positions.push_back({"Second", "Common", PositionKind::Stock, 1'000'000});
  EXPECT_EQ(solve_round(input).price, Rational(4));
  EXPECT_EQ(share_of(solve_round(input), "Founders"), "40");
  input.terms.pool = Rational(1, 10);
  const auto r = solve_round(input);
  EXPECT_EQ(r.price, Rational(7, 2));
  EXPECT_EQ(share_of(r, "Founders"), "35");
  EXPECT_EQ(share_of(r, "Lead"), "20");
  EXPECT_EQ(share_of(r, "Unissued pool"), "10");
}

TEST(Round, ClaimsOverTheWholeCompanyAreNamed) {
  auto input = round_of(10'000'000, 5'000'000, 20'000'000);
  input.convertibles = {safe("a", 6'000'000, 10'000'000), safe("b", 5'000'000, 10'000'000)};
  const auto text = error_of(input);
  EXPECT_NE(text.find("'a' 60%, 'b' 50%"), std::string::npos) << text;
}

// Properties over random rounds: lines sum to the total; the order of holders does not matter; a post-money SAFE owns
// amount / cap whatever the other post-money SAFEs are; the pool is exact within one share.
TEST(Round, PropertiesHoldOnRandomRounds) {
  Rng rng(11);
  for (int trial = 0; trial < 300; ++trial) {
    auto input = round_of(int64_t(1'000'000 + rng.below(20'000'000)), int64_t(1'000'000 + rng.below(9'000'000)),
                          int64_t(40'000'000 + rng.below(60'000'000)));
    input.positions.push_back({"Staff", "Options", PositionKind::Option, int64_t(rng.below(1'000'000))});
    input.positions.push_back({"Pool", "Pool", PositionKind::Unissued, int64_t(rng.below(500'000))});
    const int n = int(rng.below(5));
    for (int i = 0; i < n; ++i)
      input.convertibles.push_back(safe("s" + std::to_string(i), int64_t(50'000 + rng.below(900'000)),
                                        int64_t(5'000'000 + rng.below(10'000'000))));
    if (rng.below(2)) input.terms.pool = Rational(int64_t(5 + rng.below(15)), 100);
    const auto r = solve_round(input);
    int64_t sum = 0;
    for (const auto& line : r.lines) sum += line.after;
    ASSERT_EQ(sum, r.total);
    if (input.terms.pool > Rational(0) && r.pool_increase > 0) {
      const BigRational wanted = big(input.terms.pool) * BigRational(r.total);
      ASSERT_LE(abs(BigRational(r.pool - wanted)), 1);
    }
    const BigRational capitalization =
        r.exact_total - r.exact_series - (r.lines.back().exact_after - r.lines.back().before);
    for (size_t i = 0; i < r.conversions.size(); ++i)
      if (r.conversions[i].controls == "cap") {
        const auto& c = input.convertibles[i];
        ASSERT_EQ(BigRational(r.conversions[i].exact_shares / capitalization),
                  BigRational(c.principal.minor, c.cap->minor));
      }
    auto shuffled = input;
    std::reverse(shuffled.positions.begin(), shuffled.positions.end());
    const auto again = solve_round(shuffled);
    ASSERT_EQ(again.total, r.total);
    ASSERT_EQ(shares_of(again, "Founders"), shares_of(r, "Founders"));
  }
}

}  // namespace
}  // namespace ingot::finance
