// Extractive question answering: Devlin et al. 2019, 4.2 and 4.3. A long context is read in windows that overlap; the
// answer is the span with the greatest sum of start and end score, or none when [CLS] beats it by `null_threshold`.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingot/data/tokenizer.h"
#include "ingot/tasks/masked_lm.h"
#include "ingot/tasks/squad.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct SpanConfig {  // [data]
  std::vector<std::string> train, validation, test;
  double validation_fraction = 0;
  int64_t questions = 0;
  AnswerUnit unit = AnswerUnit::Words;
  int64_t doc_stride = 128;
  int64_t max_query_length = 64;
  int64_t max_answer_length = 30;
  bool no_answer = false;
  double null_threshold = 0;
  bool mark_matches = false;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "SQuAD files; looked for in INGOT_DATA too");
    v("validation", self.validation, "SQuAD files; empty: a part of train, or test");
    v("test", self.test, "SQuAD files");
    v("validation_fraction", self.validation_fraction, "share of the articles of train that is kept for validation");
    v("questions", self.questions, "only so many questions of train, spread over it; 0: all");
    v("unit", self.unit, "F1 over words (SQuAD's script) or characters (Chinese)");
    v("doc_stride", self.doc_stride, "tokens from one window of a long context to the next");
    v("max_query_length", self.max_query_length, "tokens of a question that count, the first ones");
    v("max_answer_length", self.max_answer_length, "longest answer, in tokens");
    v("no_answer", self.no_answer, "may answer that there is no answer (SQuAD 2)");
    v("null_threshold", self.null_threshold, "no answer when its score beats the best span's by more than this");
    v("mark_matches", self.mark_matches,
      "rare tokens of the context that the question has too are of segment 2 (after Chen et al. 2017, 3.2, exact "
      "match)");
  }
  Problems validate() const;
};

struct SpanData {
  std::map<std::string, SquadData> splits;  // none under Purpose::Infer
  std::vector<std::string> texts() const;   // contexts and questions of train, to learn a vocabulary from
};
SpanData open_span_data(const SpanConfig& config, const TaskOptions& options);

// A context as tokens with their places.
struct TokenizedText {
  std::vector<int64_t> ids;
  std::vector<TextSpan> spans;  // bytes
};
TokenizedText tokenize_with_spans(const Tokenizer& tokenizer, const std::string& text);

class SpanTask : public Task {
 public:
  // `length`: tokens of a window, question and control tokens included. `segments`: those that the model tells apart.
  SpanTask(const SpanConfig& config, SpanData data, std::shared_ptr<const Tokenizer> tokenizer, int64_t length,
           int64_t segments, const TaskOptions& options);

  Batch train_batch(int64_t index) override;  // windows, shuffled anew each epoch
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  // squad_scores of the split, those of lexical_answer as baseline_exact and baseline_f1, and with unanswerable
  // questions best_null, see best_null_threshold. Splits: train, validation, test. `limit`: so many times 32 questions.
  Json evaluate(const std::string& split, int64_t limit) override;
  Objective objective() const override { return {"f1", false}; }
  // {"question", "context"} -> {"answer", "score", "start", "end"}: code points, end excluded; no answer: "".
  Json predict(const Json& request) override;
  // What the questions of three windows read of the context around the answer, of validation, else training.
  void illustrate(const std::string& folder) override;
  std::string unit() const override { return "window"; }
  std::string data_hash() const override;
  void save_assets(const std::string& folder) const override { tokenizer_->save(folder); }
  Json data_card() const;

 protected:
  // ids, segments [B, T] int64, real [B, T] bool -> [B, T, 2]
  virtual Tensor span_logits(const Tensor& ids, const Tensor& segments, const Tensor& real) = 0;
  // -> [B, T, T]: what each token reads of each other
  virtual Tensor attention(const Tensor& ids, const Tensor& segments, const Tensor& real) = 0;
  int64_t length_;
  TaskOptions options_;

 private:
  struct Window {
    size_t question = 0;           // index into its split
    int64_t first = 0, count = 0;  // tokens of the context
    int64_t start = 0, end = 0;    // targets, places in the window; 0, [CLS]: the answer is not here
  };
  struct Split {
    SquadData squad;
    std::vector<TokenizedText> contexts;
    std::vector<std::vector<int64_t>> questions;
    std::vector<Window> windows;
  };
  struct Guess {
    size_t begin = 0, end = 0;  // bytes of the best span
    double score = -1e30, null_score = 1e30, probability = 0;
    bool none = false;  // the answer is that there is none
  };
  Split prepare(SquadData data) const;
  Batch make_batch(const Split& split, const std::vector<const Window*>& windows) const;
  std::vector<Guess> guesses(const Split& split, size_t num_questions);

  SpanConfig config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  BertTokens tokens_;
  std::map<std::string, Split> splits_;
};

}  // namespace ingot
