#include "ingot/tasks/kneser_ney.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "support/error_of.h"

namespace ingot {
namespace {

using Characters = std::vector<char32_t>;

Characters characters_of(const std::string& text) { return {text.begin(), text.end()}; }

const std::vector<Characters> kRhymes = {characters_of("humpty dumpty sat on a wall"),
                                         characters_of("humpty dumpty had a great fall"),
                                         characters_of("all the kings horses and all the kings men"),
                                         characters_of("could not put humpty together again"),
                                         characters_of("jack and jill went up the hill"),
                                         characters_of("to fetch a pail of water"),
                                         characters_of("jack fell down and broke his crown"),
                                         characters_of("and jill came tumbling after"),
                                         characters_of("mary had a little lamb"),
                                         characters_of("its fleece was white as snow"),
                                         characters_of("and everywhere that mary went"),
                                         characters_of("the lamb was sure to go")};
// 22 letters, the space, the end mark, and as KenLM has it one event for all that is unknown.
constexpr int64_t kEvents = 26;

// KenLM (github.com/kpu/kenlm), `lmplz -o N --discount_fallback` on the rhymes, a line each, letters as words; `query`.
TEST(KneserNey, EqualsKenLm) {
  const auto log10_of = [](int64_t order, const std::string& text) {
    std::vector<double> result;
    for (const double x : KneserNey(kRhymes, order, kEvents).log_p(characters_of(text)))
      result.push_back(x / std::log(10.));
    return result;
  };
  const auto check = [](const std::vector<double>& found, const std::vector<double>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 2e-6) << "event " << i;
  };
  check(log10_of(3, "the hill had a wall"),
        {-0.9978292,  -0.65905696, -0.20506416, -0.2434886, -1.1196245,  -0.87008643, -0.68125546,
         -0.3604207,  -0.31881684, -1.3923364,  -0.8033772, -0.8048258,  -0.37447774, -0.5398662,
         -0.57725513, -0.7986759,  -0.37937716, -0.7497743, -0.17701593, -0.683299});
  check(log10_of(5, "jack sat"), {-1.1693113, -0.32605678, -0.55936646, -0.37047988, -0.30086592, -1.7126372,
                                  -0.87557083, -0.40565264, -1.6505455});
  // What no document holds gets the share of one event, after any context.
  check(log10_of(3, "zzz"), {-2.027931, -1.8330395, -1.8330395, -1.3601866});
}

TEST(KneserNey, EqualsAHandCalculation) {
  // Both orders lack n-grams seen once to four times, so the discounts are 0.5, 1, 1.5. Bigrams: (begin a) 2, (a b) 1,
  // (b end) 1, (a end) 1. Alone, a, b and end count 1, 1, 2, their distinct predecessors: 4 in all, discounts 0.5 + 0.5
  // + 1 = 2.
  const KneserNey model(std::vector<Characters>{characters_of("ab"), characters_of("a")}, 2, 3);
  const double a1 = (1 - 0.5 + 2. / 3) / 4, b1 = a1, end1 = (2 - 1 + 2. / 3) / 4;
  EXPECT_NEAR(a1 + b1 + end1, 1, 1e-15);
  const auto p = model.log_p(characters_of("ab"));
  EXPECT_NEAR(std::exp(p[0]), (2 - 1 + 1 * a1) / 2, 1e-12);        // begin: a twice, discount 1
  EXPECT_NEAR(std::exp(p[1]), (1 - 0.5 + 1 * b1) / 2, 1e-12);      // a: b once, end once, discounts 0.5 each
  EXPECT_NEAR(std::exp(p[2]), (1 - 0.5 + 0.5 * end1) / 1, 1e-12);  // b: end once
  EXPECT_NEAR(model.nats(characters_of("ab")), -p[0] - p[1] - p[2], 1e-12);
}

TEST(KneserNey, EveryContextSumsToOne) {
  std::string letters = "?";  // one for the unknown
  for (const auto& rhyme : kRhymes)
    for (const auto c : rhyme)
      if (letters.find(char(c)) == std::string::npos) letters += char(c);
  ASSERT_EQ(int64_t(letters.size()) + 1, kEvents);
  for (const int64_t order : {1, 2, 3, 5}) {
    const KneserNey model(kRhymes, order, kEvents);
    for (const std::string context : {"", "h", "the", "all the ki", "zq", "jac", "wall"}) {
      double sum = std::exp(model.log_p(characters_of(context)).back());  // the end mark
      for (const char c : letters) sum += std::exp(model.log_p(characters_of(context + c))[context.size()]);
      EXPECT_NEAR(sum, 1, 1e-9) << order << " '" << context << "'";
    }
  }
}

TEST(KneserNey, ALongerOrderFitsItsOwnTextBetter) {
  double before = 1e9;
  for (const int64_t order : {1, 2, 3, 4, 5}) {
    const KneserNey model(kRhymes, order, kEvents);
    double nats = 0;
    for (const auto& rhyme : kRhymes) nats += model.nats(rhyme);
    EXPECT_LT(nats, before) << order;
    before = nats;
  }
  EXPECT_NE(error_of([] { KneserNey(kRhymes, 0, kEvents); }).find("the order is 0, expected 1 to 16"),
            std::string::npos);
}

}  // namespace
}  // namespace ingot
