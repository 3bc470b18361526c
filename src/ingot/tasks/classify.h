// Text classification: labelled texts -> ids [B, T] -> logits -> cross-entropy, accuracy, F1, calibration, confusion
// matrix. A family supplies the encoder and the logits; two classes may come as one logit (sigmoid), as in the Keras
// original.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingot/tasks/classification_report.h"
#include "ingot/tasks/labelled_text.h"
#include "ingot/tasks/task.h"

namespace ingot {

// The most frequent words of the training texts, as Keras's Tokenizer(num_words) counts them: lower case, these
// characters are spaces: !"#$%&()*+,-./:;<=>?@[\]^_`{|}~ tab newline; ties in order of appearance; other words go.
class WordIndex {
 public:
  WordIndex() = default;
  WordIndex(const std::vector<std::string>& texts, int64_t num_words);  // ids 1 .. num_words - 1; 0 is padding
  std::vector<int64_t> encode(const std::string& text) const;
  void save(const std::string& path) const;  // one word a line
  static WordIndex load(const std::string& path);
  int64_t size() const { return int64_t(words_.size()) + 1; }

 private:
  void index();
  std::vector<std::string> words_;
  std::unordered_map<std::string, int64_t> ids_;
};

// Keras's pad_sequences: the last `length` ids, zeros in front.
void pad_in_front(const std::vector<int64_t>& ids, int64_t length, int64_t* row);

struct EncodedTexts {
  Tensor ids;     // [N, T] int64
  Tensor labels;  // [N] int64
};

class ClassifyTask : public Task {
 public:
  ClassifyTask(const LabelledTextConfig& data, const TaskOptions& options);

  Batch train_batch(int64_t index) override;  // every row once an epoch, shuffled anew each; the last batch is short
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  Json evaluate(const std::string& split, int64_t limit) override;  // see ClassificationReport::metrics
  Objective objective() const override { return {"accuracy", false}; }
  Json predict(const Json& request) override;  // {"text"} -> {"label", "score"}
  std::string unit() const override { return "sample"; }
  std::string data_hash() const override { return hash_; }
  void save_assets(const std::string& folder) const override;
  void illustrate(const std::string& folder) override;
  const std::vector<std::string>& labels() const { return names_; }

 protected:
  virtual std::vector<int64_t> encode(const std::string& text) const = 0;
  virtual int64_t length() const = 0;  // T
  // The ids of each row that a training text becomes, at least one; the text itself unless the family says otherwise.
  virtual std::vector<std::vector<int64_t>> training_rows(std::vector<int64_t> ids) const { return {std::move(ids)}; }
  // Lays the ids of one text into a row of `length` cells; pad_in_front unless the family says otherwise.
  virtual void place(const std::vector<int64_t>& ids, int64_t* row) const { pad_in_front(ids, length(), row); }
  // Changes a training row as `draw` says, anew each time the row is seen; nothing unless the family says otherwise.
  virtual void vary(int64_t* /*row*/, uint64_t /*draw*/) const {}
  virtual Tensor logits(const Tensor& ids) = 0;  // [B, T] -> [B, C], or [B, 1] for two classes
  // Encodes every split; call once the encoder stands. Gives the training texts back to build the encoder from.
  const std::vector<std::string>& training_texts() const { return train_texts_.texts; }
  void encode_all();
  const EncodedTexts* split(const std::string& name) const;  // nullptr where there is none

  std::vector<std::string> names_;
  TaskOptions options_;

 private:
  EncodedTexts encode_split(const LabelledTexts& texts, bool training) const;
  ClassificationReport report(const EncodedTexts& texts, int64_t limit);
  Tensor batch_loss(const Tensor& logits, const Tensor& labels) const;  // summed

  LabelledTexts train_texts_;
  std::map<std::string, LabelledTexts> other_texts_;
  EncodedTexts train_;
  std::map<std::string, EncodedTexts> splits_;
  std::string hash_;
};

}  // namespace ingot
