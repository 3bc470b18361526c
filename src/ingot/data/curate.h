// The first pass over a corpus: read, clean, filter, deduplicate, redact, split. Streams: memory holds one batch of
// records, the hashes of kept documents (exact 16 bytes, near about 340 bytes each) and nothing else.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ingot/data/data_config.h"

namespace ingot {

// stage, bytes done, bytes in all (0: unknown), a note
using StageProgress = std::function<void(std::string_view stage, int64_t done, int64_t total, std::string_view note)>;

enum class Split : uint8_t { Train, Validation };
inline constexpr const char* kSplitNames[] = {"train", "validation"};

// Documents between the two passes, in corpus order: u32 bytes, u8 split, text. Read through a memory map.
class DocumentFile {
 public:
  explicit DocumentFile(const fs::path& path) : map_(path) {}
  struct Item {
    Split split;
    std::string_view text;
  };
  bool next(Item& item);  // false at the end
  void rewind() { at_ = 0; }
  size_t position() const { return at_; }
  size_t size() const { return map_.size(); }

 private:
  MappedFile map_;
  size_t at_ = 0;
};

// Writes folder/documents and folder/quarantine.jsonl. Returns what the data card says of this pass:
// {"sources":[...], "records", "bad", "dropped":{rule: n}, "kept", "bytes_in", "bytes_kept", "cleaning":{...},
//  "pii":{...}, "scripts":{...}, "train_bytes", "validation_bytes"}.
// Throws InvalidArgument when more than max_bad of the records are bad; the quarantine list then stays in `folder`.
Json curate(const DataConfig& config, const std::vector<InputFile>& inputs, const fs::path& folder,
            const StageProgress& progress);

// True when the hash of `text` puts it into the validation part. Depends on text, seed and share only; a larger share
// keeps every validation document of a smaller one.
bool is_validation(std::string_view text, int64_t seed, double share);

}  // namespace ingot
