// Byte-level byte-pair encoding: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units",
// over bytes as in Radford et al. 2019. decode(encode(x)) == x for any bytes, unless the file asks for a normalizer.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {

class Bpe : public Tokenizer {
 public:
  // Requires parts.sections.model.type "BPE" and a ByteLevel pre-tokenizer. Throws InvalidArgument or Unsupported.
  explicit Bpe(TokenizerParts parts);

  std::string kind() const override { return "bpe"; }
  int64_t vocab_size() const override { return int64_t(parts_.tokens.size()); }
  std::string decode(std::span<const int32_t> ids) const override;
  std::string token_bytes(int32_t id) const override { return std::string(bytes_of(id)); }
  std::optional<int32_t> id_of(std::string_view token) const override;
  void save(const std::filesystem::path& folder) const override;

  const TokenizerParts& parts() const { return parts_; }

 protected:
  void encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  struct Found {
    int32_t rank, result;
  };
  // Open addressing; half empty.
  class MergeTable {
   public:
    void build(const std::vector<Merge>& merges);
    Found find(int32_t left, int32_t right) const {
      const uint64_t key = uint64_t(uint32_t(left)) << 32 | uint32_t(right);
      for (size_t i = slot(key);; i = (i + 1) & mask_)
        if (keys_[i] == key || keys_[i] == kNone) return found_[i];
    }

   private:
    static constexpr uint64_t kNone = ~uint64_t{0};
    size_t slot(uint64_t key) const { return size_t((key * 0x9E3779B97F4A7C15u) >> shift_) & mask_; }
    size_t mask_ = 0;
    int shift_ = 0;
    std::vector<uint64_t> keys_;
    std::vector<Found> found_;
  };

  std::string_view bytes_of(int32_t id) const;
  void encode_pieces(std::string_view text, std::vector<int32_t>& ids) const;
  void encode_word(std::string_view word, std::vector<int32_t>& ids) const;
  void merge_short(std::string_view word, std::vector<int32_t>& ids) const;
  void merge_long(std::string_view word, std::vector<int32_t>& ids) const;
  int32_t byte_id(char byte) const;

  TokenizerParts parts_;
  PreTokenizer pre_tokenizer_;
  Normalizer normalizer_;
  bool ignore_merges_ = false;                         // a word that is a token stays whole, whatever the merges say
  std::string blob_;                                   // the bytes of all tokens
  std::vector<uint32_t> begin_;                        // into blob_, one more than tokens
  std::unordered_map<std::string_view, int32_t> ids_;  // of the bytes in blob_, added tokens excepted
  std::array<int32_t, 256> byte_ids_{};
  MergeTable merges_;
  uint32_t serial_;  // tells the entries of tokenizers apart in the per-thread word cache
};

}  // namespace ingot
