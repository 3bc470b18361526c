// N-gram language models in the ARPA format, with back-off (Katz 1987).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ingot/base/file.h"

namespace ingot {

class NgramModel {
 public:
  explicit NgramModel(const fs::path& path);  // throws InvalidArgument naming the line and the rule
  // ln p(word | last order - 1 words of `history`). A word that the model lacks counts as <unk>, or as 10^-10 when
  // there is none.
  double log_p(const std::vector<std::string>& history, const std::string& word) const;
  int64_t order() const { return order_; }

 private:
  struct Entry {
    float log_p = 0, back_off = 0;  // base 10, as in the file
  };
  int64_t order_ = 0;
  std::unordered_map<std::string, Entry> entries_;  // words with spaces between
};

}  // namespace ingot
