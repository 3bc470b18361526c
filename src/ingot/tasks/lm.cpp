// Shapes: B windows, T tokens each, V vocabulary.
#include "ingot/tasks/lm.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/rng.h"
#include "ingot/data/unicode.h"
#include "ingot/tasks/kneser_ney.h"
#include "ingot/tasks/metre.h"
#include "ingot/torch/module_state.h"

namespace ingot {

Problems DistillConfig::validate() const {
  Problems problems;
  if (teacher.empty()) problems.push_back("teacher: got \"\", expected a run folder or a Hugging Face folder");
  if (!(weight > 0 && weight <= 1))
    problems.push_back(detail::join_parts("weight: got ", weight, ", expected 0 < weight <= 1"));
  if (!(temperature > 0 && std::isfinite(temperature)))
    problems.push_back(detail::join_parts("temperature: got ", temperature, ", expected above 0"));
  return problems;
}

LmTask::LmTask(std::shared_ptr<LanguageModel> model, LmData data, const CrossEntropyOptions& loss,
               const TaskOptions& options, std::optional<Distillation> distillation)
    : model_(std::move(model)),
      data_(std::move(data)),
      loss_(loss),
      options_(options),
      distillation_(std::move(distillation)) {
  if (options.purpose == Purpose::Infer) return;
  const auto T = model_->context_length();
  require("data", data_.train && data_.train->num_tokens() > T, "the training split has ",
          data_.train ? data_.train->num_tokens() : 0, " tokens, expected more than block_size ", T,
          "; use more text or a smaller model.block_size");
  require("data", data_.config.eval_stride <= T, "eval_stride is ", data_.config.eval_stride,
          ", expected at most block_size ", T);
  for (const auto& text : data_.config.samples.metre.empty() ? std::vector<std::string>() : texts("train"))
    for (const auto line : verses(text)) training_lines_.emplace(line);
}

void LmTask::initialise() {
  if (distillation_) {
    teacher_ = distillation_->teacher();
    teacher_->eval();
    std::string sums;
    for (const auto& [name, value] : module_state(*teacher_)) {
      const auto bytes = value.contiguous();
      sums += sha256_hex({static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()});
    }
    teacher_hash_ = sha256_hex(sums);
  }
  model_->initialise(options_.seed);
}

std::string LmTask::data_hash() const {
  return teacher_ ? data_.identity + "+" + teacher_hash_.substr(0, 16) : data_.identity;
}

bool LmTask::is_hidden_matrix(const std::string& parameter, const Tensor& value) const {
  return value.dim() == 2 && parameter.starts_with("h.");
}

int64_t LmTask::batches_per_epoch() const {
  const auto T = model_->context_length();
  return data_.batches_per_epoch(T, T + 1, options_.batch_size);
}

Batch LmTask::train_batch(int64_t index) {
  const auto T = model_->context_length();
  Rng rng(options_.seed, uint64_t(index));
  return make_batch(*data_.train, data_.window_offsets(T, T + 1, index, options_, rng), T);
}

Batch LmTask::make_batch(const TokenStream& tokens, const std::vector<int64_t>& offsets, int64_t T) const {
  const auto B = int64_t(offsets.size());
  const bool masked = data_.config.document_mask;
  auto ids = at::empty({B, T}, at::kLong), targets = at::empty({B, T}, at::kLong), first_key = Tensor();
  if (masked) first_key = at::empty({B, T}, at::kLong);
  std::vector<int32_t> window(size_t(T + 1));
  int64_t counted = B * T;
  for (int64_t b = 0; b < B; ++b) {
    const auto offset = offsets[size_t(b)];
    tokens.read(offset, T + 1, window.data());
    std::copy_n(window.begin(), T, ids.data_ptr<int64_t>() + b * T);
    std::copy_n(window.begin() + 1, T, targets.data_ptr<int64_t>() + b * T);
    if (!masked) continue;
    // Documents lie one behind the other; the last token of one does not predict the first of the next, unless it is
    // the end-of-text token with which that one begins.
    auto* first = first_key.data_ptr<int64_t>() + b * T;
    for (int64_t t = 0; t < T;) {
      const auto next = tokens.next_document(offset + t) - offset;
      std::fill(first + t, first + std::min(next, T), t);
      if (next <= T && window[size_t(next)] != tokens.end_of_text()) {
        targets.data_ptr<int64_t>()[b * T + next - 1] = kIgnore;
        --counted;
      }
      t = next;
    }
  }
  Batch batch;
  batch.tensors = {{"ids", ids}, {"targets", targets}};
  if (masked) batch.tensors["first_key"] = first_key;
  batch.weight = double(counted);
  return batch;
}

namespace {
Tensor first_key_of(const Batch& batch) {
  const auto found = batch.tensors.find("first_key");
  return found == batch.tensors.end() ? Tensor() : found->second;
}
}  // namespace

Tensor LmTask::loss(const Batch& batch, const std::string&) {
  const auto ids = batch["ids"], first_key = first_key_of(batch), targets = batch["targets"].flatten();
  const auto logits = model_->forward(ids, first_key).flatten(0, 1);  // [B T, V]
  const auto of_text = cross_entropy(logits, targets, loss_);
  if (!distillation_) return of_text;
  INGOT_INVARIANT(teacher_, "initialise() comes before the loss");
  Tensor taught;
  {
    const torch::NoGradGuard no_grad;
    teacher_->to(ids.device());
    taught = teacher_->forward(ids, first_key).flatten(0, 1);
  }
  const auto& [config, open] = *distillation_;
  return (1 - config.weight) * of_text + config.weight * distillation(logits, taught, targets, config.temperature);
}

Json LmTask::evaluate(const std::string& split, int64_t limit) {
  const auto* tokens = data_.split(split);
  if (!tokens || tokens->num_tokens() < 2)
    fail(ErrorKind::NotFound, "eval", "the data has no split '", split, "' of 2 tokens or more");

  const torch::NoGradGuard no_grad;
  const bool was_training = model_->is_training();
  model_->eval();
  const auto device = model_->parameters().front().device();
  // What a predicted token adds to the text.
  std::vector<int32_t> bytes, characters;
  const auto& added = data_.tokenizer->added_tokens();
  for (int64_t id = 0; id < data_.vocab_size; ++id) {
    std::string text;
    if (std::none_of(added.begin(), added.end(), [&](const auto& a) { return a.special && a.id == id; })) try {
        text = data_.tokenizer->token_bytes(int32_t(id));
      } catch (const Error&) {  // an id that no token has
      }
    bytes.push_back(int32_t(text.size()));
    characters.push_back(int32_t(count_code_points(text)));
  }

  const auto T = model_->context_length(), B = std::max<int64_t>(options_.batch_size, 4096 / T);
  const auto stride = data_.config.eval_stride ? data_.config.eval_stride : T;
  const auto predictions = tokens->num_tokens() - 1;
  double loss = 0, total_bytes = 0, total_characters = 0;
  int64_t counted = 0, batches = 0;
  for (int64_t end = 0; end < predictions && (limit == 0 || batches < limit); ++batches) {
    // Windows of one length together; overlapping ones are all full.
    std::vector<int64_t> offsets, known;  // known: targets that an earlier window has counted
    int64_t length = 0;
    while (end < predictions && int64_t(offsets.size()) < B) {
      const auto next = std::min(end + (end == 0 ? T : stride), predictions);
      const auto begin = stride < T ? std::max<int64_t>(next - T, 0) : end;
      if (!offsets.empty() && next - begin != length) break;
      length = next - begin;
      offsets.push_back(begin);
      known.push_back(end - begin);
      end = next;
    }
    const auto batch = make_batch(*tokens, offsets, length);
    const auto targets = batch["targets"];
    for (size_t b = 0; b < known.size(); ++b) targets[int64_t(b)].narrow(0, 0, known[b]).fill_(kIgnore);
    const auto first_key = first_key_of(batch);
    const auto logits =
        model_->forward(batch["ids"].to(device), first_key.defined() ? first_key.to(device) : first_key);
    loss += token_nll(logits.flatten(0, 1), targets.flatten().to(device)).sum(at::kDouble).item<double>();
    for (int64_t i = 0; i < targets.numel(); ++i) {
      const auto id = targets.data_ptr<int64_t>()[i];
      counted += id != kIgnore;
      if (id == kIgnore || id >= data_.vocab_size) continue;
      total_bytes += bytes[size_t(id)];
      total_characters += characters[size_t(id)];
    }
  }
  const double bits = loss / std::numbers::ln2;
  Json metrics = {{"loss", loss / double(counted)},
                  {"perplexity", std::exp(loss / double(counted))},
                  {"bits_per_byte", bits / total_bytes},
                  {"bits_per_char", bits / total_characters},
                  {"tokens", counted}};
  if (data_.config.kneser_ney > 0) metrics["kneser_ney_bits_per_char"] = kneser_ney_bits(split);
  if (const auto& metre = data_.config.samples.metre; !metre.empty()) {
    const auto share = [](const std::vector<std::string>& of, const auto& holds) {
      int64_t lines = 0, held = 0;
      for (const auto& text : of)
        for (const auto line : verses(text)) ++lines, held += holds(line);
      return lines ? double(held) / double(lines) : 0.;
    };
    const auto scanning = [&](std::string_view line) { return scans(line, metre); };
    const auto written = samples();
    metrics["scanning_lines"] = share(written, scanning);
    metrics["held_out_scanning_lines"] = share(texts(split), scanning);
    metrics["copied_lines"] = share(written, [&](std::string_view line) { return training_lines_.contains(line); });
  }
  model_->train(was_training);
  return metrics;
}

std::vector<std::string> LmTask::texts(const std::string& split) const {
  std::vector<std::string> texts;
  for (const auto& ids : data_.split(split)->documents()) texts.push_back(data_.tokenizer->decode(ids));
  return texts;
}

double LmTask::kneser_ney_bits(const std::string& split) {
  if (const auto known = kneser_ney_bits_.find(split); known != kneser_ney_bits_.end()) return known->second;
  std::vector<std::vector<char32_t>> train;
  for (const auto& ids : data_.split("train")->documents()) train.emplace_back(ids.begin(), ids.end());
  const int64_t end_mark = data_.tokenizer->end_of_text() ? 0 : 1;  // beyond the vocabulary
  const KneserNey model(train, data_.config.kneser_ney, data_.vocab_size + end_mark);
  double nats = 0, characters = 0;
  for (const auto& ids : data_.split(split)->documents()) {
    nats += model.nats(std::vector<char32_t>(ids.begin(), ids.end()));
    characters += double(count_code_points(data_.tokenizer->decode(ids)));
  }
  return kneser_ney_bits_[split] = nats / std::numbers::ln2 / characters;
}

// Each text from its own draws, all of them in step: one forward pass a token.
std::vector<std::string> LmTask::samples() {
  const auto count = data_.config.samples.count, T = model_->context_length();
  const auto end = data_.tokenizer->end_of_text(), line = data_.tokenizer->id_of("\n");
  const auto start = end ? end : line;
  require("data", start.has_value(),
          "samples: the tokenizer has neither an end-of-text token nor a line end to start from");
  std::vector<Rng> draws;
  for (int64_t i = 0; i < count; ++i) draws.emplace_back(options_.seed, uint64_t(i));
  std::vector<std::vector<int32_t>> written(static_cast<size_t>(count));
  std::vector<char> ended(size_t(count), false);
  auto cache = model_->make_cache(count, T);
  auto ids = at::full({count, 1}, int64_t(*start), at::kLong);  // [B, 1]
  const auto device = model_->parameters().front().device();
  for (int64_t t = 0; t < T && std::count(ended.begin(), ended.end(), false) > 0; ++t) {
    const auto logits = model_->logits(model_->features(ids.to(device), {}, &cache)).squeeze(1);  // [B, V]
    const auto p = (logits.narrow(1, 0, data_.vocab_size).to(at::kCPU, at::kDouble) / data_.config.samples.temperature)
                       .softmax(-1)
                       .cumsum(-1)
                       .contiguous();
    for (int64_t i = 0; i < count; ++i) {
      if (ended[size_t(i)]) continue;
      const auto* row = p.data_ptr<double>() + i * data_.vocab_size;
      const auto id = std::min<int64_t>(
          std::upper_bound(row, row + data_.vocab_size, draws[size_t(i)].uniform() * row[data_.vocab_size - 1]) - row,
          data_.vocab_size - 1);
      ids.data_ptr<int64_t>()[i] = id;
      ended[size_t(i)] = id == end;
      if (id != end) written[size_t(i)].push_back(int32_t(id));
    }
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < written.size(); ++i) {
    auto& text = texts.emplace_back(data_.tokenizer->decode(written[i]));
    if (!ended[i]) text.resize(std::min(text.rfind('\n'), text.size()));  // the context ended inside a line
  }
  return texts;
}

void LmTask::illustrate(const std::string& folder) {
  if (data_.config.samples.count == 0) return;
  std::string page;
  for (const auto& text : samples()) {
    if (!page.empty()) page += "\n";
    for (const auto line : verses(text)) {
      page += line;
      if (!data_.config.samples.metre.empty()) {
        std::string lengths;
        for (const auto n : clause_lengths(line)) lengths += (lengths.empty() ? "" : " ") + std::to_string(n);
        page += "  (" + lengths + ")";
      }
      page += "\n";
    }
  }
  write_file_atomic(fs::path(folder) / "samples.txt", page);
}

void LmTask::save_assets(const std::string& folder) const {
  data_.tokenizer->save(folder);
  write_json(fs::path(folder) / "model.json", model_->config_json());
}

Json LmTask::card() const {
  Json data = {{"source", data_.config.dataset.empty() ? data_.config.text : data_.config.dataset},
               {"tokenizer", data_.tokenizer->kind()},
               {"identity", data_.identity}};
  if (data_.train) data["train_tokens"] = data_.train->num_tokens();
  if (data_.validation) data["validation_tokens"] = data_.validation->num_tokens();
  Json card = {{"parameters", count_parameters(*model_)},
               {"context", model_->context_length()},
               {"vocab_size", model_->vocab_size()},
               {"train_flops_per_token", model_->train_flops_per_token()},
               {"data", std::move(data)},
               {"intended_use", "next-token prediction on text like its training data"},
               {"limits", "repeats and invents; no safety tuning; knows nothing outside its training text"}};
  if (distillation_) card["taught_by"] = distillation_->config.teacher;
  return card;
}

std::unique_ptr<Task> make_lm_task(std::shared_ptr<LanguageModel> model, LmData data, const CrossEntropyOptions& loss,
                                   const TaskOptions& options, std::optional<Distillation> distillation) {
  return std::make_unique<LmTask>(std::move(model), std::move(data), loss, options, std::move(distillation));
}

}  // namespace ingot
