// From cells to rows of embedding tables: every field of a record becomes a bag of (row, weight) pairs, so that single
// values, lists of values, numbers and libffm's weighted pairs are all looked up in the same way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingot/base/json.h"
#include "ingot/data/records.h"

namespace ingot {

enum class FieldKind {
  Categorical,   // one value: weight 1
  MultiValued,   // values between separators: weight 1 / count each, their mean
  Bucketed,      // a number: which of `buckets` parts of equal count in training it falls into
  Log,           // a number x > 2: floor(ln(x)^2), else x itself (winners of Criteo's 2014 competition)
  Standardised,  // a number: one row, weight (x - mean) / deviation, within 5 deviations
  Pairs,         // libffm "index:value ...": the weight is the value
};
template <>
struct EnumNames<FieldKind> {
  static constexpr std::pair<const char*, FieldKind> kValues[] = {
      {"categorical", FieldKind::Categorical},   {"multi_valued", FieldKind::MultiValued},
      {"bucketed", FieldKind::Bucketed},         {"log", FieldKind::Log},
      {"standardised", FieldKind::Standardised}, {"pairs", FieldKind::Pairs}};
};

struct FieldSpec {
  std::string column;
  FieldKind kind = FieldKind::Categorical;
};

struct FieldOptions {
  // A value that training shows fewer than min_count times is looked up by its hash in one of hash_buckets rows, as are
  // values that training never shows. 0: no vocabulary, hash every value (Weinberger et al. 2009).
  int64_t min_count = 1, hash_buckets = 1;
  int64_t buckets = 32;
  char separator = '|';
  std::vector<std::string> missing = {"", "?"};  // cells of a number that have a row of their own
};

// Field f of record i has the entries offsets[i F + f] .. offsets[i F + f + 1] of ids and weights.
struct EncodedRecords {
  std::vector<int64_t> ids;
  std::vector<float> weights;
  std::vector<int64_t> offsets = {0};
};

class FieldEncoder {
 public:
  FieldEncoder() = default;
  // Vocabularies, bucket edges and moments of the given rows. Throws with file and line for what is no number.
  FieldEncoder(const Records& records, const std::vector<int64_t>& rows, const std::vector<FieldSpec>& specs,
               const FieldOptions& options);
  static FieldEncoder from_json(const Json& saved);
  Json to_json() const;

  EncodedRecords encode(const Records& records, const std::vector<int64_t>& rows) const;
  // Appends one record, given as {"column": value}. Throws for an absent column; `place` opens the message.
  void encode_request(const Json& record, const std::string& place, EncodedRecords& into) const;

  int64_t num_fields() const { return int64_t(fields_.size()); }
  int64_t num_rows() const { return num_rows_; }  // of the embedding tables, all fields together
  std::vector<std::string> columns() const;

 private:
  struct Field {
    FieldSpec spec;
    int64_t first = 0, rows = 0;      // its part of the tables: hash buckets, then the vocabulary in order
    std::vector<std::string> values;  // vocabulary
    std::vector<double> edges;        // Bucketed: bucket k holds edges[k - 1] < x <= edges[k]
    double mean = 0, deviation = 1;
    std::unordered_map<std::string, int64_t> row_of;
  };
  void append(const Field& field, std::string_view cell, const std::string& place, EncodedRecords& into) const;
  void learn_numbers(Field& field, const Records& records, const std::vector<int64_t>& rows) const;
  void learn_vocabulary(Field& field, const Records& records, const std::vector<int64_t>& rows) const;
  void lay_out();

  std::vector<Field> fields_;
  FieldOptions options_;
  int64_t num_rows_ = 0;
};

}  // namespace ingot
