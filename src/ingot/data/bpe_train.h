// The two halves of learning byte-pair merges: counting words, and merging the most frequent neighbours.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/data/tokenizer_parts.h"
#include "ingot/data/tokenizer_train.h"

namespace ingot {

// Counts of distinct byte strings. Open addressing over one arena: 100 MB of text has some 10^6 of them.
class WordCounts {
 public:
  WordCounts();
  void add(std::string_view word, int64_t count = 1);
  void add(const WordCounts& other);
  size_t size() const { return words_.size(); }
  // In order of first addition.
  template <typename F>
  void each(F&& f) const {
    for (const auto& word : words_) f(std::string_view(arena_).substr(word.begin, word.size), word.count);
  }

 private:
  struct Word {
    uint64_t hash;
    uint64_t begin;  // in arena_
    uint32_t size;
    int64_t count;
  };
  void grow();

  std::string arena_;
  std::vector<Word> words_;
  std::vector<uint32_t> table_;  // index into words_ plus one; 0 = free
};

// Cuts every text into words by `cut` on `threads` threads; the counts come sorted by word.
using CutWords = std::function<void(const std::string& text, WordCounts& counts)>;
std::vector<std::pair<std::string, int64_t>> count_words(const TextStream& texts, const CutWords& cut, int64_t threads,
                                                         const TrainProgress& progress);

struct CountedWord {
  std::vector<int32_t> symbols;
  int64_t count = 0;
};

// Merges the most frequent pair of neighbours, `num_merges` times or until none is as frequent as `min_frequency`;
// among equals the pair of the least ids. New symbols get ids from `next_id` on, unless `same_as` knows the result
// already (two merges may spell one token); it returns -1 otherwise.
std::vector<Merge> learn_merges(const std::vector<CountedWord>& words, int32_t next_id, int64_t num_merges,
                                int64_t min_frequency, const std::function<int32_t(const Merge&)>& same_as,
                                const TrainProgress& progress);

}  // namespace ingot
