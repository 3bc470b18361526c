#include <array>

#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer_parts.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

struct Alphabet {
  std::array<char32_t, 256> of_byte{};
  std::array<int16_t, 0x144> byte_of{};  // -1: spells nothing

  Alphabet() {
    byte_of.fill(-1);
    char32_t next = 0x100;  // the bytes that do not print, in order
    for (int b = 0; b < 256; ++b) {
      const bool prints = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      of_byte[size_t(b)] = prints ? char32_t(b) : next++;
      byte_of[of_byte[size_t(b)]] = int16_t(b);
    }
  }
};

const Alphabet kAlphabet;

}  // namespace

char32_t byte_spelling(uint8_t byte) { return kAlphabet.of_byte[byte]; }

std::string bytes_to_spelling(std::string_view bytes) {
  std::string out;
  for (const char b : bytes) append_utf8(out, kAlphabet.of_byte[uint8_t(b)]);
  return out;
}

std::optional<std::string> spelling_to_bytes(std::string_view spelling) {
  std::string out;
  for (const char *p = spelling.data(), *end = p + spelling.size(); p < end;) {
    const char32_t c = next_code_point(p, end);
    if (c >= kAlphabet.byte_of.size() || kAlphabet.byte_of[c] < 0) return std::nullopt;
    out += char(kAlphabet.byte_of[c]);
  }
  return out;
}

Json byte_level_sections(std::string_view pattern) {
  const bool gpt2 = pattern == kGpt2Pattern;
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", gpt2}};
  Json pre_tokenizer = byte_level;
  if (!gpt2) {
    const Json split = {
        {"type", "Split"}, {"pattern", {{"Regex", std::string(pattern)}}}, {"behavior", "Isolated"}, {"invert", false}};
    pre_tokenizer = {{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level})}};
  }
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"normalizer", nullptr},
          {"pre_tokenizer", pre_tokenizer},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false}}}};
}

}  // namespace ingot
