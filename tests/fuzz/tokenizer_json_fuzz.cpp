// Any bytes either make a tokenizer or give an Error. One that was made gives text back and survives being written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ingot/base/error.h"
#include "ingot/data/bpe.h"
#include "ingot/data/tokenizer_parts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto parts = ingot::parse_tokenizer_json(bytes, "fuzz");
    const auto again = ingot::parse_tokenizer_json(ingot::tokenizer_json_text(parts), "written");
    if (again.tokens != parts.tokens || again.added.size() != parts.added.size()) std::abort();
    const auto tokenizer = ingot::make_tokenizer(parts);
    const std::string_view text = bytes.substr(0, 1000);
    std::vector<int32_t> ids;
    tokenizer->encode_with_special(text, ids);
    for (const int32_t id : ids)
      if (id < 0 || id >= tokenizer->vocab_size()) std::abort();
    const std::string back = tokenizer->decode(ids);
    const bool exact = tokenizer->kind() == "bpe" && parts.sections.value("normalizer", ingot::Json()).is_null() &&
                       parts.added.empty() && bytes.find("add_prefix_space") == bytes.npos &&
                       bytes.find("Removed") == bytes.npos;
    if (exact && back != text) std::abort();
  } catch (const ingot::Error& e) {
    if (e.kind() == ingot::ErrorKind::Internal) std::abort();
  }
  return 0;
}
