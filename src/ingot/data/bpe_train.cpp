#include "ingot/data/bpe_train.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {

WordCounts::WordCounts() : table_(size_t{1} << 12) {}

void WordCounts::grow() {
  table_.assign(table_.size() * 2, 0);
  const size_t mask = table_.size() - 1;
  for (size_t w = 0; w < words_.size(); ++w) {
    size_t i = words_[w].hash & mask;
    while (table_[i]) i = (i + 1) & mask;
    table_[i] = uint32_t(w + 1);
  }
}

void WordCounts::add(std::string_view word, int64_t count) {
  const uint64_t hash = xxh3(word.data(), word.size());
  const size_t mask = table_.size() - 1;
  size_t i = hash & mask;
  for (; table_[i]; i = (i + 1) & mask) {
    Word& known = words_[table_[i] - 1];
    if (known.hash == hash && std::string_view(arena_).substr(known.begin, known.size) == word) {
      known.count += count;
      return;
    }
  }
  require("tokenizer", words_.size() < std::numeric_limits<uint32_t>::max() / 2, "the text holds over 2^31 distinct ",
          "words; train on a sample of it");
  words_.push_back({hash, arena_.size(), uint32_t(word.size()), count});
  arena_ += word;
  table_[i] = uint32_t(words_.size());
  if (2 * words_.size() > table_.size()) grow();
}

void WordCounts::add(const WordCounts& other) {
  other.each([&](std::string_view word, int64_t count) { add(word, count); });
}

std::vector<std::pair<std::string, int64_t>> count_words(const TextStream& texts, const CutWords& cut, int64_t threads,
                                                         const TrainProgress& progress) {
  if (threads <= 0) threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<WordCounts> counts(static_cast<size_t>(threads));
  std::mutex mutex;  // over texts, done, error and progress
  int64_t done = 0;
  std::exception_ptr error;
  const auto work = [&](WordCounts& mine) {
    std::string text;
    for (;;) try {
        {
          const std::lock_guard lock(mutex);
          if (error || !texts(text)) return;
          done += int64_t(text.size());
          if (progress) progress("words", done, 0);
        }
        cut(text, mine);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
      }
  };
  std::vector<std::thread> workers;
  for (size_t i = 1; i < counts.size(); ++i) workers.emplace_back(work, std::ref(counts[i]));
  work(counts[0]);
  for (auto& worker : workers) worker.join();
  if (error) std::rethrow_exception(error);

  for (size_t i = 1; i < counts.size(); ++i) counts[0].add(counts[i]);
  std::vector<std::pair<std::string, int64_t>> words;
  words.reserve(counts[0].size());
  counts[0].each([&](std::string_view word, int64_t count) { words.emplace_back(word, count); });
  std::sort(words.begin(), words.end());
  return words;
}

std::vector<Merge> learn_merges(const std::vector<CountedWord>& words, int32_t next_id, int64_t num_merges,
                                int64_t min_frequency, const std::function<int32_t(const Merge&)>& same_as,
                                const TrainProgress& progress) {
  // All words in one array; a merge shortens a word in place.
  struct Place {
    uint64_t begin;
    uint32_t size;
  };
  std::vector<int32_t> symbols;
  std::vector<Place> places;
  std::vector<int64_t> word_counts;
  for (const auto& word : words) {
    if (word.symbols.size() < 2) continue;
    places.push_back({symbols.size(), uint32_t(word.symbols.size())});
    word_counts.push_back(word.count);
    symbols.insert(symbols.end(), word.symbols.begin(), word.symbols.end());
  }

  struct Pair {
    int64_t count = 0;
    std::vector<uint32_t> words;  // that held the pair when it was counted, ascending; some may hold it no more
  };
  std::unordered_map<uint64_t, Pair> pairs;
  const auto packed = [](int32_t left, int32_t right) { return uint64_t(uint32_t(left)) << 32 | uint32_t(right); };
  for (uint32_t w = 0; w < places.size(); ++w)
    for (uint64_t i = places[w].begin; i + 1 < places[w].begin + places[w].size; ++i) {
      Pair& pair = pairs[packed(symbols[i], symbols[i + 1])];
      pair.count += word_counts[w];
      if (pair.words.empty() || pair.words.back() != w) pair.words.push_back(w);
    }

  // Lazy: counts of queued pairs only ever fall, so a stale entry is put back with its true count when it comes up.
  struct Candidate {
    int64_t count;
    uint64_t pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };
  std::priority_queue<Candidate> queue;
  for (const auto& [key, pair] : pairs)
    if (pair.count >= min_frequency) queue.push({pair.count, key});

  std::vector<Merge> merges;
  std::vector<uint64_t> born;  // pairs that the current merge made
  while (int64_t(merges.size()) < num_merges && !queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const auto found = pairs.find(best.pair);
    if (found == pairs.end() || found->second.count < min_frequency) continue;
    if (found->second.count != best.count) {
      queue.push({found->second.count, best.pair});
      continue;
    }
    const std::vector<uint32_t> where = std::move(found->second.words);
    pairs.erase(found);
    Merge merge{int32_t(best.pair >> 32), int32_t(uint32_t(best.pair)), -1};
    merge.result = same_as(merge);
    if (merge.result < 0) merge.result = next_id++;
    born.clear();
    for (const uint32_t w : where) {
      int32_t* const begin = symbols.data() + places[w].begin;
      const uint32_t size = places[w].size;
      const int64_t count = word_counts[w];
      const auto lose = [&](int32_t left, int32_t right) {
        if (const auto p = pairs.find(packed(left, right)); p != pairs.end()) p->second.count -= count;
      };
      const auto gain = [&](int32_t left, int32_t right) {
        const uint64_t key = packed(left, right);
        Pair& pair = pairs[key];
        if (pair.words.empty() || pair.words.back() != w) {
          pair.words.push_back(w);
          born.push_back(key);
        }
        pair.count += count;
      };
      uint32_t out = 0;
      for (uint32_t i = 0; i < size; ++i) {
        if (i + 1 >= size || begin[i] != merge.left || begin[i + 1] != merge.right) {
          begin[out++] = begin[i];
          continue;
        }
        if (out > 0) {
          lose(begin[out - 1], merge.left);
          gain(begin[out - 1], merge.result);
        }
        if (i + 2 < size) {
          lose(merge.right, begin[i + 2]);
          gain(merge.result, begin[i + 2]);
        }
        begin[out++] = merge.result;
        ++i;
      }
      places[w].size = out;
    }
    merges.push_back(merge);
    std::sort(born.begin(), born.end());
    born.erase(std::unique(born.begin(), born.end()), born.end());
    for (const uint64_t key : born)
      if (const int64_t count = pairs[key].count; count >= min_frequency) queue.push({count, key});
    if (progress && merges.size() % 256 == 0) progress("merges", int64_t(merges.size()), num_merges);
  }
  return merges;
}

}  // namespace ingot
