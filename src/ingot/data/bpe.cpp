#include "ingot/data/bpe.h"

#include <cstring>
#include <limits>
#include <queue>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {

constexpr int32_t kNoRank = std::numeric_limits<int32_t>::max();
constexpr size_t kShortWord = 48;  // up to here a scan for the least rank beats a heap

// Text repeats its words: the ids of short ones are kept per thread, in sets of two that fall out
// oldest first, one cache line each.
struct alignas(64) CachedWord {
  static constexpr size_t kMaxBytes = 32, kMaxIds = 6;
  uint64_t bytes[kMaxBytes / 8] = {};  // zero-padded
  uint32_t serial = 0;
  uint8_t length = 0, count = 0;
  int32_t ids[kMaxIds] = {};
};
constexpr size_t kCacheBits = 15;  // 2 MB

CachedWord* word_cache() {
  thread_local std::vector<CachedWord> cache(size_t{1} << kCacheBits);
  return cache.data();
}

struct WordKey {
  uint64_t w[4];

  // `readable`: bytes that may be read from word.data() on.
  WordKey(std::string_view word, size_t readable) {
    static constexpr auto kMasks = [] {
      std::array<std::array<uint64_t, 4>, CachedWord::kMaxBytes + 1> masks{};
      for (size_t n = 0; n <= CachedWord::kMaxBytes; ++n)
        for (size_t i = 0; i < n; ++i) masks[n][i / 8] |= uint64_t{0xFF} << (8 * (i % 8));
      return masks;
    }();
    if (readable >= sizeof w) {
      std::memcpy(w, word.data(), sizeof w);
      const auto& mask = kMasks[word.size()];
      for (int i = 0; i < 4; ++i) w[i] &= mask[size_t(i)];
    } else {
      std::memset(w, 0, sizeof w);
      std::memcpy(w, word.data(), word.size());
    }
  }
  size_t slot(uint32_t serial) const {
    uint64_t h = w[0] * 0x9E3779B97F4A7C15u ^ w[1] * 0xC2B2AE3D27D4EB4Fu ^ w[2] * 0x165667B19E3779F9u ^
                 w[3] * 0x27D4EB2F165667C5u ^ serial;
    h ^= h >> 32;
    return size_t((h * 0x9E3779B97F4A7C15u) >> (64 - kCacheBits));
  }
  bool equals(const CachedWord& word) const {
    return ((w[0] ^ word.bytes[0]) | (w[1] ^ word.bytes[1]) | (w[2] ^ word.bytes[2]) | (w[3] ^ word.bytes[3])) == 0;
  }
};

}  // namespace

void Bpe::MergeTable::build(const std::vector<Merge>& merges) {
  int bits = 4;
  while ((size_t{1} << bits) < 2 * merges.size() + 2) ++bits;
  mask_ = (size_t{1} << bits) - 1;
  shift_ = 64 - bits;
  keys_.assign(mask_ + 1, kNone);
  found_.assign(mask_ + 1, Found{kNoRank, -1});
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& merge = merges[rank];
    const uint64_t key = uint64_t(uint32_t(merge.left)) << 32 | uint32_t(merge.right);
    size_t i = slot(key);
    while (keys_[i] != kNone && keys_[i] != key) i = (i + 1) & mask_;
    if (keys_[i] == key) continue;  // given twice: the more urgent one counts
    keys_[i] = key;
    found_[i] = {int32_t(rank), merge.result};
  }
}

Bpe::Bpe(TokenizerParts parts) : parts_(std::move(parts)) {
  static std::atomic<uint32_t> next_serial{1};
  serial_ = next_serial++;
  const Json& model = parts_.sections.at("model");
  const auto section = [&](const char* name) { return parts_.sections.value(name, Json()); };
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (model.contains(name) && model[name].is_string() && !model[name].get<std::string>().empty())
      fail(ErrorKind::Unsupported, "tokenizer", "model.", name, " is ", to_text(model[name]),
           ", expected none: only byte-level BPE is read from tokenizer.json");
  pre_tokenizer_ = PreTokenizer(section("pre_tokenizer"));
  if (!pre_tokenizer_.is_byte_level())
    fail(ErrorKind::Unsupported, "tokenizer", "pre_tokenizer is ", to_text(section("pre_tokenizer")).substr(0, 100),
         ", expected ByteLevel; a Llama 2 or T5 model is read from its SentencePiece file (tokenizer.model)");
  normalizer_ = Normalizer(section("normalizer"));
  ignore_merges_ = model.value("ignore_merges", false);

  std::vector<bool> is_added(parts_.tokens.size());
  for (const auto& token : parts_.added) is_added[size_t(token.id)] = true;
  begin_.reserve(parts_.tokens.size() + 1);
  for (size_t id = 0; id < parts_.tokens.size(); ++id) {
    begin_.push_back(uint32_t(blob_.size()));
    const auto& token = parts_.tokens[id];
    if (is_added[id]) {
      blob_ += token;
      continue;
    }
    const auto bytes = spelling_to_bytes(token);
    require("tokenizer", bytes.has_value(), "token ", id, " '", token, "' is not spelled in GPT-2's byte alphabet");
    blob_ += *bytes;
    require("tokenizer", blob_.size() < std::numeric_limits<uint32_t>::max(), "the vocabulary is over 4 GiB");
  }
  begin_.push_back(uint32_t(blob_.size()));
  byte_ids_.fill(-1);
  ids_.reserve(parts_.tokens.size());
  for (size_t id = 0; id < parts_.tokens.size(); ++id) {
    if (parts_.tokens[id].empty() || is_added[id]) continue;
    const auto bytes = bytes_of(int32_t(id));
    ids_.emplace(bytes, int32_t(id));
    if (bytes.size() == 1) byte_ids_[uint8_t(bytes[0])] = int32_t(id);
  }
  merges_.build(parts_.merges);
  set_added_tokens(parts_.added);
}

std::string_view Bpe::bytes_of(int32_t id) const {
  if (id < 0 || size_t(id) >= parts_.tokens.size() || parts_.tokens[size_t(id)].empty()) fail_id(id);
  return std::string_view(blob_).substr(begin_[size_t(id)], begin_[size_t(id) + 1] - begin_[size_t(id)]);
}

std::string Bpe::decode(std::span<const int32_t> ids) const {
  std::string out;
  out.reserve(ids.size() * 4);
  for (const int32_t id : ids) out += bytes_of(id);
  return out;
}

std::optional<int32_t> Bpe::id_of(std::string_view token) const {
  if (const auto found = ids_.find(token); found != ids_.end()) return found->second;
  return id_of_added(token);
}

void Bpe::save(const fs::path& folder) const {
  fs::create_directories(folder);
  write_file_atomic(folder / "tokenizer.json", tokenizer_json_text(parts_));
}

void Bpe::encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const {
  if (normalizer_.empty() && !pre_tokenizer_.adds_prefix_space()) return encode_pieces(text, ids);
  std::string changed = normalizer_.apply(text);
  if (pre_tokenizer_.adds_prefix_space() && !changed.starts_with(' ')) changed.insert(0, 1, ' ');
  encode_pieces(changed, ids);
}

void Bpe::encode_pieces(std::string_view text, std::vector<int32_t>& ids) const {
  const char* const end = text.data() + text.size();
  CachedWord* const cache = word_cache();
  if (const size_t likely = ids.size() + text.size() / 4; likely > ids.capacity())
    ids.reserve(std::max(likely, 2 * ids.capacity()));
  pre_tokenizer_.each(text, [&](std::string_view word) {
    if (word.size() > CachedWord::kMaxBytes) return encode_word(word, ids);
    const WordKey key(word, size_t(end - word.data()));
    CachedWord* const set = cache + (key.slot(serial_) & ~size_t{1});
    for (const CachedWord* cached : {set, set + 1})
      if (cached->serial == serial_ && cached->length == word.size() && key.equals(*cached)) {
        for (size_t i = 0; i < cached->count; ++i) ids.push_back(cached->ids[i]);
        return;
      }
    const size_t before = ids.size();
    encode_word(word, ids);
    if (ids.size() - before > CachedWord::kMaxIds) return;
    set[1] = set[0];
    std::memcpy(set->bytes, key.w, sizeof key.w);
    set->serial = serial_;
    set->length = uint8_t(word.size());
    set->count = uint8_t(ids.size() - before);
    std::memcpy(set->ids, ids.data() + before, set->count * sizeof(int32_t));
  });
}

void Bpe::encode_word(std::string_view word, std::vector<int32_t>& ids) const {
  if (ignore_merges_)
    if (const auto found = ids_.find(word); found != ids_.end()) return ids.push_back(found->second);
  word.size() <= kShortWord ? merge_short(word, ids) : merge_long(word, ids);
}

int32_t Bpe::byte_id(char byte) const {
  const int32_t id = byte_ids_[uint8_t(byte)];
  require("tokenizer", id >= 0, "byte ", int(uint8_t(byte)),
          " is in no token of this vocabulary; train it with all 256 bytes");
  return id;
}

void Bpe::merge_short(std::string_view word, std::vector<int32_t>& ids) const {
  struct Part {
    int32_t id;
    Found with_next;
  };
  Part parts[kShortWord];
  size_t n = word.size();
  for (size_t i = 0; i < n; ++i) parts[i].id = byte_id(word[i]);
  for (size_t i = 0; i + 1 < n; ++i) parts[i].with_next = merges_.find(parts[i].id, parts[i + 1].id);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i)
      if (parts[i].with_next.rank < parts[best].with_next.rank) best = i;
    if (parts[best].with_next.rank == kNoRank) break;
    parts[best].id = parts[best].with_next.result;
    std::memmove(parts + best + 1, parts + best + 2, (n - best - 2) * sizeof(Part));
    --n;
    if (best + 1 < n) parts[best].with_next = merges_.find(parts[best].id, parts[best + 1].id);
    if (best > 0) parts[best - 1].with_next = merges_.find(parts[best - 1].id, parts[best].id);
  }
  for (size_t i = 0; i < n; ++i) ids.push_back(parts[i].id);
}

// Heap of (rank, place) over a linked list: O(n log n), so that a megabyte without a space is no attack.
void Bpe::merge_long(std::string_view word, std::vector<int32_t>& ids) const {
  require("tokenizer", word.size() < std::numeric_limits<uint32_t>::max(), "a word is ", word.size(),
          " bytes, expected under 4 GiB");
  struct Part {
    int32_t id;
    uint32_t previous, next;
    Found with_next;
  };
  const auto n = uint32_t(word.size());
  std::vector<Part> parts(n);
  std::vector<uint64_t> initial;
  const auto packed = [](int32_t rank, uint32_t at) { return uint64_t(uint32_t(rank)) << 32 | at; };
  for (uint32_t i = 0; i < n; ++i) parts[i] = {byte_id(word[i]), i - 1, i + 1, {kNoRank, -1}};
  for (uint32_t i = 0; i + 1 < n; ++i) {
    parts[i].with_next = merges_.find(parts[i].id, parts[i + 1].id);
    if (parts[i].with_next.rank != kNoRank) initial.push_back(packed(parts[i].with_next.rank, i));
  }
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue(std::greater<>(), std::move(initial));
  const auto update = [&](uint32_t i) {
    parts[i].with_next = parts[i].next < n ? merges_.find(parts[i].id, parts[parts[i].next].id) : Found{kNoRank, -1};
    if (parts[i].with_next.rank != kNoRank) queue.push(packed(parts[i].with_next.rank, i));
  };
  while (!queue.empty()) {
    const auto at = uint32_t(queue.top());
    const auto rank = int32_t(queue.top() >> 32);
    queue.pop();
    Part& part = parts[at];
    if (part.with_next.rank != rank) continue;  // merged away or changed since
    Part& gone = parts[part.next];
    part.id = part.with_next.result;
    gone.with_next.rank = kNoRank;
    part.next = gone.next;
    if (part.next < n) parts[part.next].previous = at;
    update(at);
    if (at > 0) update(part.previous);
  }
  for (uint32_t i = 0; i < n; i = parts[i].next) ids.push_back(parts[i].id);
}

}  // namespace ingot
