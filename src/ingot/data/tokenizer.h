// Text to token ids and back. Every kind is immutable after loading and may be used by any number of threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

// A token that is found in the text as a whole, before the model sees it ("added_tokens" of tokenizer.json).
struct AddedToken {
  std::string text;
  int32_t id = 0;
  bool special = true;  // a control token: encode() treats its text as ordinary text
  bool lstrip = false;  // takes the white space on its left along
  bool rstrip = false;
  bool normalized = false;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  virtual std::string kind() const = 0;  // "bpe", "wordpiece", "sentencepiece", "char", "word"
  // One more than the largest id; ids that no token has are possible with files that skip some.
  virtual int64_t vocab_size() const = 0;

  // Appends the ids of `text`. The text of a control token such as <|endoftext|> is encoded as ordinary text, so that
  // nobody can write one into a prompt. Adds nothing of its own: no [CLS], no <s>.
  void encode(std::string_view text, std::vector<int32_t>& ids) const;
  std::vector<int32_t> encode(std::string_view text) const;
  // As encode(), with the text of control tokens turned into their ids.
  void encode_with_special(std::string_view text, std::vector<int32_t>& ids) const;

  // Bytes: a cut of a multi-byte character stays cut. Throws InvalidArgument for an id that no token has.
  virtual std::string decode(std::span<const int32_t> ids) const = 0;
  // What `id` adds to the text when it follows another token; control tokens give their own text.
  virtual std::string token_bytes(int32_t id) const = 0;
  // The inverse of token_bytes for whole tokens, control tokens included. WordPiece spells continuations "##x".
  virtual std::optional<int32_t> id_of(std::string_view token) const = 0;

  // Separates documents in a stream: <|endoftext|>, </s>, <eos> or [SEP], the first that exists.
  std::optional<int32_t> end_of_text() const { return end_of_text_; }
  const std::vector<AddedToken>& added_tokens() const { return added_; }

  // Writes tokenizer.json in Hugging Face's form (SentencePiece: tokenizer.model) into `folder`, made if absent.
  virtual void save(const std::filesystem::path& folder) const = 0;

 protected:
  Tokenizer() = default;
  // Encodes text between added tokens; appends.
  virtual void encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const = 0;
  // Call at the end of a constructor, when id_of works.
  void set_added_tokens(std::vector<AddedToken> added);
  const AddedToken* find_added(int32_t id) const;
  std::optional<int32_t> id_of_added(std::string_view text) const;
  [[noreturn]] void fail_id(int32_t id) const;

 private:
  void encode_parts(std::string_view text, bool with_special, std::vector<int32_t>& ids) const;

  std::vector<AddedToken> added_;  // longest text first
  std::optional<int32_t> end_of_text_;
  bool has_ordinary_added_ = false;
};

// Reads tokenizer.json, vocab.json + merges.txt (also as encoder.json + vocab.bpe), *.tiktoken, vocab.txt (WordPiece)
// or *.model (SentencePiece), given as a file or as the folder that holds it. Throws NotFound or InvalidArgument.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& file_or_folder);

}  // namespace ingot
