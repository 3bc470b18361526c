// Speech recognition: clips -> normalised log-mels -> CTC (Graves et al. 2006) over characters or words; word and
// character error rates of best-path or prefix-beam decoding. A family supplies a SpeechRecognizer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "ingot/data/log_mel.h"
#include "ingot/data/resample.h"
#include "ingot/data/speech.h"
#include "ingot/tasks/ctc_decode.h"
#include "ingot/tasks/ngram.h"
#include "ingot/tasks/task.h"
#include "ingot/tasks/word_errors.h"

namespace ingot {

enum class SpeechUnits { Characters, Words };
template <>
struct EnumNames<SpeechUnits> {
  static constexpr std::pair<const char*, SpeechUnits> kValues[] = {{"characters", SpeechUnits::Characters},
                                                                    {"words", SpeechUnits::Words}};
};

struct SpecAugmentConfig {  // [data.spec_augment]
  int64_t bands = 0, band_width = 8;
  int64_t times = 0, time_width = 20;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("bands", self.bands, "stripes of mel bands that are blanked (Park et al. 2019)");
    v("band_width", self.band_width, "bands of a stripe, at most");
    v("times", self.times, "stretches of time that are blanked");
    v("time_width", self.time_width, "frames of a stretch, at most; nor more than a fifth of the clip");
  }
};

struct DecodeConfig {  // [data.decode]
  int64_t beam = 1;
  std::string lm;
  double lm_weight = 0.5, word_bonus = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("beam", self.beam, "prefixes kept; 1: best path. Validation during training takes the best path");
    v("lm", self.lm, "n-gram model of words in the ARPA format, for beams above 1");
    v("lm_weight", self.lm_weight, "of its logarithms");
    v("word_bonus", self.word_bonus, "added for each word, against the model's liking for few");
  }
};

struct TranscribeConfig : SpeechConfig {  // [data]
  SpeechUnits units = SpeechUnits::Characters;
  bool lowercase = true;
  MelConfig mel;
  SpecAugmentConfig spec_augment;
  std::vector<double> speeds = {1};
  int64_t concatenate = 1;
  DecodeConfig decode;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    SpeechConfig::visit(self, v);
    v("units", self.units, "what a label is: characters or words");
    v("lowercase", self.lowercase, "transcripts in lower case");
    v("mel", self.mel, "the spectrogram");
    v("spec_augment", self.spec_augment, "in training");
    v("speeds", self.speeds, "in training each clip plays at one of these (Ko et al. 2015): [0.9, 1, 1.1]");
    v("concatenate", self.concatenate, "in training 1 to n clips follow each other; test also counts strings of n");
    v("decode", self.decode, "from posteriors to text");
  }
  Problems validate() const;
};

class SpeechRecognizer : public torch::nn::Module {
 public:
  virtual void initialise(uint64_t seed) = 0;
  // mel [B, T, M], frames [B] int64 on the CPU: how many of T are real -> log p [B, T', C]
  virtual Tensor forward(const Tensor& mel, const Tensor& frames) = 0;
  virtual int64_t output_frames(int64_t frames) const = 0;
  virtual double forward_flops(int64_t frames) const = 0;
  virtual Json card() const = 0;
};

class TranscribeTask : public Task {
 public:
  TranscribeTask(const TranscribeConfig& config, const TaskOptions& options);  // reads the data
  void set_model(std::shared_ptr<SpeechRecognizer> model);                     // checks that each text fits its clip
  int64_t num_labels() const { return int64_t(labels_.size()); }               // with the blank

  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  // Each clip once an epoch; with `concatenate`, followed by others drawn at random.
  Batch train_batch(int64_t index) override;
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  // {"loss", "wer", "cer", "words", "substitutions", "deletions", "insertions", "clips"}; test with a beam: also
  // "best_path_wer"; test with `concatenate`: the same of 300 strings under "strings".
  Json evaluate(const std::string& split, int64_t limit) override;
  Objective objective() const override { return {"wer", true}; }
  // {"file": "x.flac"} -> {"text", "seconds", "score", "words": [{"word", "at"}]}; "picture": "x.svg" is written.
  Json predict(const Json& request) override;
  void illustrate(const std::string& folder) override;
  std::string unit() const override { return "label"; }
  double train_flops_per_unit() const override;
  void save_assets(const std::string& folder) const override;
  std::string data_hash() const override { return hash_; }
  Json card() const override;

  std::string transcribe(const std::vector<float>& samples);

 private:
  struct Heard {
    std::string text;
    CtcLabels path;  // best path
    double score = 0;
  };
  struct Clip {
    std::vector<float> mel;  // [frames, M], normalised
    std::string text;
  };
  std::string normalised(const std::string& text) const;
  std::vector<std::string> units_of(const std::string& text) const;
  std::vector<int64_t> encode(const std::string& text, const std::string& origin) const;
  std::string text_of(const std::vector<int64_t>& labels) const;
  std::vector<float> mel_of(const std::vector<float>& samples) const;
  std::vector<Heard> listen(const std::vector<const std::vector<float>*>& mels, int64_t beam);
  double language_score(const std::vector<int64_t>& prefix, int64_t label) const;
  Json score(const std::vector<Clip>& clips, int64_t beam, int64_t limit);
  std::string picture(const std::vector<float>& samples, const std::string& title);

  TranscribeConfig config_;
  TaskOptions options_;
  LogMel mel_;
  std::vector<Resampler> speeds_;
  std::vector<std::string> labels_;  // [0] is the blank
  std::map<std::string, int64_t> label_ids_;
  std::optional<NgramModel> lm_;
  std::map<std::string, Speech> splits_;
  std::vector<std::vector<int64_t>> targets_;  // of the training clips
  std::vector<std::string> quarantined_;
  std::string hash_;
  std::shared_ptr<SpeechRecognizer> model_;
};

}  // namespace ingot
