#include "ingot/data/tokenizer.h"

#include <algorithm>

#include "ingot/base/error.h"

namespace ingot {
namespace {

constexpr std::string_view kAsciiSpace = " \t\n\v\f\r";

}  // namespace

void Tokenizer::set_added_tokens(std::vector<AddedToken> added) {
  std::stable_sort(added.begin(), added.end(),
                   [](const auto& a, const auto& b) { return a.text.size() > b.text.size(); });
  added_ = std::move(added);
  has_ordinary_added_ = std::any_of(added_.begin(), added_.end(), [](const auto& t) { return !t.special; });
  for (const char* name : {"<|endoftext|>", "</s>", "<eos>", "[SEP]"})
    if (!end_of_text_) end_of_text_ = id_of(name);
}

const AddedToken* Tokenizer::find_added(int32_t id) const {
  for (const auto& token : added_)
    if (token.id == id) return &token;
  return nullptr;
}

void Tokenizer::fail_id(int32_t id) const {
  fail(ErrorKind::InvalidArgument, "tokenizer", "token id is ", id, ", expected one of the ", vocab_size(),
       " ids of this ", kind(), " vocabulary; were the ids made with another tokenizer?");
}

void Tokenizer::encode(std::string_view text, std::vector<int32_t>& ids) const { encode_parts(text, false, ids); }

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  encode(text, ids);
  return ids;
}

void Tokenizer::encode_with_special(std::string_view text, std::vector<int32_t>& ids) const {
  encode_parts(text, true, ids);
}

void Tokenizer::encode_parts(std::string_view text, bool with_special, std::vector<int32_t>& ids) const {
  if (with_special ? added_.empty() : !has_ordinary_added_) return encode_ordinary(text, ids);
  bool starts[256] = {};
  for (const auto& token : added_)
    if (with_special || !token.special) starts[uint8_t(token.text[0])] = true;
  size_t begin = 0;  // of the ordinary text not yet encoded
  for (size_t i = 0; i < text.size();) {
    const AddedToken* found = nullptr;
    if (starts[uint8_t(text[i])])
      for (const auto& token : added_)
        if ((with_special || !token.special) && text.substr(i).starts_with(token.text)) {
          found = &token;  // the longest: they are sorted
          break;
        }
    if (!found) {
      ++i;
      continue;
    }
    auto before = text.substr(begin, i - begin);
    if (found->lstrip) before = before.substr(0, before.find_last_not_of(kAsciiSpace) + 1);
    if (!before.empty()) encode_ordinary(before, ids);
    ids.push_back(found->id);
    i += found->text.size();
    if (found->rstrip) i = std::min(text.find_first_not_of(kAsciiSpace, i), text.size());
    begin = i;
  }
  if (begin < text.size()) encode_ordinary(text.substr(begin), ids);
}

}  // namespace ingot
