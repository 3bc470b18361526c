#include "ingot/data/dedup.h"

#include <algorithm>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/rng.h"

namespace ingot {
namespace {

// Finaliser of MurmurHash3 (Appleby).
constexpr uint64_t mix(uint64_t x) {
  x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD;
  x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53;
  return x ^ x >> 33;
}

// The hash functions h_i(x) = a_i * x + b_i mod 2^32, a_i odd: permutations, so minima are unique.
struct Permutations {
  std::vector<uint32_t> a, b;
  explicit Permutations(size_t count) : a(count), b(count) {
    Rng rng(0x696E676F74, 1);  // fixed: signatures must agree between runs and machines
    for (size_t i = 0; i < count; ++i) a[i] = rng.next_u32() | 1, b[i] = rng.next_u32();
  }
};

// The hot loop of near-duplicate removal. Clones for wider vectors: plain x86-64 has no 32-bit multiply or minimum.
#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("arch=x86-64-v4", "avx2", "default"), optimize("O3")))
#endif
void take_minima(const uint32_t* a, const uint32_t* b, size_t count, uint32_t x, uint32_t* minima) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t h = a[i] * x + b[i];
    minima[i] = h < minima[i] ? h : minima[i];
  }
}

constexpr size_t kMostCandidates = 32;  // a band; bounds the work that crafted input can cause

}  // namespace

std::vector<std::string> DedupConfig::validate() const {
  Problems problems;
  const auto check = [&](const char* name, int64_t value, int64_t most) {
    if (value < 1 || value > most)
      problems.push_back(std::string(name) + ": got " + std::to_string(value) + ", expected 1 to " +
                         std::to_string(most));
  };
  check("shingle", shingle, 100);
  check("bands", bands, 1000);
  check("rows", rows, 100);
  if (!(threshold > 0 && threshold <= 1))
    problems.push_back("threshold: got " + std::to_string(threshold) + ", expected above 0, at most 1");
  return problems;
}

std::vector<uint32_t> minhash(const DedupConfig& config, std::span<const uint64_t> words) {
  const size_t count = size_t(config.bands * config.rows), n = size_t(config.shingle);
  if (words.size() < n) return {};
  thread_local Permutations permutations(0);
  if (permutations.a.size() != count) permutations = Permutations(count);
  std::vector<uint32_t> minima(count, UINT32_MAX);
  constexpr uint64_t kBase = 0x9E3779B97F4A7C15;
  uint64_t power = 1, rolling = 0;
  for (size_t i = 1; i < n; ++i) power *= kBase;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i >= n) rolling -= words[i - n] * power;
    rolling = rolling * kBase + words[i];
    if (i + 1 >= n)
      take_minima(permutations.a.data(), permutations.b.data(), count, uint32_t(mix(rolling) >> 32), minima.data());
  }
  return minima;
}

bool HashSet::insert(uint64_t hash) {
  if (hash == 0) hash = 1;  // 0 marks an empty slot
  if (size_ * 2 >= slots_.size()) {
    std::vector<uint64_t> old(slots_.size() * 2);
    old.swap(slots_);
    size_ = 0;
    for (const uint64_t value : old)
      if (value) insert(value);
  }
  for (size_t i = mix(hash);; ++i) {
    uint64_t& slot = slots_[i & (slots_.size() - 1)];
    if (slot == hash) return false;
    if (slot != 0) continue;
    slot = hash;
    ++size_;
    return true;
  }
}

NearDuplicates::NearDuplicates(const DedupConfig& config) : config_(config), slots_(1024) {}

double NearDuplicates::similarity(int64_t document, std::span<const uint32_t> signature) const {
  const uint8_t* minima = minima_.data() + size_t(document) * signature.size();
  size_t equal = 0;
  for (size_t i = 0; i < signature.size(); ++i) equal += minima[i] == uint8_t(signature[i]);
  // Unequal minima share a byte with chance 1/256.
  return (double(equal) / double(signature.size()) - 1.0 / 256) / (1 - 1.0 / 256);
}

// A slot lies at or after the place that its tag gives, so the table can grow from the tags alone.
void NearDuplicates::place(Slot slot, uint64_t tag) {
  for (size_t i = mix(tag);; ++i)
    if (Slot& place = slots_[i & (slots_.size() - 1)]; place.document == 0) {
      place = slot;
      ++used_;
      return;
    }
}

void NearDuplicates::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  used_ = 0;
  for (const Slot& slot : old)
    if (slot.document) place(slot, slot.tag);
}

int64_t NearDuplicates::find_or_keep(std::span<const uint32_t> signature) {
  if (signature.empty()) return -1;
  const size_t rows = size_t(config_.rows), bands = size_t(config_.bands);
  INGOT_INVARIANT(signature.size() == rows * bands, "one minimum for each hash");
  std::vector<uint32_t> tags(bands);
  for (size_t band = 0; band < bands; ++band) {
    const uint64_t hash = xxh3(signature.data() + band * rows, rows * sizeof(uint32_t));
    tags[band] = uint32_t(mix(hash + band));
    size_t candidates = 0;
    for (size_t i = mix(tags[band]);; ++i) {
      const Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.document == 0 || candidates == kMostCandidates) break;
      if (slot.tag != tags[band]) continue;
      ++candidates;
      if (similarity(int64_t(slot.document) - 1, signature) >= config_.threshold) return int64_t(slot.document) - 1;
    }
  }
  require("dedup", num_documents_ < int64_t(UINT32_MAX) - 1,
          "more than 4,294,967,294 documents; prepare the corpus in parts");
  while ((used_ + bands) * 2 > slots_.size()) grow();
  for (const uint32_t tag : tags) place({tag, uint32_t(num_documents_ + 1)}, tag);
  for (const uint32_t minimum : signature) minima_.push_back(uint8_t(minimum));
  ++num_documents_;
  return -1;
}

}  // namespace ingot
