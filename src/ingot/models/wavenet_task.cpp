// Shapes: T samples, B clips, F frames of conditions (T = F hop), L features of a frame.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <numbers>
#include <optional>
#include <set>

#include <torch/torch.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/data/log_mel.h"
#include "ingot/data/speech.h"
#include "ingot/models/wavenet_sampler.h"
#include "ingot/nn/losses.h"
#include "ingot/tasks/length_batches.h"
#include "ingot/tasks/mu_law.h"
#include "ingot/tasks/spectrogram.h"
#include "ingot/tasks/task.h"
#include "ingot/torch/module_state.h"

namespace ingot {
namespace {

constexpr size_t kMostTexts = 1000;

struct WaveformConfig : SpeechConfig {  // [data]
  bool text = true, speaker = true, spectrogram = false;
  int64_t place = 0;
  MelConfig mel;
  int64_t segment = 16000;
  double peak = 0.9;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    SpeechConfig::visit(self, v);
    v("text", self.text, "condition on the text as a class of its own, as for digits");
    v("speaker", self.speaker, "condition on the speaker");
    v("spectrogram", self.spectrogram, "condition on the log-mel frames of the clip (a vocoder)");
    v("place", self.place,
      "features of each text that say how far into the clip a frame is, and so its length; 0: none");
    v("mel", self.mel, "the spectrogram; its hop is the length of a frame of conditions");
    v("segment", self.segment, "longest training clip, in samples; of longer ones a part is drawn");
    v("peak", self.peak, "each clip is scaled to this largest magnitude; 0: as it is");
  }
  Problems validate() const {
    auto p = SpeechConfig::validate();
    if (segment < mel.hop)
      p.push_back(detail::join_parts("segment: got ", segment, ", expected at least mel.hop ", mel.hop));
    if (!(peak >= 0 && peak <= 1)) p.push_back(detail::join_parts("peak: got ", peak, ", expected 0 to 1"));
    if (place < 0 || place == 1 || place > 256)
      p.push_back(detail::join_parts("place: got ", place, ", expected 0 or 2 to 256"));
    return p;
  }
};

struct WaveClip {
  std::vector<float> samples;  // padded to whole frames
  int64_t real = 0;            // samples that count
  int64_t text = 0, speaker = 0;
};

// Levels of the training clips, alone and after each other: what a model must beat.
struct LevelCounts {
  std::vector<double> one = std::vector<double>(kMuLawLevels, 1.0);  // add-one
  std::vector<double> two = std::vector<double>(kMuLawLevels * kMuLawLevels, 0.0);
  void add(const WaveClip& clip) {
    int64_t last = mu_law_encode(0);
    for (int64_t t = 0; t < clip.real; ++t) {
      const auto code = mu_law_encode(clip.samples[size_t(t)]);
      one[size_t(code)] += 1;
      two[size_t(last * kMuLawLevels + code)] += 1;
      last = code;
    }
  }
  // Bits a sample under the unigrams, and under bigrams that lean on them with the weight of 16 observations.
  std::pair<double, double> bits(const std::vector<WaveClip>& clips) const {
    std::vector<double> row(size_t(kMuLawLevels), 0.0);
    double all = 0, unigram = 0, bigram = 0, count = 0;
    for (int64_t a = 0; a < kMuLawLevels; ++a) {
      all += one[size_t(a)];
      for (int64_t b = 0; b < kMuLawLevels; ++b) row[size_t(a)] += two[size_t(a * kMuLawLevels + b)];
    }
    for (const auto& clip : clips) {
      int64_t last = mu_law_encode(0);
      for (int64_t t = 0; t < clip.real; ++t) {
        const auto code = mu_law_encode(clip.samples[size_t(t)]);
        const double p = one[size_t(code)] / all;
        unigram -= std::log2(p);
        bigram -= std::log2((two[size_t(last * kMuLawLevels + code)] + 16 * p) / (row[size_t(last)] + 16));
        last = code;
        count += 1;
      }
    }
    return {unigram / count, bigram / count};
  }
};

class WaveformTask : public Task {
 public:
  WaveformTask(const WaveNetConfig& config, const WaveformConfig& data, const TaskOptions& options)
      : config_(config), data_(data), options_(options), mel_(data.mel, data.rate) {
    if (options.purpose == Purpose::Infer) {
      const auto voices = read_json(fs::path(options.run_folder) / "assets" / "voices.json");
      texts_ = voices.at("texts").get<std::vector<std::string>>();
      speakers_ = voices.at("speakers").get<std::vector<std::string>>();
      seconds_ = voices.at("seconds").get<std::vector<std::vector<double>>>();
    } else {
      read_clips();
    }
    model_ = WaveNet(
        config, WaveConditions{data.text ? int64_t(texts_.size()) : 0, data.speaker ? int64_t(speakers_.size()) : 0,
                               (data.spectrogram ? data.mel.bins : 0) + place_features(), data.mel.hop});
  }

  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  int64_t batches_per_epoch() const override {
    return (int64_t(splits_.at("train").size()) + options_.batch_size - 1) / options_.batch_size;
  }

  Batch train_batch(int64_t index) override {
    const auto batches = batches_of(index / batches_per_epoch());
    Rng rng(options_.seed, uint64_t(index));
    std::vector<WaveClip> parts;
    std::vector<std::pair<int64_t, int64_t>> places;  // first frame, frames of the whole clip
    for (const auto row : (*batches)[size_t(index % batches_per_epoch())]) {
      const auto& clip = splits_.at("train")[size_t(row)];
      const auto hop = data_.mel.hop, frames = int64_t(clip.samples.size()) / hop, most = data_.segment / hop;
      const auto first = frames > most ? int64_t(rng.below(uint64_t(frames - most + 1))) : 0;
      parts.push_back(clip);
      places.emplace_back(first, frames);
      if (frames <= most) continue;
      auto& part = parts.back();
      part.samples = {clip.samples.begin() + first * hop, clip.samples.begin() + (first + most) * hop};
      part.real = std::min(most * hop, clip.real - first * hop);
    }
    return make_batch(parts, places);
  }

  Tensor loss(const Batch& batch, const std::string&) override {
    const auto outputs = model_->forward(batch["previous"], conditions_of(batch));
    return wave_nll(config_, outputs.flatten(0, 1), batch["targets"].flatten());
  }

  // {"loss": nats, "bits": of a sample; with mu_law "unigram_bits", "bigram_bits": of the same samples, "clips"}
  Json evaluate(const std::string& name, int64_t limit) override {
    const auto* clips = find_split(splits_, name, "clips");
    if (!clips) return Json::object();
    const torch::NoGradGuard no_grad;
    model_->eval();
    const auto device = model_->parameters().front().device();
    std::vector<int64_t> lengths;
    for (const auto& clip : *clips) lengths.push_back(int64_t(clip.samples.size()));
    double nll = 0, samples = 0;
    int64_t done = 0;
    for (const auto& rows : length_batches(lengths, 8, 0, 0)) {
      if (limit > 0 && done == limit) break;
      std::vector<WaveClip> parts;
      std::vector<std::pair<int64_t, int64_t>> places;
      for (const auto row : rows) {
        parts.push_back((*clips)[size_t(row)]);
        places.emplace_back(0, int64_t(parts.back().samples.size()) / data_.mel.hop);
      }
      auto batch = make_batch(parts, places);
      for (auto& [key, tensor] : batch.tensors) tensor = tensor.to(device);
      nll += loss(batch, "").item<double>();
      samples += batch.weight;
      ++done;
    }
    Json metrics = {{"loss", nll / samples}, {"bits", nll / samples / std::numbers::ln2}};
    if (config_.output == WaveOutput::MuLaw && limit == 0) {
      const auto [unigram, bigram] = levels_.bits(*clips);
      metrics["unigram_bits"] = unigram;
      metrics["bigram_bits"] = bigram;
    }
    metrics["clips"] = clips->size();
    return metrics;
  }
  Objective objective() const override { return {"bits", true}; }

  // {"out": "x.wav", "text": "seven", "speaker": "jackson", "seconds": 0.5, "seed": 0, "temperature": 1; "file": the
  // sound whose spectrogram is followed, "picture": "x.svg"} -> {"file", "seconds", "cpu_seconds", "times_real_time"}
  Json predict(const Json& request) override {
    require("predict", request.is_object() && request.contains("out") && request["out"].is_string(),
            "the request has no string \"out\", expected {\"out\": \"x.wav\", \"text\": ..., \"speaker\": ...}");
    const auto one_of = [&](const char* key, bool wanted, const std::vector<std::string>& names) -> int64_t {
      if (!wanted) return 0;
      require("predict", request.contains(key) && request[key].is_string(), "the request has no string \"", key, "\"",
              suggest("", names));
      const std::string name = request[key];
      const auto found = std::find(names.begin(), names.end(), name);
      require("predict", found != names.end(), key, " is '", name, "'", suggest(name, names));
      return found - names.begin();
    };
    WaveClip clip;
    clip.text = one_of("text", data_.text, texts_);
    clip.speaker = one_of("speaker", data_.speaker, speakers_);
    double seconds = seconds_.at(size_t(clip.text)).at(size_t(clip.speaker));
    if (data_.spectrogram) {
      require("predict", request.contains("file") && request["file"].is_string(),
              "the request has no string \"file\", expected the sound whose spectrogram is followed");
      clip.samples = scaled(read_audio(request["file"].get<std::string>(), data_.rate).samples);
      seconds = double(clip.samples.size()) / double(data_.rate);
    } else {
      seconds = number(request, "seconds", seconds, 0.01, 600);
      clip.samples.resize(size_t(seconds * double(data_.rate)));
    }
    const double before = cpu_time_s();
    const auto samples = generate(clip, request.value("seed", uint64_t{0}), number(request, "temperature", 1, 0, 10));
    const double spent = cpu_time_s() - before, length = double(samples.size()) / double(data_.rate);
    write_file_atomic(request["out"].get<std::string>(), encode_wav(samples, data_.rate));
    if (request.contains("picture"))
      write_file_atomic(request["picture"].get<std::string>(), picture(samples, "generated"));
    return {{"file", request["out"]}, {"seconds", length}, {"cpu_seconds", spent}, {"times_real_time", length / spent}};
  }

  // A generated clip and a real one of the same text and speaker, to see and to hear.
  void illustrate(const std::string& folder) override {
    const auto& real = splits_.at(splits_.contains("validation") ? "validation" : "train").front();
    auto clip = real;
    if (!data_.spectrogram) std::fill(clip.samples.begin(), clip.samples.end(), 0.0F);
    const auto samples = generate(clip, 0, 1);
    std::string title = data_.text ? "\"" + texts_[size_t(clip.text)] + "\"" : "a clip";
    if (data_.speaker) title += " by " + speakers_[size_t(clip.speaker)];
    const auto at = [&](const char* file) { return fs::path(folder) / file; };
    write_file_atomic(at("generated.svg"), picture(samples, "generated: " + title));
    write_file_atomic(at("generated.wav"), encode_wav(samples, data_.rate));
    write_file_atomic(at("real.svg"), picture(real.samples, "real: " + title));
    write_file_atomic(at("real.wav"), encode_wav(real.samples, data_.rate));
  }

  std::string unit() const override { return "sample"; }
  double train_flops_per_unit() const override { return 3 * model_->forward_flops(); }
  void save_assets(const std::string& folder) const override {
    fs::create_directories(folder);
    write_json(fs::path(folder) / "voices.json", {{"texts", texts_}, {"speakers", speakers_}, {"seconds", seconds_}});
    if (!quarantined_.empty()) write_json(fs::path(folder) / "quarantined.json", quarantined_);
  }
  std::string data_hash() const override { return hash_; }
  Json card() const override {
    Json card = {{"parameters", count_parameters(*model_)},
                 {"layers", config_.dilations.size()},
                 {"receptive_field", config_.receptive_field()},
                 {"output", enum_name(config_.output)},
                 {"rate", data_.rate},
                 {"texts", data_.text ? texts_.size() : 0},
                 {"speakers", data_.speaker ? speakers_ : std::vector<std::string>()}};
    if (const auto train = splits_.find("train"); train != splits_.end())
      card["data"] = {{"source", data_.train}, {"clips", train->second.size()}, {"left_out", quarantined_.size()}};
    card["intended_use"] = "sound like its training clips; experiments with synthesis";
    card["limits"] =
        "imitates the voices it was trained on: ask their owners before you publish; no text it has not seen";
    return card;
  }

 private:
  // Each text has places of its own, so that a frame knows what is said there, not only which text it is in.
  int64_t place_features() const { return data_.place * (data_.text ? int64_t(texts_.size()) : 1); }

  std::vector<float> scaled(std::vector<float> samples) const {
    float most = 0;
    for (const float x : samples) most = std::max(most, std::abs(x));
    if (data_.peak > 0 && most > 0)
      for (auto& x : samples) x *= float(data_.peak) / most;
    return samples;
  }

  void read_clips() {
    std::map<std::string, Speech> read;
    std::set<std::string> texts, speakers;
    for (const auto& [name, where] :
         {std::pair{"train", data_.train}, {"validation", data_.validation}, {"test", data_.test}})
      if (!where.empty()) read[name] = read_speech(where, data_);
    for (const auto& u : read.at("train").utterances) texts.insert(u.text), speakers.insert(u.speaker);
    require("data", !data_.text || texts.size() <= kMostTexts, data_.train, " has ", texts.size(),
            " texts, expected at most ", kMostTexts, ", each a class; set data.text = false");
    texts_.assign(texts.begin(), texts.end());
    speakers_.assign(speakers.begin(), speakers.end());
    const auto index = [](const std::vector<std::string>& names, const std::string& name, bool counts,
                          const std::string& path, const char* what) -> int64_t {
      if (!counts) return 0;
      const auto found = std::lower_bound(names.begin(), names.end(), name);
      require("data", found != names.end() && *found == name, path, ": the ", what, " is '", name,
              "', which the training clips lack", suggest(name, names));
      return found - names.begin();
    };
    std::string identity;
    for (auto& [name, speech] : read) {
      for (auto& u : speech.utterances) {
        WaveClip clip{scaled(std::move(u.samples))};
        clip.real = int64_t(clip.samples.size());
        clip.text = index(texts_, u.text, data_.text, u.path, "text");
        clip.speaker = index(speakers_, u.speaker, data_.speaker, u.path, "speaker");
        clip.samples.resize(size_t((clip.real + data_.mel.hop - 1) / data_.mel.hop * data_.mel.hop));
        if (name == "train") levels_.add(clip);
        splits_[name].push_back(std::move(clip));
      }
      for (const auto& why : speech.quarantined) log_warning("left out: " + why);
      quarantined_.insert(quarantined_.end(), speech.quarantined.begin(), speech.quarantined.end());
      identity += name + speech.hash;
    }
    hash_ = sha256_hex(identity);
    // The middle length of each text by each speaker, of all clips where there is none.
    const auto middle = [&](std::optional<int64_t> text, std::optional<int64_t> speaker) {
      std::vector<double> lengths;
      for (const auto& clip : splits_.at("train"))
        if (clip.text == text.value_or(clip.text) && clip.speaker == speaker.value_or(clip.speaker))
          lengths.push_back(double(clip.real) / double(data_.rate));
      if (lengths.empty()) return 0.0;
      std::nth_element(lengths.begin(), lengths.begin() + std::ptrdiff_t(lengths.size() / 2), lengths.end());
      return lengths[lengths.size() / 2];
    };
    const double all = middle({}, {});
    for (size_t i = 0; i < (data_.text ? texts_.size() : 1); ++i) {
      seconds_.emplace_back();
      for (size_t j = 0; j < (data_.speaker ? speakers_.size() : 1); ++j) {
        const double own = middle(int64_t(i), int64_t(j));
        seconds_.back().push_back(own > 0 ? own : all);
      }
    }
  }

  std::shared_ptr<const std::vector<std::vector<int64_t>>> batches_of(int64_t epoch) {
    const std::lock_guard lock(mutex_);
    if (epoch_ != epoch) {
      std::vector<int64_t> lengths;
      for (const auto& clip : splits_.at("train"))
        lengths.push_back(std::min(int64_t(clip.samples.size()), data_.segment));
      batches_ = std::make_shared<std::vector<std::vector<int64_t>>>(
          length_batches(lengths, options_.batch_size, options_.seed, epoch));
      epoch_ = epoch;
    }
    return batches_;
  }

  // [F, B, L]: log-mels around 0, and triangles over the clip.
  Tensor local_features(const std::vector<WaveClip>& clips, const std::vector<std::pair<int64_t, int64_t>>& places,
                        int64_t F) const {
    const auto B = int64_t(clips.size()), M = data_.spectrogram ? data_.mel.bins : 0, P = data_.place;
    auto local = torch::zeros({F, B, M + place_features()});
    auto out = local.accessor<float, 3>();
    for (int64_t b = 0; b < B; ++b) {
      const auto& clip = clips[size_t(b)];
      const auto frames = int64_t(clip.samples.size()) / data_.mel.hop;
      const auto mel = M > 0 ? mel_(clip.samples) : std::vector<float>();
      const auto own = M + (data_.text ? clip.text * P : 0);
      for (int64_t f = 0; f < frames; ++f) {
        for (int64_t m = 0; m < M; ++m) out[f][b][m] = mel[size_t(f * M + m)] / 4 + 1;
        const double at = (double(places[size_t(b)].first + f) + 0.5) / double(places[size_t(b)].second);
        for (int64_t p = 0; p < P; ++p)
          out[f][b][own + p] = float(std::max(0.0, 1 - std::abs(at * double(P - 1) - double(p))));
      }
    }
    return local;
  }

  Batch make_batch(const std::vector<WaveClip>& clips, const std::vector<std::pair<int64_t, int64_t>>& places) const {
    const auto B = int64_t(clips.size());
    int64_t T = 0;
    for (const auto& clip : clips) T = std::max(T, int64_t(clip.samples.size()));
    const bool mu_law = config_.output == WaveOutput::MuLaw;
    auto previous = mu_law ? torch::full({T, B}, mu_law_encode(0), torch::kLong) : torch::zeros({T, B});
    auto targets = mu_law ? torch::full({T, B}, kIgnore, torch::kLong)
                          : torch::full({T, B}, std::numeric_limits<float>::quiet_NaN());
    auto texts = torch::empty({B}, torch::kLong), speakers = torch::empty({B}, torch::kLong);
    double weight = 0;
    for (int64_t b = 0; b < B; ++b) {
      const auto& clip = clips[size_t(b)];
      texts.data_ptr<int64_t>()[b] = clip.text;
      speakers.data_ptr<int64_t>()[b] = clip.speaker;
      weight += double(clip.real);
      for (int64_t t = 0; t < clip.real; ++t) {
        const float x = clip.samples[size_t(t)];
        if (mu_law) {
          const auto code = mu_law_encode(x);
          targets.data_ptr<int64_t>()[t * B + b] = code;
          if (t + 1 < T) previous.data_ptr<int64_t>()[(t + 1) * B + b] = code;
        } else {
          targets.data_ptr<float>()[t * B + b] = x;
          if (t + 1 < T) previous.data_ptr<float>()[(t + 1) * B + b] = x;
        }
      }
    }
    Batch batch{{{"previous", previous}, {"targets", targets}, {"texts", texts}, {"speakers", speakers}}, weight};
    if (data_.spectrogram || data_.place > 0) batch.tensors["local"] = local_features(clips, places, T / data_.mel.hop);
    return batch;
  }

  Tensor conditions_of(const Batch& batch) {
    const auto local = batch.tensors.contains("local") ? batch["local"] : Tensor();
    const auto conditions =
        model_->condition(batch["texts"], batch["speakers"], local, batch["previous"].size(0) / data_.mel.hop);
    return conditions.expand({-1, batch["previous"].size(1), -1});
  }

  // As long as clip.samples, whose values only count for a spectrogram.
  std::vector<float> generate(WaveClip clip, uint64_t seed, double temperature) {
    const torch::NoGradGuard no_grad;
    model_->eval();
    const auto hop = data_.mel.hop;
    clip.real = int64_t(clip.samples.size());
    const auto frames = (clip.real + hop - 1) / hop;
    clip.samples.resize(size_t(frames * hop));
    auto batch = make_batch({clip}, {{0, frames}});
    for (auto& [key, tensor] : batch.tensors) tensor = tensor.to(model_->parameters().front().device());
    if (!sampler_) sampler_.emplace(*model_);
    Rng rng(seed, 0);
    auto samples = sampler_->generate(conditions_of(batch), rng, temperature);
    samples.resize(size_t(clip.real));
    return samples;
  }

  std::string picture(const std::vector<float>& samples, const std::string& title) const {
    return spectrogram_svg(mel_(samples), mel_.bins(), double(data_.mel.hop) / double(data_.rate), title);
  }

  static double number(const Json& request, const char* key, double otherwise, double low, double high) {
    if (!request.contains(key)) return otherwise;
    require("predict", request[key].is_number(), key, " is ", request[key].dump(), ", expected a number");
    const double value = request[key];
    require("predict", value >= low && value <= high, key, " is ", value, ", expected ", low, " to ", high);
    return value;
  }

  WaveNetConfig config_;
  WaveformConfig data_;
  TaskOptions options_;
  LogMel mel_;
  std::vector<std::string> texts_, speakers_;  // sorted
  std::vector<std::vector<double>> seconds_;   // [text][speaker]
  std::map<std::string, std::vector<WaveClip>> splits_;
  LevelCounts levels_;
  std::vector<std::string> quarantined_;
  std::string hash_;
  WaveNet model_{nullptr};
  std::optional<WaveNetSampler> sampler_;  // of the weights at the first call: predict() and illustrate() come last
  std::mutex mutex_;                       // of the two below
  int64_t epoch_ = -1;
  std::shared_ptr<const std::vector<std::vector<int64_t>>> batches_;
};

}  // namespace

std::unique_ptr<Task> make_wavenet(const Document& recipe, const TaskOptions& options) {
  return std::make_unique<WaveformTask>(read_config<WaveNetConfig>(recipe, "model"),
                                        read_config<WaveformConfig>(recipe, "data"), options);
}

}  // namespace ingot
