#include "ingot/data/records.h"

#include <fstream>

#include <gtest/gtest.h>

#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

class RecordTables : public testing::Test {
 protected:
  Records read(const std::string& bytes, const RecordLayout& layout = {}) {
    std::ofstream(folder_ / "records", std::ios::binary) << bytes;
    return read_records(folder_ / "records", layout);
  }
  std::string error(const std::string& bytes, const RecordLayout& layout = {}) {
    return error_of([&] { read(bytes, layout); });
  }
  TempFolder folder_;
};

TEST_F(RecordTables, TrimsCellsAndCodesDistinctValues) {
  const auto records =
      read("39, Private, <=50K\r\n50, ?, >50K\n39, Private, >50K.", {.columns = {"age", "work", "pay"}});
  EXPECT_EQ(records.size(), 3);
  EXPECT_EQ(records.column("age").values, (std::vector<std::string>{"39", "50"}));
  EXPECT_EQ(records.column("age").codes, (std::vector<uint32_t>{0, 1, 0}));
  EXPECT_EQ(records.cell(records.column("pay"), 2), ">50K.");
  EXPECT_TRUE(records.place(1).ends_with("records:2"));
}

TEST_F(RecordTables, ReadsThePublishedFormats) {
  std::string criteo = "1";
  for (int i = 0; i < 13; ++i) criteo += "\t" + std::to_string(i);
  for (int i = 0; i < 26; ++i) criteo += i == 3 ? "\t" : "\t68fd1e6" + std::string(1, char('a' + i % 6));
  const auto c = read(criteo + "\n" + criteo + "\n", {.format = RecordFormat::Criteo});
  EXPECT_EQ(c.columns.size(), 40u);
  EXPECT_EQ(c.cell(c.column("I13"), 1), "12");
  EXPECT_EQ(c.cell(c.column("C4"), 0), "");

  const auto a = read("id,click,hour,C1\n1,0,14102100,1005\n2,1,14102623,1005\n", {.format = RecordFormat::Avazu});
  EXPECT_EQ(a.cell(a.column("hour_of_day"), 1), "23");
  EXPECT_EQ(a.cell(a.column("weekday"), 0), "2");  // 2014-10-21 was a Tuesday
  EXPECT_EQ(a.cell(a.column("weekday"), 1), "7");

  const auto f = read("1 0:3:1 1:9:0.5 1:10:0.5\n0 2:4:1\n", {.format = RecordFormat::Libffm});
  EXPECT_EQ(f.columns.size(), 4u);
  EXPECT_EQ(f.cell(f.column("1"), 0), "9:0.5 10:0.5");
  EXPECT_EQ(f.cell(f.column("2"), 0), "");
  EXPECT_EQ(f.cell(f.column("2"), 1), "4:1");
  EXPECT_EQ(f.cell(f.column("0"), 1), "");
}

TEST_F(RecordTables, JoinsByKey) {
  auto ratings = read("user,movie\n1,b\n2,a\n3,b\n");
  const auto movies = read("movie,title,genres\na,\"Heat, The\",Crime|Drama\nb,Up,Comedy\n");
  join_records(ratings, movies, "movie");
  EXPECT_EQ(ratings.cell(ratings.column("title"), 1), "Heat, The");
  EXPECT_EQ(ratings.cell(ratings.column("genres"), 2), "Comedy");
  auto stray = read("user,movie\n1,b\n2,z\n");
  EXPECT_NE(error_of([&] { join_records(stray, movies, "movie"); }).find("records:3: movie is 'z', which"),
            std::string::npos);
  const auto twice = read("movie,title\na,x\na,y\n");
  EXPECT_NE(error_of([&] { join_records(stray, twice, "movie"); }).find("movie 'a' is there twice"), std::string::npos);
}

TEST_F(RecordTables, NamesFileLineAndRuleOfWhatIsWrong) {
  EXPECT_NE(error("").find("is empty, expected a header row"), std::string::npos);
  EXPECT_NE(error("a,b\n").find("holds no record"), std::string::npos);
  EXPECT_NE(error("a,b\n1,2\n3\n").find("records:3 has 1 columns, expected 2"), std::string::npos);
  EXPECT_NE(error("a,b,a\n1,2,3\n").find("has the column 'a' twice"), std::string::npos);
  EXPECT_NE(error("1\t2\n", {.format = RecordFormat::Criteo}).find("records:1 has 2 columns, expected 40"),
            std::string::npos);
  EXPECT_NE(error("id,click,hour\n1,0,14102100\n2,0,2014-10-21\n", {.format = RecordFormat::Avazu})
                .find("records:3: hour is '2014-10-21', expected YYMMDDHH"),
            std::string::npos);
  EXPECT_NE(error("id,click,hour\n1,0,14133100\n", {.format = RecordFormat::Avazu}).find("expected YYMMDDHH"),
            std::string::npos);
  EXPECT_NE(error("1 0:3:1\n0 3:1\n", {.format = RecordFormat::Libffm}).find("records:2 has '3:1', expected field:"),
            std::string::npos);
  const auto records = read("user,movie\n1,2\n");
  EXPECT_NE(error_of([&] { records.column("mvie"); }).find("did you mean 'movie'?"), std::string::npos);
}

}  // namespace
}  // namespace ingot
