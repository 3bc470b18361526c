// The border to libsentencepiece. It carries a protobuf of its own; in one symbol space with the libprotobuf of
// LibTorch the program dies before main(). So it lives in libingot_sentencepiece.so, beside the program, which is
// opened on first use with a symbol space of its own. Nothing of libsentencepiece crosses this border.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ingot {

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  virtual int size() const = 0;
  virtual const std::string& piece(int id) const = 0;
  virtual int id_of(std::string_view piece) const = 0;  // the unknown piece's when there is none
  virtual bool is_unknown(int id) const = 0;
  virtual bool is_control(int id) const = 0;
  virtual bool is_byte(int id) const = 0;
  // Return what is wrong, or "".
  virtual std::string encode(std::string_view text, std::vector<int>& ids) const = 0;
  virtual std::string decode(const std::vector<int>& ids, std::string& text) const = 0;
};

struct SentencePieceModule {
  // Null with `error` set when `model` is no model.
  std::unique_ptr<PieceModel> (*load)(std::string_view model, std::string& error);
  // Lines come from `next_line` until it returns false. Returns what is wrong, or "".
  std::string (*train)(const std::unordered_map<std::string, std::string>& options,
                       const std::function<bool(std::string&)>& next_line, std::string& model);
};

// Opens the module once. Throws Unsupported when it is not there.
const SentencePieceModule& sentence_piece_module();

}  // namespace ingot
