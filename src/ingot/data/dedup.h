// Duplicate removal. Exact: XXH3 of the cleaned text. Near: MinHash (Broder 1997, "On the Resemblance and Containment
// of Documents") over shingles of words, candidates by banding (LSH; Leskovec, Rajaraman, Ullman, "Mining of Massive
// Datasets", section 3.4), each candidate checked by the estimated Jaccard similarity. The defaults are FineWeb's
// (Penedo et al. 2024): 5-word shingles, 14 bands of 8 hashes, which find a pair of similarity 0.75 with 77 %.
// The first document of a group is kept, so the result depends on corpus order and on nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

struct DedupConfig {
  bool exact = true;
  bool near = true;
  int64_t shingle = 5;
  int64_t bands = 14;
  int64_t rows = 8;
  double threshold = 0.75;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("exact", self.exact, "drop documents whose cleaned text was seen before");
    v("near", self.near, "drop near-duplicates by MinHash-LSH");
    v("shingle", self.shingle, "words in a shingle; a Han or kana character is a word");
    v("bands", self.bands, "bands; a pair that agrees in one whole band is compared");
    v("rows", self.rows, "hashes in a band");
    v("threshold", self.threshold, "estimated Jaccard similarity from which a candidate counts as duplicate");
  }
  std::vector<std::string> validate() const;
};

// MinHash signature of `words` (hashes of words): bands * rows minima. Empty for a text shorter than a shingle.
std::vector<uint32_t> minhash(const DedupConfig& config, std::span<const uint64_t> words);

// A set of 64-bit hashes, 8 bytes each at half load. A false hit has the chance n / 2^64.
class HashSet {
 public:
  bool insert(uint64_t hash);  // false when it was there
  size_t size() const { return size_; }

 private:
  std::vector<uint64_t> slots_ = std::vector<uint64_t>(1024);
  size_t size_ = 0;
};

// Kept documents, findable by similarity. Of each it holds one byte a hash (b-bit minwise hashing, Li and Koenig 2010)
// and 8 bytes a band at half load: 112 + 224 bytes with the defaults.
class NearDuplicates {
 public:
  explicit NearDuplicates(const DedupConfig& config);
  // The index (0, 1, ...) of a kept document that `signature` duplicates, or -1 after keeping it as the next one.
  int64_t find_or_keep(std::span<const uint32_t> signature);
  size_t bytes() const { return minima_.size() + slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    uint32_t tag;
    uint32_t document;  // plus one; 0 is empty
  };
  void place(Slot slot, uint64_t tag);
  void grow();
  double similarity(int64_t document, std::span<const uint32_t> signature) const;

  DedupConfig config_;
  std::vector<uint8_t> minima_;
  std::vector<Slot> slots_;
  size_t used_ = 0;
  int64_t num_documents_ = 0;
};

}  // namespace ingot
