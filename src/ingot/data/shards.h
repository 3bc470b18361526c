// Tokens on disk: a prepared folder holds manifest.json, tokenizer/, and one or more shards per split
// (train-00000.shard, validation-00000.shard). Shards are memory-mapped; reading never copies the corpus.
//
// One shard, little-endian:
//   head    64 bytes: magic "INGOTSHD", u32 version, u32 bytes per token (2 when vocab_size <= 65536, else 4), zeros
//   tokens  num_tokens * bytes per token, zero-padded to 8 bytes
//   starts  u64[num_documents]: first token of each document, counted from the shard's first token
//   sums    u64[ceil((tokens + starts bytes) / 1 MiB)]: XXH3 of each 1 MiB of what lies between head and sums
//   foot    64 bytes: u64 vocab_size, num_tokens, num_documents, max_token, 0, 0, XXH3 of head + sums + foot so far,
//           magic "INGOTEND"
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/json.h"

namespace ingot {

// Writes one shard as documents arrive; memory is 8 bytes a document and 8 bytes a MiB. The file is valid only
// after close(): a crash before it leaves a file without a foot, which every reader refuses.
class ShardWriter {
 public:
  ShardWriter(const fs::path& path, int64_t vocab_size);
  // Throws InvalidArgument for an id outside [0, vocab_size). An empty document is ignored.
  void add_document(std::span<const int32_t> tokens);
  // Writes the tables and the foot, syncs. Returns {"file","tokens","documents","bytes","xxh3"} for the manifest.
  Json close();
  int64_t num_tokens() const { return num_tokens_; }

 private:
  void append(const void* bytes, size_t count);

  fs::path path_;
  FileWriter file_;
  int64_t vocab_size_;
  int64_t num_tokens_ = 0;
  uint64_t max_token_ = 0;
  std::vector<uint64_t> starts_;
  std::vector<uint64_t> sums_;
  std::vector<std::byte> chunk_;
};

// One open shard. Throws InvalidArgument, naming the file and what to do, when the size, foot or tables are wrong.
// Opening reads head, foot and sums only; verify() reads everything.
class Shard {
 public:
  explicit Shard(const fs::path& path);
  int64_t num_tokens() const { return num_tokens_; }
  int64_t num_documents() const { return int64_t(starts_.size()); }
  int64_t vocab_size() const { return vocab_size_; }
  std::span<const uint64_t> starts() const { return starts_; }
  // Identifies the content: the foot's checksum, which covers the checksum of every chunk.
  uint64_t checksum() const { return checksum_; }
  int32_t token(int64_t i) const { return narrow_ ? narrow_[i] : int32_t(wide_[i]); }
  void read(int64_t begin, int64_t count, int32_t* out) const;
  // Checks every chunk, every start and every id. Returns all problems.
  Problems verify() const;

 private:
  fs::path path_;
  MappedFile map_;
  const uint16_t* narrow_ = nullptr;  // one of the two is set
  const uint32_t* wide_ = nullptr;
  std::span<const uint64_t> starts_;
  std::span<const uint64_t> sums_;
  int64_t num_tokens_ = 0;
  int64_t vocab_size_ = 0;
  uint64_t checksum_ = 0;
};

// One split of a prepared folder as a single token sequence. Safe to read from many threads.
class TokenDataset {
 public:
  // Throws NotFound when the folder or split does not exist, InvalidArgument when a file is not what the manifest says.
  TokenDataset(const fs::path& folder, std::string_view split);
  int64_t num_tokens() const { return begins_.back(); }
  int64_t num_documents() const { return int64_t(documents_.size()) - 1; }
  int64_t vocab_size() const { return vocab_size_; }
  int32_t token(int64_t i) const;
  // Requires 0 <= begin, begin + count <= num_tokens().
  void read(int64_t begin, int64_t count, int32_t* out) const;
  // Document d is [documents()[d], documents()[d + 1]); sorted, starts with 0, ends with num_tokens().
  std::span<const int64_t> documents() const { return documents_; }
  // The document that holds token i.
  int64_t document_of(int64_t i) const;
  // Data identity of the folder: equal for equal tokens, tokenizer and splits, whatever machine made them.
  const std::string& identity() const { return identity_; }
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
  std::vector<Shard> shards_;
  std::vector<int64_t> begins_;     // first token of each shard, then num_tokens
  std::vector<int64_t> documents_;  // 8 bytes a document
  int64_t vocab_size_ = 0;
  std::string identity_;
};

// manifest.json of a prepared folder. Throws NotFound, with the command that makes one, when there is none.
Json read_manifest(const fs::path& folder);
// The identity for a manifest: SHA-256 over vocab_size, the splits' shard checksums and the tokenizer's files.
std::string data_identity(const Json& manifest);
// Every problem of a prepared folder: missing, cut or edited shards and tokenizer files, ids outside the vocabulary.
Problems verify_data(const fs::path& folder);

}  // namespace ingot
