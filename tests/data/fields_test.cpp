#include "ingot/data/fields.h"

#include <fstream>
#include <numeric>

#include <gtest/gtest.h>

#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

class Fields : public testing::Test {
 protected:
  Records read(const std::string& bytes, RecordFormat format = RecordFormat::Csv) {
    std::ofstream(folder_ / "records", std::ios::binary) << bytes;
    return read_records(folder_ / "records", {.format = format});
  }
  static std::vector<int64_t> all(const Records& records) {
    std::vector<int64_t> rows(size_t(records.size()));
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
  }
  TempFolder folder_;
};

TEST_F(Fields, GivesEachKindItsRows) {
  const auto records = read("user,genres,age,clicks,pay\na,X|Y,10,0,1\nb,Y,20,9,2\na,,30,,3\n?,Z|X|Y,40,1000,?\n");
  const FieldEncoder encoder(records, all(records),
                             {{"user", FieldKind::Categorical},
                              {"genres", FieldKind::MultiValued},
                              {"age", FieldKind::Bucketed},
                              {"clicks", FieldKind::Log},
                              {"pay", FieldKind::Standardised}},
                             {.hash_buckets = 2, .buckets = 2});
  // 2 + 3 users; 2 + 4 genres, the empty one among them; missing + 2 buckets; 2 + {0, 4, empty, 47}; missing + value.
  EXPECT_EQ(encoder.num_rows(), 5 + 6 + 3 + 6 + 2);
  const auto e = encoder.encode(records, all(records));
  EXPECT_EQ(e.offsets.size(), 4u * 5 + 1);
  const auto bag = [&](int64_t record, int64_t field) {
    const auto at = size_t(record * 5 + field);
    return std::vector<int64_t>(e.ids.begin() + e.offsets[at], e.ids.begin() + e.offsets[at + 1]);
  };
  EXPECT_EQ(bag(0, 0), (std::vector<int64_t>{2}));
  EXPECT_EQ(bag(2, 0), bag(0, 0));
  EXPECT_EQ(bag(3, 1).size(), 3u);
  EXPECT_FLOAT_EQ(e.weights[size_t(e.offsets[16])], 1.f / 3);
  EXPECT_EQ(bag(0, 2), bag(1, 2));  // 10 and 20 share the lower half
  EXPECT_NE(bag(1, 2), bag(2, 2));
  EXPECT_NE(bag(1, 3), bag(3, 3));
  EXPECT_EQ(bag(3, 4), (std::vector<int64_t>{20}));
  EXPECT_FLOAT_EQ(e.weights[size_t(e.offsets[4])], -std::sqrt(1.5f));
}

TEST_F(Fields, HashesRareAndUnseenValues) {
  const auto records = read("user\na\na\nb\n");
  const FieldEncoder encoder(records, all(records), {{"user", FieldKind::Categorical}},
                             {.min_count = 2, .hash_buckets = 4});
  EXPECT_EQ(encoder.num_rows(), 5);
  const auto e = encoder.encode(records, all(records));
  EXPECT_EQ(e.ids[0], 4);
  EXPECT_LT(e.ids[2], 4);
  EncodedRecords unseen;
  encoder.encode_request({{"user", "b"}}, "the request", unseen);
  EXPECT_EQ(unseen.ids[0], e.ids[2]);  // the same bucket at training and at answering
  const FieldEncoder hashing(records, all(records), {{"user", FieldKind::Categorical}},
                             {.min_count = 0, .hash_buckets = 3});
  EXPECT_EQ(hashing.num_rows(), 3);
}

TEST_F(Fields, AnswersTheSameAfterSaving) {
  const auto records = read("user,genres,age,pay\na,X|Y,10,1\nb,Y,20,2\nc,Z,30,3\n");
  const FieldEncoder encoder(records, all(records),
                             {{"user", FieldKind::Categorical},
                              {"genres", FieldKind::MultiValued},
                              {"age", FieldKind::Bucketed},
                              {"pay", FieldKind::Standardised}},
                             {.buckets = 3});
  const auto again = FieldEncoder::from_json(parse_json(encoder.to_json().dump(), "saved"));
  EncodedRecords a, b;
  const Json request = {{"user", "b"}, {"genres", {"Z", "new"}}, {"age", 25}, {"pay", "2.5"}};
  encoder.encode_request(request, "the request", a);
  again.encode_request(request, "the request", b);
  EXPECT_EQ(a.ids, b.ids);
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(encoder.num_rows(), again.num_rows());
}

TEST_F(Fields, WeighsLibffmPairs) {
  const auto records = read("1 0:3:1 1:9:0.25 1:10:-2\n0 0:4:1\n", RecordFormat::Libffm);
  const FieldEncoder encoder(records, all(records), {{"0", FieldKind::Pairs}, {"1", FieldKind::Pairs}}, {});
  const auto e = encoder.encode(records, all(records));
  EXPECT_EQ(e.weights, (std::vector<float>{1, 0.25, -2, 1}));
  EXPECT_EQ(e.offsets, (std::vector<int64_t>{0, 1, 3, 4, 4}));  // the second record has nothing in field 1
}

TEST_F(Fields, NamesTheRecordOfABadNumber) {
  const auto records = read("age\n1\n2\nold\n2\n");
  const auto error = [&](FieldKind kind, std::vector<int64_t> rows) {
    return error_of([&] { FieldEncoder(records, rows, {{"age", kind}}, {}).encode(records, {2}); });
  };
  for (const auto kind : {FieldKind::Bucketed, FieldKind::Standardised, FieldKind::Log})
    for (const auto& rows : std::vector<std::vector<int64_t>>{all(records), {0, 1}})
      EXPECT_NE(error(kind, rows).find("records:4: age is 'old', expected a number; list it in data.missing"),
                std::string::npos);
}

}  // namespace
}  // namespace ingot
