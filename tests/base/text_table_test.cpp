#include "ingot/base/text_table.h"

#include <gtest/gtest.h>

namespace ingot {

TEST(TextTable, AlignsNumbersRightAndCountsWideCharacters) {
  TextTable t({"name", "n"});
  t.add({"模型", "5"});
  t.add({"gpt", "1200"});
  EXPECT_EQ(t.to_string(), "name     n\n----  ----\n模型     5\ngpt   1200\n");
  EXPECT_EQ(t.to_csv(), "name,n\r\n模型,5\r\ngpt,1200\r\n");
}

TEST(TextTable, CsvIsForPrograms) {
  TextTable t({"n", "text"});
  t.add({"-1,234,567.50", "1,2 and 3"});
  t.add({"12,34", "1,000"});
  EXPECT_EQ(t.to_csv(), "n,text\r\n-1234567.50,\"1,2 and 3\"\r\n\"12,34\",1000\r\n");
}

TEST(TextTable, NumbersForPeople) {
  EXPECT_EQ(si(1234567), "1.23M");
  EXPECT_EQ(si(999.9), "1e+03");
  EXPECT_EQ(si(0.5), "0.5");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(1023 * 1024), "1023 KiB");
}

}  // namespace ingot
