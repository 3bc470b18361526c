// Shapes: B windows, T tokens each, M hidden tokens of all, V vocabulary.
#include "ingot/tasks/masked_lm.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/losses.h"

namespace ingot {

Problems MaskingConfig::validate() const {
  Problems problems;
  if (!(share > 0 && share < 1))
    problems.push_back(detail::join_parts("share: got ", share, ", expected between 0 and 1"));
  return problems;
}

BertTokens::BertTokens(const Tokenizer& tokenizer) {
  const auto id = [&](const char* token) {
    const auto found = tokenizer.id_of(token);
    require("tokenizer", found.has_value(), "the vocabulary has no ", token,
            ", which BERT needs; train one with `ingot tokenizer train --kind wordpiece`");
    return int64_t(*found);
  };
  pad = id("[PAD]"), unknown = id("[UNK]"), cls = id("[CLS]"), sep = id("[SEP]"), mask = id("[MASK]");
}

Masking::Masking(const MaskingConfig& config, const Tokenizer& tokenizer) : config_(config), tokens_(tokenizer) {
  for (int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    std::string text;
    try {
      text = tokenizer.token_bytes(int32_t(id));
    } catch (const Error&) {  // an id that no token has
    }
    const bool ordinary = !text.empty() && !tokens_.is_control(id);
    continues_.push_back(ordinary && text[0] != ' ');
    if (ordinary) ordinary_.push_back(id);
  }
}

std::vector<Masking::Target> Masking::apply(std::span<int64_t> ids, Rng& rng) const {
  // 1. Words, as [begin, end).
  std::vector<std::pair<size_t, size_t>> words;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (tokens_.is_control(ids[i])) continue;
    const bool joins = config_.whole_words && !words.empty() && words.back().second == i && continues_[size_t(ids[i])];
    if (joins)
      words.back().second = i + 1;
    else
      words.emplace_back(i, i + 1);
  }
  size_t total = 0;
  for (const auto& [begin, end] : words) total += end - begin;
  // 2. Words in random order until they hold the share; one that would go beyond it is passed over.
  const auto wanted = std::max<size_t>(1, size_t(std::lround(config_.share * double(total))));
  std::vector<Target> targets;
  for (size_t n = words.size(); n > 0 && targets.size() < wanted; --n) {
    std::swap(words[n - 1], words[rng.below(n)]);
    const auto [begin, end] = words[n - 1];
    if (targets.size() + (end - begin) > wanted && !targets.empty()) continue;
    for (size_t i = begin; i < end; ++i) targets.push_back({int64_t(i), ids[i]});
  }
  std::sort(targets.begin(), targets.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
  // 3. 80 % [MASK], 10 % another token, 10 % unchanged.
  for (const auto& target : targets) {
    const auto draw = rng.below(10);
    if (draw < 8)
      ids[size_t(target.place)] = tokens_.mask;
    else if (draw == 8)
      ids[size_t(target.place)] = ordinary_[rng.below(ordinary_.size())];
  }
  return targets;
}

MaskedLmTask::MaskedLmTask(LmData data, const MaskingConfig& masking, int64_t length, const TaskOptions& options)
    : data_(std::move(data)), options_(options), masking_(masking, *data_.tokenizer), length_(length) {
  if (options.purpose == Purpose::Infer) return;
  const auto tokens = data_.train ? data_.train->num_tokens() : 0;
  require("data", tokens > length, "the training split has ", tokens, " tokens, expected more than ", length,
          "; use more text or a smaller model.max_position_embeddings");
  const auto& config = data_.config;
  require("data", !config.document_mask && !config.eval_stride && !config.kneser_ney && !config.samples.count,
          "document_mask, eval_stride, kneser_ney or samples is set, expected none with masked words; they are for "
          "next-token models");
  std::vector<double> counts(size_t(data_.vocab_size), 1);  // add one, Laplace
  std::vector<int32_t> part(1 << 16);
  for (int64_t begin = 0; begin < tokens; begin += int64_t(part.size())) {
    const auto n = std::min<int64_t>(int64_t(part.size()), tokens - begin);
    data_.train->read(begin, n, part.data());
    for (int64_t i = 0; i < n; ++i) counts[size_t(part[size_t(i)])] += 1;
  }
  double sum = 0;
  for (size_t id = 0; id < counts.size(); ++id)
    if (masking_.tokens().is_control(int64_t(id)))
      counts[id] = 0;
    else
      sum += counts[id];
  for (const double count : counts) unigram_nll_.push_back(-std::log(count / sum));
}

int64_t MaskedLmTask::batches_per_epoch() const {
  return data_.batches_per_epoch(length_ - 2, length_ - 2, options_.batch_size);
}

Batch MaskedLmTask::train_batch(int64_t index) {
  const auto words = length_ - 2;
  Rng rng(options_.seed, uint64_t(index));
  const auto offsets = data_.window_offsets(words, words, index, options_, rng);
  return make_batch(*data_.train, offsets, words, rng);
}

Batch MaskedLmTask::make_batch(const TokenStream& tokens, const std::vector<int64_t>& offsets, int64_t words,
                               Rng& rng) const {
  const auto B = int64_t(offsets.size()), T = words + 2;
  auto ids = at::empty({B, T}, at::kLong);
  std::vector<int64_t> places, targets;
  std::vector<int32_t> window(static_cast<size_t>(words));
  for (int64_t b = 0; b < B; ++b) {
    tokens.read(offsets[size_t(b)], words, window.data());
    auto* row = ids.data_ptr<int64_t>() + b * T;
    row[0] = masking_.tokens().cls;
    std::copy(window.begin(), window.end(), row + 1);
    row[T - 1] = masking_.tokens().sep;
    for (const auto& target : masking_.apply({row, size_t(T)}, rng)) {
      places.push_back(b * T + target.place);
      targets.push_back(target.id);
    }
  }
  Batch batch;
  batch.tensors = {{"ids", ids}, {"places", torch::tensor(places)}, {"targets", torch::tensor(targets)}};
  batch.weight = double(places.size());
  return batch;
}

Tensor MaskedLmTask::loss(const Batch& batch, const std::string&) {
  const auto& ids = batch["ids"];
  return cross_entropy(masked_logits(ids, at::ones_like(ids, at::kBool), batch["places"]), batch["targets"]);
}

Json MaskedLmTask::evaluate(const std::string& split, int64_t limit) {
  const auto* tokens = data_.split(split);
  if (!tokens || tokens->num_tokens() < 1)
    fail(ErrorKind::NotFound, "eval", "the data has no split '", split, "' with a token in it");
  const torch::NoGradGuard no_grad;
  module().eval();
  const auto device = module().parameters().front().device();
  const auto total = tokens->num_tokens(), B = std::max<int64_t>(options_.batch_size, 4096 / length_);
  Rng rng(0);
  double loss = 0, unigram = 0;
  int64_t right = 0, seen = 0, batches = 0;
  for (int64_t begin = 0; begin < total && (limit == 0 || batches < limit); ++batches) {
    // Full windows together; what is left at the end, shorter than one, alone.
    const auto words = std::min(length_ - 2, total - begin);
    const auto full = std::clamp<int64_t>((total - begin) / words, 1, B);
    std::vector<int64_t> offsets;
    for (int64_t b = 0; b < full; ++b) offsets.push_back(begin + b * words);
    const auto batch = make_batch(*tokens, offsets, words, rng);
    begin += full * words;
    if (batch.weight == 0) continue;
    const auto ids = batch["ids"].to(device), targets = batch["targets"].to(device);
    const auto logits = masked_logits(ids, at::ones_like(ids, at::kBool), batch["places"].to(device));
    loss += token_nll(logits, targets).sum(at::kDouble).item<double>();
    right += logits.argmax(1).eq(targets).sum().item<int64_t>();
    for (int64_t i = 0; i < targets.size(0); ++i)
      unigram += unigram_nll_[size_t(batch["targets"].data_ptr<int64_t>()[i])];
    seen += targets.size(0);
  }
  const double n = double(seen);
  return {{"loss", loss / n}, {"accuracy", double(right) / n}, {"unigram_loss", unigram / n}, {"masked", seen}};
}

Json MaskedLmTask::predict(const Json& request) {
  require("predict", request.is_object() && request.contains("text") && request["text"].is_string(),
          "the request has no string \"text\", expected {\"text\": \"a [MASK] film\"}");
  const auto& t = masking_.tokens();
  std::vector<int32_t> tokens;
  data_.tokenizer->encode_with_special(request["text"].get<std::string>(), tokens);
  require("predict", int64_t(tokens.size()) <= length_ - 2, "the text is ", tokens.size(), " tokens, expected at most ",
          length_ - 2);
  std::vector<int64_t> row{t.cls}, places;
  for (const auto id : tokens) {
    if (id == t.mask) places.push_back(int64_t(row.size()));
    row.push_back(id);
  }
  row.push_back(t.sep);
  require("predict", !places.empty(), "the text has no [MASK], expected one for each token to guess");
  const torch::NoGradGuard no_grad;
  module().eval();
  const auto device = module().parameters().front().device();
  const auto ids = torch::tensor(row).unsqueeze(0).to(device);
  const auto p = masked_logits(ids, at::ones_like(ids, at::kBool), torch::tensor(places).to(device)).softmax(1).cpu();
  const auto [scores, best] = p.topk(std::min<int64_t>(5, p.size(1)), 1);
  Json masks = Json::array();
  for (size_t m = 0; m < places.size(); ++m) {
    Json guesses = Json::array();
    for (int64_t k = 0; k < best.size(1); ++k) {
      const auto id = best[int64_t(m)][k].item<int64_t>();
      auto text = data_.tokenizer->token_bytes(int32_t(id));
      if (text.starts_with(' ')) text.erase(0, 1);
      guesses.push_back({{"token", text}, {"score", scores[int64_t(m)][k].item<double>()}});
      if (k == 0) row[size_t(places[m])] = id;
    }
    masks.push_back(std::move(guesses));
  }
  const std::vector<int32_t> filled(row.begin() + 1, row.end() - 1);
  return {{"text", data_.tokenizer->decode(filled)}, {"masks", masks}};
}

void MaskedLmTask::save_assets(const std::string& folder) const { data_.tokenizer->save(folder); }

}  // namespace ingot
