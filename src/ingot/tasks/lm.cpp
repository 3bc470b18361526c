// Shapes: B windows, T tokens each, V vocabulary.
#include "ingot/tasks/lm.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"
#include "ingot/data/unicode.h"
#include "ingot/torch/module_state.h"

namespace ingot {

LmTask::LmTask(std::shared_ptr<LanguageModel> model, LmData data, const CrossEntropyOptions& loss,
               const TaskOptions& options)
    : model_(std::move(model)), data_(std::move(data)), loss_(loss), options_(options) {
  if (options.purpose == Purpose::Infer) return;
  const auto T = model_->context_length();
  require("data", data_.train && data_.train->num_tokens() > T, "the training split has ",
          data_.train ? data_.train->num_tokens() : 0, " tokens, expected more than block_size ", T,
          "; use more text or a smaller model.block_size");
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
    // Documents lie one behind the other; the last token of one does not predict the first of the next.
    auto* first = first_key.data_ptr<int64_t>() + b * T;
    for (int64_t t = 0; t < T;) {
      const auto next = tokens.next_document(offset + t) - offset;
      std::fill(first + t, first + std::min(next, T), t);
      if (next <= T) {
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
  const auto logits = model_->forward(batch["ids"], first_key_of(batch));  // [B, T, V]
  return cross_entropy(logits.flatten(0, 1), batch["targets"].flatten(), loss_);
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
  for (int64_t id = 0; id < data_.vocab_size; ++id) {
    std::string text;
    try {
      text = data_.tokenizer->token_bytes(int32_t(id));
    } catch (const Error&) {  // an id that no token has
    }
    bytes.push_back(int32_t(text.size()));
    characters.push_back(int32_t(count_code_points(text)));
  }

  const auto T = model_->context_length(), B = std::max<int64_t>(options_.batch_size, 4096 / T);
  const auto predictions = tokens->num_tokens() - 1;
  double loss = 0, counted = 0, total_bytes = 0, total_characters = 0;
  int64_t batches = 0;
  for (int64_t begin = 0; begin < predictions && (limit == 0 || batches < limit); ++batches) {
    // Full windows together; what is left at the end, shorter than one, alone.
    const auto full = std::min(B, (predictions - begin) / T);
    const auto length = full > 0 ? T : predictions - begin;
    std::vector<int64_t> offsets;
    for (int64_t b = 0; b < std::max<int64_t>(full, 1); ++b) offsets.push_back(begin + b * T);
    const auto batch = make_batch(*tokens, offsets, length);
    const auto first_key = first_key_of(batch);
    const auto logits =
        model_->forward(batch["ids"].to(device), first_key.defined() ? first_key.to(device) : first_key);
    loss += token_nll(logits.flatten(0, 1), batch["targets"].flatten().to(device)).sum(at::kDouble).item<double>();
    counted += batch.weight;
    const auto targets = batch["targets"].flatten();
    for (int64_t i = 0; i < targets.numel(); ++i)
      if (const auto id = targets.data_ptr<int64_t>()[i]; id != kIgnore && id < data_.vocab_size) {
        total_bytes += bytes[size_t(id)];
        total_characters += characters[size_t(id)];
      }
    begin += int64_t(offsets.size()) * length;
  }
  model_->train(was_training);

  const double bits = loss / std::numbers::ln2;
  return {{"loss", loss / counted},
          {"perplexity", std::exp(loss / counted)},
          {"bits_per_byte", bits / total_bytes},
          {"bits_per_char", bits / total_characters},
          {"tokens", int64_t(counted)}};
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
  return {{"parameters", count_parameters(*model_)},
          {"context", model_->context_length()},
          {"vocab_size", model_->vocab_size()},
          {"train_flops_per_token", model_->train_flops_per_token()},
          {"data", std::move(data)},
          {"intended_use", "next-token prediction on text like its training data"},
          {"limits", "repeats and invents; no safety tuning; knows nothing outside its training text"}};
}

std::unique_ptr<Task> make_lm_task(std::shared_ptr<LanguageModel> model, LmData data, const CrossEntropyOptions& loss,
                                   const TaskOptions& options) {
  return std::make_unique<LmTask>(std::move(model), std::move(data), loss, options);
}

}  // namespace ingot
