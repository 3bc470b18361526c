// Built into libingot_sentencepiece.so, not into the program.
#include "ingot/data/sentence_piece_module.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

namespace ingot {
namespace {

std::string text_of(const sentencepiece::util::Status& status) {
  return status.ok() ? "" : "sentencepiece says " + status.ToString();
}

class Model : public PieceModel {
 public:
  std::string load(std::string_view model) { return text_of(processor_.LoadFromSerializedProto(model)); }
  int size() const override { return processor_.GetPieceSize(); }
  const std::string& piece(int id) const override { return processor_.IdToPiece(id); }
  int id_of(std::string_view piece) const override { return processor_.PieceToId(piece); }
  bool is_unknown(int id) const override { return processor_.IsUnknown(id); }
  bool is_control(int id) const override { return processor_.IsControl(id); }
  bool is_byte(int id) const override { return processor_.IsByte(id); }
  std::string encode(std::string_view text, std::vector<int>& ids) const override {
    return text_of(processor_.Encode(text, &ids));
  }
  std::string decode(const std::vector<int>& ids, std::string& text) const override {
    return text_of(processor_.Decode(ids, &text));
  }

 private:
  sentencepiece::SentencePieceProcessor processor_;
};

class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const std::function<bool(std::string&)>& next) : next_(next) { Next(); }
  bool done() const override { return done_; }
  const std::string& value() const override { return line_; }
  void Next() override { done_ = !next_(line_); }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::function<bool(std::string&)>& next_;
  std::string line_;
  bool done_ = false;
};

std::unique_ptr<PieceModel> load(std::string_view bytes, std::string& error) {
  auto model = std::make_unique<Model>();
  error = model->load(bytes);
  return error.empty() ? std::move(model) : nullptr;
}

std::string train(const std::unordered_map<std::string, std::string>& options,
                  const std::function<bool(std::string&)>& next_line, std::string& model) {
  Lines lines(next_line);
  return text_of(sentencepiece::SentencePieceTrainer::Train(options, &lines, &model));
}

}  // namespace
}  // namespace ingot

extern "C" __attribute__((visibility("default"))) const ingot::SentencePieceModule* ingot_sentence_piece_module() {
  static const ingot::SentencePieceModule module{ingot::load, ingot::train};
  return &module;
}
