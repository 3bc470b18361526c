// Shapes: B clips, T frames, T' frames behind the subsampling, M mel bands, C labels with the blank.
#include "ingot/tasks/transcribe.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/data/datasets.h"
#include "ingot/data/permutation.h"
#include "ingot/data/unicode.h"
#include "ingot/tasks/spectrogram.h"

namespace ingot {
namespace {

constexpr int64_t kStrings = 300;

int64_t repeats_of(const std::vector<int64_t>& labels) {
  int64_t repeats = 0;
  for (size_t i = 1; i < labels.size(); ++i) repeats += labels[i] == labels[i - 1];
  return repeats;
}

// [B, T, M], zeros behind the end of each.
Tensor pad_mels(const std::vector<const std::vector<float>*>& mels, int64_t M, Tensor& frames) {
  const auto B = int64_t(mels.size());
  int64_t T = 0;
  frames = torch::empty({B}, torch::kLong);
  for (int64_t b = 0; b < B; ++b) {
    const auto own = int64_t(mels[size_t(b)]->size()) / M;
    frames.data_ptr<int64_t>()[b] = own;
    T = std::max(T, own);
  }
  auto x = torch::zeros({B, T, M});
  for (int64_t b = 0; b < B; ++b)
    std::copy(mels[size_t(b)]->begin(), mels[size_t(b)]->end(), x.data_ptr<float>() + b * T * M);
  return x;
}

void spec_augment(std::vector<float>& mel, int64_t M, const SpecAugmentConfig& config, Rng& rng) {
  const auto T = int64_t(mel.size()) / M;
  const auto blank = [&](int64_t t0, int64_t t1, int64_t m0, int64_t m1) {
    for (int64_t t = t0; t < t1; ++t) std::fill(mel.begin() + t * M + m0, mel.begin() + t * M + m1, 0.0F);
  };
  for (int64_t i = 0; i < config.bands; ++i) {
    const auto width = int64_t(rng.below(uint64_t(std::min(config.band_width, M - 1) + 1)));
    const auto first = int64_t(rng.below(uint64_t(M - width + 1)));
    blank(0, T, first, first + width);
  }
  for (int64_t i = 0; i < config.times; ++i) {
    const auto width = int64_t(rng.below(uint64_t(std::min(config.time_width, T / 5) + 1)));
    const auto first = int64_t(rng.below(uint64_t(T - width + 1)));
    blank(first, first + width, 0, M);
  }
}

}  // namespace

Problems TranscribeConfig::validate() const {
  auto p = SpeechConfig::validate();
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(!speeds.empty(), "speeds: got none, expected at least one");
  for (const double speed : speeds) check(speed >= 0.5 && speed <= 2, "speeds: got ", speed, ", expected 0.5 to 2");
  check(concatenate >= 1 && concatenate <= 100, "concatenate: got ", concatenate, ", expected 1 to 100");
  check(decode.beam >= 1 && decode.beam <= 1000, "decode.beam: got ", decode.beam, ", expected 1 to 1000");
  check(decode.lm.empty() || decode.beam > 1, "decode.beam: got 1 with a language model, expected more");
  check(spec_augment.bands >= 0 && spec_augment.times >= 0 && spec_augment.band_width >= 0 &&
            spec_augment.time_width >= 0,
        "spec_augment: got a number below 0, expected 0 or more");
  return p;
}

TranscribeTask::TranscribeTask(const TranscribeConfig& config, const TaskOptions& options)
    : config_(config), options_(options), mel_(config.mel, config.rate) {
  const auto assets = fs::path(options.run_folder) / "assets";
  if (options.purpose == Purpose::Infer) {
    labels_ = read_json(assets / "labels.json").get<std::vector<std::string>>();
    if (!config.decode.lm.empty()) lm_.emplace(assets / "lm.arpa");
  } else {
    for (const auto& [name, where] :
         {std::pair{"train", config.train}, {"validation", config.validation}, {"test", config.test}})
      if (!where.empty()) splits_[name] = read_speech(where, config);
    std::set<std::string> units;
    for (auto& [name, split] : splits_)
      for (auto& u : split.utterances) {
        u.text = normalised(u.text);
        if (name == "train")
          for (const auto& unit : units_of(u.text)) units.insert(unit);
      }
    if (config.concatenate > 1 && config.units == SpeechUnits::Characters) units.insert(" ");
    labels_.emplace_back();
    labels_.insert(labels_.end(), units.begin(), units.end());
    if (!config.decode.lm.empty()) lm_.emplace(find_data(config.decode.lm));
    for (const double speed : config.speeds)  // at speed s a clip of n samples has n / s
      speeds_.emplace_back(int64_t(std::llround(double(config.rate) * speed)), config.rate);
  }
  for (size_t i = 1; i < labels_.size(); ++i) label_ids_[labels_[i]] = int64_t(i);
}

std::string TranscribeTask::normalised(const std::string& text) const {
  std::string result;
  for (const auto& word : words_of(config_.lowercase ? lower(text) : text))
    result += (result.empty() ? "" : " ") + word;
  return result;
}

std::vector<std::string> TranscribeTask::units_of(const std::string& text) const {
  return config_.units == SpeechUnits::Words ? words_of(text) : characters_of(text);
}

std::vector<int64_t> TranscribeTask::encode(const std::string& text, const std::string& origin) const {
  std::vector<int64_t> result;
  for (const auto& unit : units_of(text)) {
    const auto found = label_ids_.find(unit);
    require("data", found != label_ids_.end(), origin, ": the text has '", unit,
            "', which no training transcript has, expected one of ", label_ids_.size(), " ", enum_name(config_.units));
    result.push_back(found->second);
  }
  return result;
}

std::string TranscribeTask::text_of(const std::vector<int64_t>& labels) const {
  std::string text;
  for (const auto label : labels) {
    if (config_.units == SpeechUnits::Words && !text.empty()) text += ' ';
    text += labels_.at(size_t(label));
  }
  return normalised(text);
}

std::vector<float> TranscribeTask::mel_of(const std::vector<float>& samples) const {
  auto mel = mel_(samples);
  mel_.normalise(mel);
  return mel;
}

void TranscribeTask::set_model(std::shared_ptr<SpeechRecognizer> model) {
  model_ = std::move(model);
  std::string identity;
  for (auto& [name, split] : splits_) {
    std::vector<std::string> failures;
    for (const auto& u : split.utterances) {
      const auto labels = encode(u.text, u.path);
      const auto room = model_->output_frames(mel_.frames(int64_t(u.samples.size())));
      const auto need = int64_t(labels.size()) + repeats_of(labels);
      failures.emplace_back();
      if (need > room)
        failures.back() =
            detail::join_parts(u.path, ": the text '", u.text.substr(0, 40), "' needs ", need,
                               " frames (a label each, a blank between "
                               "equal ones), expected at most ",
                               room, ", which ", double(u.samples.size()) / double(config_.rate),
                               " s of sound give; correct it, or lower model.subsampling or data.mel.hop");
      else if (name == "train")
        targets_.push_back(labels);
    }
    split.leave_out(failures, config_.quarantine_budget);
    quarantined_.insert(quarantined_.end(), split.quarantined.begin(), split.quarantined.end());
    identity += name + split.hash;
  }
  for (const auto& why : quarantined_) log_warning("left out: " + why);
  require("data", splits_.empty() || !targets_.empty(), config_.train, " holds no usable clip, expected at least one");
  hash_ = sha256_hex(identity);
}

int64_t TranscribeTask::batches_per_epoch() const {
  return (int64_t(targets_.size()) + options_.batch_size - 1) / options_.batch_size;
}

Batch TranscribeTask::train_batch(int64_t index) {
  const auto& clips = splits_.at("train").utterances;
  const auto rows = int64_t(clips.size()), batches = batches_per_epoch(), begin = index % batches * options_.batch_size;
  const auto B = std::min(options_.batch_size, rows - begin), M = mel_.bins();
  Rng rng(options_.seed, uint64_t(index));
  const auto parts = 1 + int64_t(rng.below(uint64_t(config_.concatenate)));  // the same for the batch: like lengths
  std::vector<std::vector<float>> mels;
  std::vector<int64_t> labels, counts;
  for (int64_t b = 0; b < B; ++b) {
    std::vector<float> samples;
    std::vector<int64_t> text;
    for (int64_t part = 0; part < parts; ++part) {
      const auto row = part == 0
                           ? shuffled(uint64_t(begin + b), uint64_t(rows), options_.seed, uint64_t(index / batches))
                           : rng.below(uint64_t(rows));
      const auto own = speeds_[rng.below(speeds_.size())](clips[row].samples);
      samples.insert(samples.end(), own.begin(), own.end());
      if (part > 0 && config_.units == SpeechUnits::Characters) text.push_back(label_ids_.at(" "));
      text.insert(text.end(), targets_[row].begin(), targets_[row].end());
    }
    mels.push_back(mel_of(samples));
    spec_augment(mels.back(), M, config_.spec_augment, rng);
    counts.push_back(int64_t(text.size()));
    labels.insert(labels.end(), text.begin(), text.end());
  }
  std::vector<const std::vector<float>*> pointers;
  for (const auto& mel : mels) pointers.push_back(&mel);
  Tensor frames;
  const auto x = pad_mels(pointers, M, frames);
  return {{{"mel", x}, {"frames", frames}, {"labels", torch::tensor(labels)}, {"counts", torch::tensor(counts)}},
          double(labels.size())};
}

Tensor TranscribeTask::loss(const Batch& batch, const std::string&) {
  const auto frames = batch["frames"].cpu();
  auto lengths = torch::empty_like(frames);
  for (int64_t b = 0; b < frames.size(0); ++b)
    lengths.data_ptr<int64_t>()[b] = model_->output_frames(frames.data_ptr<int64_t>()[b]);
  const auto log_p = model_->forward(batch["mel"], frames).transpose(0, 1).to(torch::kFloat);  // [T', B, C]
  // A clip played faster may become too short for its text: its loss would be infinite.
  return at::ctc_loss(log_p, batch["labels"], lengths, batch["counts"].cpu(), /*blank=*/0, at::Reduction::Sum,
                      /*zero_infinity=*/true);
}

double TranscribeTask::language_score(const std::vector<int64_t>& prefix, int64_t label) const {
  const bool words = config_.units == SpeechUnits::Words;
  const bool ends = label == -1, space = !words && !ends && labels_[size_t(label)] == " ";
  if (!words && !ends && !space) return 0;
  auto history = words_of(text_of(prefix));
  history.insert(history.begin(), "<s>");
  const auto weigh = [&](const std::string& word, double bonus) {
    return config_.decode.lm_weight * lm_->log_p(history, word) + bonus;
  };
  if (words) return ends ? weigh("</s>", 0) : weigh(labels_[size_t(label)], config_.decode.word_bonus);
  double sum = 0;
  if (!prefix.empty() && labels_[size_t(prefix.back())] != " ") {  // a word is whole
    const auto word = history.back();
    history.pop_back();
    sum = weigh(word, config_.decode.word_bonus);
    history.push_back(word);
  }
  return ends ? sum + weigh("</s>", 0) : sum;
}

std::vector<TranscribeTask::Heard> TranscribeTask::listen(const std::vector<const std::vector<float>*>& mels,
                                                          int64_t beam) {
  const torch::NoGradGuard no_grad;
  model_->eval();
  Tensor frames;
  const auto x = pad_mels(mels, mel_.bins(), frames);
  const auto log_p =
      model_->forward(x.to(model_->parameters().front().device()), frames).to(torch::kFloat).cpu().contiguous();
  std::vector<Heard> heard;
  for (int64_t b = 0; b < log_p.size(0); ++b) {
    const Posteriors p{log_p[b].data_ptr<float>(), model_->output_frames(frames.data_ptr<int64_t>()[b]), log_p.size(2)};
    auto path = best_path(p);
    auto best = path;
    if (beam > 1)
      best = prefix_beam(p, {.beam = beam},
                         lm_ ? LabelScore([this](const std::vector<int64_t>& prefix, int64_t label) {
                           return language_score(prefix, label);
                         })
                             : LabelScore());
    heard.push_back({text_of(best.labels), std::move(path), best.score});
  }
  return heard;
}

Json TranscribeTask::score(const std::vector<Clip>& clips, int64_t beam, int64_t limit) {
  constexpr size_t kRows = 32;
  std::vector<size_t> order(clips.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t i, size_t j) { return clips[i].mel.size() < clips[j].mel.size(); });
  const torch::NoGradGuard no_grad;
  EditCounts words, characters;
  double loss = 0, labels = 0;
  int64_t batches = 0, count = 0;
  for (size_t begin = 0; begin < order.size() && (limit == 0 || batches < limit); begin += kRows, ++batches) {
    std::vector<const std::vector<float>*> mels;
    std::vector<int64_t> targets, counts;
    for (size_t i = begin; i < std::min(begin + kRows, order.size()); ++i) {
      const auto& clip = clips[order[i]];
      mels.push_back(&clip.mel);
      const auto own = encode(clip.text, clip.text);
      targets.insert(targets.end(), own.begin(), own.end());
      counts.push_back(int64_t(own.size()));
    }
    const auto heard = listen(mels, beam);
    for (size_t i = 0; i < heard.size(); ++i, ++count) {
      const auto& text = clips[order[begin + i]].text;
      words += count_edits(words_of(text), words_of(heard[i].text));
      characters += count_edits(characters_of(text), characters_of(heard[i].text));
    }
    Tensor frames;
    const auto x = pad_mels(mels, mel_.bins(), frames);
    const auto device = model_->parameters().front().device();
    Batch batch{{{"mel", x.to(device)},
                 {"frames", frames},
                 {"labels", torch::tensor(targets).to(device)},
                 {"counts", torch::tensor(counts)}}};
    loss += this->loss(batch, "").item<double>();
    labels += double(targets.size());
  }
  return {{"loss", loss / labels},
          {"wer", words.rate()},
          {"cer", characters.rate()},
          {"words", words.reference()},
          {"substitutions", words.substitutions},
          {"deletions", words.deletions},
          {"insertions", words.insertions},
          {"clips", count}};
}

Json TranscribeTask::evaluate(const std::string& name, int64_t limit) {
  const auto* split = find_split(splits_, name, "clips");
  if (!split) return Json::object();
  const bool test = name == "test" && limit == 0;
  const auto beam = test ? config_.decode.beam : 1;
  std::vector<Clip> clips;
  for (const auto& u : split->utterances) clips.push_back({mel_of(u.samples), u.text});
  auto metrics = score(clips, beam, limit);
  if (beam > 1) metrics["best_path_wer"] = score(clips, 1, limit)["wer"];
  if (!test || config_.concatenate == 1) return metrics;

  clips.clear();
  for (int64_t i = 0; i < kStrings; ++i) {
    Rng rng(0, uint64_t(i));
    std::vector<float> samples;
    std::string text;
    for (int64_t part = 0; part < config_.concatenate; ++part) {
      const auto& u = split->utterances[rng.below(split->utterances.size())];
      samples.insert(samples.end(), u.samples.begin(), u.samples.end());
      text += (part ? " " : "") + u.text;
    }
    clips.push_back({mel_of(samples), text});
  }
  metrics["strings"] = score(clips, beam, 0);
  if (beam > 1) metrics["strings"]["best_path_wer"] = score(clips, 1, 0)["wer"];
  return metrics;
}

std::string TranscribeTask::transcribe(const std::vector<float>& samples) {
  const auto mel = mel_of(samples);
  return listen({&mel}, config_.decode.beam)[0].text;
}

std::string TranscribeTask::picture(const std::vector<float>& samples, const std::string& title) {
  const auto mel = mel_of(samples);
  const auto heard = listen({&mel}, 1)[0];
  const auto frames = int64_t(mel.size()) / mel_.bins();
  const double hop = double(config_.mel.hop) / double(config_.rate);
  const double step = hop * double(frames) / double(model_->output_frames(frames));
  std::vector<SoundMark> marks;
  for (size_t i = 0; i < heard.path.labels.size(); ++i)
    marks.push_back({(double(heard.path.frames[i]) + 0.5) * step, labels_.at(size_t(heard.path.labels[i]))});
  return spectrogram_svg(mel, mel_.bins(), hop, title + " heard: " + heard.text, marks);
}

void TranscribeTask::illustrate(const std::string& folder) {
  const auto found = splits_.find(splits_.contains("validation") ? "validation" : "train");
  if (found == splits_.end()) return;
  const auto& clips = found->second.utterances;
  std::vector<float> samples;
  std::string text;
  for (int64_t part = 0; part < config_.concatenate; ++part) {
    const auto& u = clips[shuffled(uint64_t(part) % clips.size(), clips.size(), 0, 0)];
    samples.insert(samples.end(), u.samples.begin(), u.samples.end());
    text += (part ? " " : "") + u.text;
  }
  write_file_atomic(fs::path(folder) / "alignment.svg", picture(samples, "said: " + text + ";"));
}

Json TranscribeTask::predict(const Json& request) {
  require("predict", request.is_object() && request.contains("file") && request["file"].is_string(),
          "the request has no string \"file\", expected {\"file\": \"speech.wav\"}");
  const auto audio = read_audio(request["file"].get<std::string>(), config_.rate);
  const auto mel = mel_of(audio.samples);
  const auto heard = listen({&mel}, config_.decode.beam)[0];
  Json answer = {{"text", heard.text}, {"seconds", audio.seconds()}, {"score", heard.score}};
  if (text_of(heard.path.labels) == heard.text) {  // the times are those of the best path
    const auto frames = int64_t(mel.size()) / mel_.bins();
    const double step =
        double(config_.mel.hop) / double(config_.rate) * double(frames) / double(model_->output_frames(frames));
    answer["words"] = Json::array();
    bool begins = true;
    for (size_t i = 0; i < heard.path.labels.size(); ++i) {
      const auto& label = labels_.at(size_t(heard.path.labels[i]));
      if (label == " ") {
        begins = true;
        continue;
      }
      if (begins || config_.units == SpeechUnits::Words)
        answer["words"].push_back({{"word", ""}, {"at", double(heard.path.frames[i]) * step}});
      answer["words"].back()["word"] = answer["words"].back()["word"].get<std::string>() + label;
      begins = false;
    }
  }
  if (request.contains("picture")) {
    require("predict", request["picture"].is_string(), "picture is ", request["picture"].dump(),
            ", expected a file name: \"alignment.svg\"");
    write_file_atomic(request["picture"].get<std::string>(), picture(audio.samples, ""));
  }
  return answer;
}

double TranscribeTask::train_flops_per_unit() const {
  double frames = 0, labels = 0;
  for (const auto& u : splits_.at("train").utterances) frames += double(mel_.frames(int64_t(u.samples.size())));
  for (const auto& target : targets_) labels += double(target.size());
  const auto mean = frames / double(targets_.size());
  return 3 * model_->forward_flops(int64_t(mean)) * double(targets_.size()) / labels;
}

void TranscribeTask::save_assets(const std::string& folder) const {
  fs::create_directories(folder);
  write_json(fs::path(folder) / "labels.json", labels_);
  if (!config_.decode.lm.empty())
    write_file_atomic(fs::path(folder) / "lm.arpa", read_file(find_data(config_.decode.lm)));
  if (!quarantined_.empty()) write_json(fs::path(folder) / "quarantined.json", quarantined_);
}

Json TranscribeTask::card() const {
  Json card = model_->card();
  card["labels"] = num_labels();
  card["units"] = enum_name(config_.units);
  card["rate"] = config_.rate;
  if (splits_.contains("train")) {
    double seconds = 0;
    for (const auto& u : splits_.at("train").utterances) seconds += double(u.samples.size()) / double(config_.rate);
    card["data"] = {{"source", config_.train},
                    {"clips", targets_.size()},
                    {"minutes", std::round(seconds / 6) / 10},
                    {"left_out", quarantined_.size()}};
  }
  card["intended_use"] = "transcripts of speech like its training clips: the same words, language and kind of speaker";
  card["limits"] = "writes something for any sound, also for none; other words, accents, noise and rooms are untested";
  return card;
}

}  // namespace ingot
