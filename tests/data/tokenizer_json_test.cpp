#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {
namespace {

// A byte-level BPE of three letters.
std::string document(std::string vocab, std::string merges, std::string more = "") {
  return R"({"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"decoder":{"type":"ByteLevel"},)" + more +
         R"("model":{"type":"BPE","vocab":)" + vocab + R"(,"merges":)" + merges + "}}";
}

std::string message(const std::string& text) {
  try {
    make_tokenizer(parse_tokenizer_json(text, "t.json"));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

const std::string kVocab = R"({"a":0,"b":1,"c":2,"ab":3,"abc":4})";

TEST(TokenizerJson, ReadsBothFormsOfMerges) {
  for (const char* merges : {R"(["a b","ab c"])", R"([["a","b"],["ab","c"]])"}) {
    const auto bpe = make_tokenizer(parse_tokenizer_json(document(kVocab, merges), "t.json"));
    EXPECT_EQ(bpe->encode("abcab"), (std::vector<int32_t>{4, 3}));
  }
}

TEST(TokenizerJson, WritesWhatItRead) {
  const std::string text = document(kVocab, R"(["a b","ab c"])",
                                    R"("added_tokens":[{"id":9,"content":"<s>","special":true,"rstrip":true}],)");
  const auto parts = parse_tokenizer_json(text, "t.json");
  const std::string written = tokenizer_json_text(parts);
  const auto again = parse_tokenizer_json(written, "written");
  EXPECT_EQ(again.tokens, parts.tokens);
  ASSERT_EQ(again.added.size(), 1u);
  EXPECT_EQ(again.added[0].id, 9);
  EXPECT_TRUE(again.added[0].rstrip);
  EXPECT_EQ(again.merges.size(), 2u);
  EXPECT_EQ(tokenizer_json_text(again), written);
}

TEST(TokenizerJson, AddedTokensTakeTheirSpacesAlong) {
  const auto bpe = make_tokenizer(parse_tokenizer_json(
      document(R"({"a":0,"b":1,"Ġ":2})", "[]",
               R"("added_tokens":[{"id":3,"content":"<m>","special":true,"lstrip":true,"rstrip":true},
                                  {"id":4,"content":"aa","special":false}],)"),
      "t.json"));
  std::vector<int32_t> ids;
  bpe->encode_with_special("a <m>  b", ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{0, 3, 1}));
  EXPECT_EQ(bpe->encode("aab"), (std::vector<int32_t>{4, 1}));  // not special: always found
}

TEST(TokenizerJson, EachFaultIsNamed) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const std::pair<std::string, std::string> cases[] = {
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"[]", "no object \"model\""},
      {"{\"model\":3}", "no object \"model\""},
      {deep, "nested deeper than 64"},
      {"{\"model\":" + deep + "}", "nested deeper than 64"},
      {document("{}", "[]"), "no vocabulary"},
      {document(kVocab, R"(["a x"])"), "merge 0 'a x' needs the token 'x', which is not in the vocabulary"},
      {document(kVocab, R"(["b c"])"), "merge 0 'b c' needs the token 'bc'"},
      {document(kVocab, R"(["ab"])"), "the merge 'ab', expected two tokens"},
      {document(kVocab, R"([["a"]])"), "a merge of 1 parts, expected two"},
      {document(kVocab, R"([["a","b","c"]])"), "a merge of three parts"},
      {document(kVocab, "[3]"), "the merge 3"},
      {document(R"({"a":0,"b":0})", "[]"), "id 0 is given to 'a' and to 'b'"},
      {document(R"({"a":0,"a":1})", "[]"), "token 'a' is given twice"},
      {document(R"({"a":0,"b":2})", "[]"), "no token has id 1, expected every id from 0 to 2"},
      {document(R"({"a":0,"b":-1})", "[]"), "id of token 'b' is -1"},
      {document(R"({"a":0,"b":18446744073709551615})", "[]"), "expected 0 to 16777216"},
      {document(R"({"a":0,"b":16000000})", "[]"), "far beyond the 2 tokens"},
      {document(R"({"a":"x"})", "[]"), "the id \"x\" of token 'a', expected a whole number"},
      {document(R"({"a":{}})", "[]"), "an object in the vocabulary"},
      {document(R"({"":0})", "[]"), "token 0 has no text"},
      {document(R"({"中":0})", "[]"), "not spelled in GPT-2's byte alphabet"},
      {document(kVocab, "[]", R"("added_tokens":[{"id":1,"content":"z"}],)"), "id 1 is given to 'b' and to 'z'"},
      {document(kVocab, "[]", R"("added_tokens":[{"id":7,"content":"a"}],)"), "token 'a' has the ids 0 and 7"},
      {document(kVocab, "[]", R"("added_tokens":[3],)"), "an added token is 3"},
      {document(kVocab, "[]", R"("normalizer":{"type":"Magic"},)"), "normalizer type is 'Magic', expected one of"},
      {document(kVocab, "[]", R"("normalizer":{"type":"BertNormalizer","lowercase":3},)"), "wrong type"},
      {R"({"model":{"type":"Unigram","vocab":{"a":0}}})", "model.type is \"Unigram\", expected one of BPE"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]}})", "expected ByteLevel"},
      {R"({"model":{"type":"WordPiece","vocab":{"a":0}},"pre_tokenizer":{"type":"BertPreTokenizer"}})",
       "model.unk_token '[UNK]' is not in the vocabulary"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_NE(message(text).find(expected), std::string::npos) << text.substr(0, 200) << "\n  " << message(text);
}

TEST(TokenizerJson, OverAMillionMergesAreRefused) {
  std::string merges = "[\"a b\"";
  for (int i = 0; i < 1'000'000; ++i) merges += ",\"a b\"";
  EXPECT_NE(message(document(kVocab, merges + "]")).find("over 1000000 merges"), std::string::npos);
}

TEST(TokenizerJson, BytesHaveGpt2sSpelling) {
  EXPECT_EQ(bytes_to_spelling(" a\n\xFF"), "Ġa\u010A\u00FF");
  for (int b = 0; b < 256; ++b) {
    const std::string byte(1, char(b));
    EXPECT_EQ(spelling_to_bytes(bytes_to_spelling(byte)), byte);
  }
  EXPECT_FALSE(spelling_to_bytes("中"));
  EXPECT_FALSE(spelling_to_bytes(" "));
}

}  // namespace
}  // namespace ingot
