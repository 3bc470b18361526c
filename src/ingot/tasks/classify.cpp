#include "ingot/tasks/classify.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/permutation.h"

namespace F = torch::nn::functional;

namespace ingot {
namespace {

template <typename Take>
void for_each_word(const std::string& text, const Take& take) {
  static const auto kSpace = [] {
    std::array<bool, 256> space{};
    for (const unsigned char c : std::string("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n ")) space[c] = true;
    return space;
  }();
  std::string word;
  for (const unsigned char c : text) {
    if (!kSpace[c]) {
      word += c >= 'A' && c <= 'Z' ? char(c + 32) : char(c);
    } else if (!word.empty()) {
      take(word);
      word.clear();
    }
  }
  if (!word.empty()) take(word);
}

// [B, C], or [B, 1] (a logit of the second class) -> [B, max(C, 2)] float.
Tensor log_probabilities(const Tensor& logits) {
  const auto x = logits.to(torch::kFloat);
  return x.size(1) == 1 ? torch::log_sigmoid(torch::cat({-x, x}, 1)) : x.log_softmax(1);
}

}  // namespace

WordIndex::WordIndex(const std::vector<std::string>& texts, int64_t num_words) {
  std::unordered_map<std::string, std::pair<int64_t, int64_t>> counts;  // count, order of appearance
  for (const auto& text : texts)
    for_each_word(text, [&](const std::string& word) {
      counts.try_emplace(word, 0, int64_t(counts.size())).first->second.first += 1;
    });
  std::vector<std::pair<std::pair<int64_t, int64_t>, std::string>> order;
  for (const auto& [word, seen] : counts) order.push_back({{-seen.first, seen.second}, word});
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), size_t(num_words - 1)));
  for (auto& [rank, word] : order) words_.push_back(std::move(word));
  index();
}

void WordIndex::index() {
  for (size_t i = 0; i < words_.size(); ++i) ids_[words_[i]] = int64_t(i) + 1;
}

std::vector<int64_t> WordIndex::encode(const std::string& text) const {
  std::vector<int64_t> ids;
  for_each_word(text, [&](const std::string& word) {
    if (const auto found = ids_.find(word); found != ids_.end()) ids.push_back(found->second);
  });
  return ids;
}

void WordIndex::save(const std::string& path) const {
  std::string text;
  for (const auto& word : words_) text += word + "\n";
  write_file_atomic(path, text);
}

WordIndex WordIndex::load(const std::string& path) {
  WordIndex result;
  const std::string text = read_file(path);
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    result.words_.push_back(text.substr(begin, end - begin));
  result.index();
  return result;
}

void pad_in_front(const std::vector<int64_t>& ids, int64_t length, int64_t* row) {
  const int64_t kept = std::min(length, int64_t(ids.size()));
  std::fill(row, row + length - kept, 0);
  std::copy(ids.end() - kept, ids.end(), row + length - kept);
}

ClassifyTask::ClassifyTask(const LabelledTextConfig& data, const TaskOptions& options) : options_(options) {
  if (options.purpose == Purpose::Infer) {
    for (const auto& name : read_json(fs::path(options.run_folder) / "assets" / "labels.json")) names_.push_back(name);
    return;
  }
  train_texts_ = read_labelled_texts(data.train, data);
  names_ = train_texts_.names;
  hash_ = train_texts_.hash;
  if (!data.test.empty()) other_texts_["test"] = read_labelled_texts(data.test, data, names_);
  if (!data.validation.empty()) {
    other_texts_["validation"] =
        data.validation == data.test ? other_texts_["test"] : read_labelled_texts(data.validation, data, names_);
  } else if (data.validation_fraction > 0) {
    const HeldOut held_out(train_texts_.texts.size(), data.validation_fraction, "texts");
    auto whole = std::exchange(train_texts_, {.names = names_, .hash = hash_});
    auto& part = other_texts_["validation"];
    part.names = names_;
    for (size_t i = 0; i < whole.texts.size(); ++i) {
      auto& into = held_out(i) ? part : train_texts_;
      into.texts.push_back(std::move(whole.texts[i]));
      into.labels.push_back(whole.labels[i]);
    }
  } else if (!data.test.empty()) {
    other_texts_["validation"] = other_texts_["test"];
  }
}

EncodedTexts ClassifyTask::encode_split(const LabelledTexts& texts, bool training) const {
  using Rows = std::vector<std::vector<int64_t>>;
  Rows rows;
  std::vector<int64_t> labels;
  for (size_t i = 0; i < texts.texts.size(); ++i) {
    auto ids = encode(texts.texts[i]);
    for (auto& row : training ? training_rows(std::move(ids)) : Rows{std::move(ids)}) {
      rows.push_back(std::move(row));
      labels.push_back(texts.labels[i]);
    }
  }
  EncodedTexts result{torch::empty({int64_t(rows.size()), length()}, torch::kLong),
                      torch::tensor(labels, torch::kLong)};
  for (size_t i = 0; i < rows.size(); ++i) place(rows[i], result.ids.data_ptr<int64_t>() + int64_t(i) * length());
  return result;
}

void ClassifyTask::encode_all() {
  if (options_.purpose == Purpose::Infer) return;
  train_ = encode_split(train_texts_, true);
  for (const auto& [name, texts] : other_texts_) splits_[name] = encode_split(texts, false);
  train_texts_ = {};
  other_texts_.clear();
}

const EncodedTexts* ClassifyTask::split(const std::string& name) const {
  const auto found = splits_.find(name);
  return found == splits_.end() ? nullptr : &found->second;
}

int64_t ClassifyTask::batches_per_epoch() const {
  return (train_.labels.size(0) + options_.batch_size - 1) / options_.batch_size;
}

Batch ClassifyTask::train_batch(int64_t index) {
  const int64_t rows = train_.labels.size(0), T = length();
  const int64_t epoch = index / batches_per_epoch(), begin = index % batches_per_epoch() * options_.batch_size;
  const int64_t count = std::min(options_.batch_size, rows - begin);
  Batch batch{{{"ids", torch::empty({count, T}, torch::kLong)}, {"labels", torch::empty({count}, torch::kLong)}},
              double(count)};
  auto* ids = batch.tensors["ids"].data_ptr<int64_t>();
  auto* labels = batch.tensors["labels"].data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const auto row = int64_t(shuffled(uint64_t(begin + i), uint64_t(rows), options_.seed, uint64_t(epoch)));
    std::copy_n(train_.ids.data_ptr<int64_t>() + row * T, T, ids + i * T);
    vary(ids + i * T, uint64_t(index * options_.batch_size + i));
    labels[i] = train_.labels.data_ptr<int64_t>()[row];
  }
  return batch;
}

Tensor ClassifyTask::batch_loss(const Tensor& logits, const Tensor& labels) const {
  if (logits.size(1) == 1)
    return at::binary_cross_entropy_with_logits(logits.squeeze(1), labels.to(logits.scalar_type()), {}, {},
                                                at::Reduction::Sum);
  return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum);
}

Tensor ClassifyTask::loss(const Batch& batch, const std::string&) {
  return batch_loss(logits(batch["ids"]), batch["labels"]);
}

Json ClassifyTask::evaluate(const std::string& split, int64_t limit) {
  const auto* data = find_split(splits_, split, "texts");
  return data ? report(*data, limit).metrics() : Json::object();
}

ClassificationReport ClassifyTask::report(const EncodedTexts& texts, int64_t limit) {
  constexpr int64_t kRows = 256;
  const torch::NoGradGuard no_grad;
  module().eval();
  const auto device = module().parameters().front().device();
  ClassificationReport report(names_);
  int64_t batches = 0;
  for (int64_t begin = 0; begin < texts.ids.size(0) && (limit == 0 || batches < limit); begin += kRows, ++batches) {
    const auto log_p =
        log_probabilities(logits(texts.ids.slice(0, begin, begin + kRows).to(device))).cpu().contiguous();
    const auto C = log_p.size(1);
    for (int64_t i = 0; i < log_p.size(0); ++i)
      report.add(texts.labels[begin + i].item<int64_t>(), {log_p.data_ptr<float>() + i * C, size_t(C)});
  }
  return report;
}

void ClassifyTask::illustrate(const std::string& folder) {
  if (const auto* texts = split("validation")) report(*texts, 0).write_pictures(folder);
}

Json ClassifyTask::predict(const Json& request) {
  require("predict", request.is_object() && request.contains("text") && request["text"].is_string(),
          "the request has no string \"text\", expected {\"text\": \"...\"}");
  const torch::NoGradGuard no_grad;
  module().eval();
  auto ids = torch::empty({1, length()}, torch::kLong);
  place(encode(request["text"].get<std::string>()), ids.data_ptr<int64_t>());
  const auto p = log_probabilities(logits(ids.to(module().parameters().front().device())))[0].exp().cpu();
  const auto best = p.argmax().item<int64_t>();
  return {{"label", names_.at(size_t(best))}, {"score", p[best].item<double>()}};
}

void ClassifyTask::save_assets(const std::string& folder) const {
  fs::create_directories(folder);
  write_json(fs::path(folder) / "labels.json", names_);
}

}  // namespace ingot
