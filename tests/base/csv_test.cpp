#include "ingot/base/csv.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "support/error_of.h"

namespace ingot {

TEST(Csv, ReadsQuotesNewlinesCrlfAndBom) {
  const auto t = parse_csv(
      "\xEF\xBB\xBF"
      "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n2,\n",
      "t.csv");
  EXPECT_EQ(t.header, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(t.rows.size(), 2u);
  EXPECT_EQ(t.text(0, "b"), "x, \"y\"\nz");
  EXPECT_EQ(t.text(1, "b"), "");
  EXPECT_EQ(t.lines[1], 5);
}

TEST(Csv, ErrorsNameThePlace) {
  EXPECT_EQ(error_of([] { parse_csv("a,b\n1\n", "t.csv"); }), "[csv] t.csv:2: 1 cells, expected 2 as in the header");
  EXPECT_EQ(error_of([] { parse_csv("a\nx\n", "t.csv").number(0, "a"); }),
            "[csv] t.csv:2: a is 'x', expected a number");
  EXPECT_NE(error_of([] { parse_csv("price\n1\n", "t.csv").column("prize"); }).find("did you mean 'price'"),
            std::string::npos);
  EXPECT_NE(error_of([] { parse_csv("a\n\"x\n", "t.csv"); }).find("quote is not closed"), std::string::npos);
}

}  // namespace ingot
