#include "ingot/models/saved_config.h"

#include <algorithm>
#include <memory>

namespace ingot {
namespace {

std::unique_ptr<Tokenizer> tokenizer_of(const fs::path& from) {
  try {
    return load_tokenizer(tokenizer_folder(from));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) return nullptr;
    throw;
  }
}

std::optional<std::string> token(const Tokenizer& tokenizer, int32_t id) {
  try {
    return tokenizer.token_bytes(id);
  } catch (const Error&) {  // a number that the file skips
    return std::nullopt;
  }
}

}  // namespace

void require_same_vocabulary(const Tokenizer& tokenizer, const fs::path& from, const std::string& key,
                             const std::string& way_out) {
  const auto theirs = tokenizer_of(from);
  if (!theirs) return;
  const auto both = std::min(tokenizer.vocab_size(), theirs->vocab_size());
  for (int32_t id = 0; id < both; ++id) {
    const auto ours = token(tokenizer, id), there = token(*theirs, id);
    require("recipe", !ours || ours == there, key, ": the vocabulary does not fit the checkpoint: token ", id, " is '",
            ours.value_or(""), "' of the tokenizer of [data] and '", there.value_or(""), "' of ", from.string(), "; ",
            way_out);
  }
}

}  // namespace ingot
