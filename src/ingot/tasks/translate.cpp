// Shapes: B pairs, S source tokens, T target tokens, N target tokens that count, V vocabulary.
#include "ingot/tasks/translate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/lines.h"
#include "ingot/data/byte_source.h"
#include "ingot/data/datasets.h"
#include "ingot/data/tokenizer_train.h"
#include "ingot/data/unicode.h"
#include "ingot/nn/losses.h"
#include "ingot/tasks/attention_picture.h"
#include "ingot/tasks/length_batches.h"
#include "ingot/torch/module_state.h"

namespace ingot {
namespace {

std::vector<std::string> read_text_lines(const std::string& prefix, const std::string& ending) {
  fs::path path;
  try {
    path = find_data(prefix + "." + ending);
  } catch (const Error&) {
    path = find_data(prefix + "." + ending + ".gz");
  }
  ByteSource source(path);
  std::string text, part(1 << 16, '\0');
  while (const size_t n = source.read(part.data(), part.size())) text.append(part, 0, n);
  std::vector<std::string> result;
  LineReader reader(text);
  for (std::string_view line; reader.next(line);) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    require("data", is_valid_utf8(line), path.string(), ":", reader.number(), " is not UTF-8, expected UTF-8 text");
    result.emplace_back(line);
  }
  return result;
}

}  // namespace

Problems TranslateConfig::validate() const {
  Problems p;
  for (const auto& [key, value] : {std::pair{"train", &train}, {"source", &source}, {"target", &target}})
    if (value->empty())
      p.push_back(std::string(key) + ": got \"\", expected " +
                  (key == std::string("train") ? "a path without its ending" : "a file ending"));
  if (!(label_smoothing >= 0 && label_smoothing < 1))
    p.push_back(detail::join_parts("label_smoothing: got ", label_smoothing, ", expected 0 <= x < 1"));
  if (beam < 1 || beam > 100) p.push_back(detail::join_parts("beam: got ", beam, ", expected 1 to 100"));
  if (!(length_penalty >= 0 && length_penalty <= 10))
    p.push_back(detail::join_parts("length_penalty: got ", length_penalty, ", expected 0 to 10"));
  return p;
}

SentencePairs read_sentence_pairs(const std::string& prefix, const std::string& source, const std::string& target) {
  SentencePairs pairs{read_text_lines(prefix, source), read_text_lines(prefix, target), {}};
  require("data", pairs.source.size() == pairs.target.size(), prefix, ".", source, " has ", pairs.source.size(),
          " lines and ", prefix, ".", target, " ", pairs.target.size(), ", expected line by line translations");
  require("data", !pairs.source.empty(), prefix, ".", source, " is empty, expected at least one line");
  std::string identity;
  for (size_t i = 0; i < pairs.source.size(); ++i) identity += xxh3_hex(pairs.source[i]) + xxh3_hex(pairs.target[i]);
  pairs.hash = sha256_hex(identity);
  return pairs;
}

TranslateTask::TranslateTask(const TranslateConfig& config, const TaskOptions& options)
    : config_(config), options_(options) {
  if (options.purpose == Purpose::Train)
    for (const auto& [name, prefix] :
         {std::pair{"train", config.train}, {"validation", config.validation}, {"test", config.test}})
      if (!prefix.empty()) splits_[name].texts = read_sentence_pairs(prefix, config.source, config.target);

  if (options.purpose == Purpose::Infer) {
    tokenizer_ = load_tokenizer(fs::path(options.run_folder) / "assets");
  } else if (!config.tokenizer.path.empty()) {
    tokenizer_ = load_tokenizer(config.tokenizer.path);
  } else {
    TokenizerTrainConfig train;
    train.kind = "bpe";
    train.vocab_size = config.tokenizer.vocab_size;
    train.special_tokens = std::vector<std::string>{"<pad>", "<s>", "</s>"};
    const auto& texts = splits_.at("train").texts;
    size_t next = 0;
    tokenizer_ = train_tokenizer(train, [&](std::string& text) {
      if (next == 2 * texts.source.size()) return false;
      text = (next % 2 ? texts.target : texts.source)[next / 2];
      ++next;
      return true;
    });
  }
  const auto id = [&](const char* token) {
    const auto found = tokenizer_->id_of(token);
    require("tokenizer", found.has_value(), "the vocabulary has no ", token, ", which translation needs");
    return int64_t(*found);
  };
  pad_ = id("<pad>"), begin_ = id("<s>"), end_ = id("</s>");
}

std::vector<int64_t> TranslateTask::encode(const std::string& text) const {
  std::vector<int32_t> ids;
  tokenizer_->encode(text, ids);
  return {ids.begin(), ids.end()};
}

void TranslateTask::set_model(std::shared_ptr<EncoderDecoder> model) {
  model_ = std::move(model);
  longest_ = model_->longest();
  std::string identity;
  for (auto& [name, split] : splits_) {
    for (size_t i = 0; i < split.texts.source.size(); ++i) {
      Pair pair{encode(split.texts.source[i]), encode(split.texts.target[i])};
      pair.source.push_back(end_);
      const auto size = int64_t(std::max(pair.source.size(), pair.target.size() + 1));
      if (name == "train" && (size > longest_ || pair.source.size() < 2 || pair.target.empty())) {
        ++left_out_;
        continue;
      }
      pair.source.resize(std::min<size_t>(pair.source.size(), size_t(longest_)));
      pair.target.resize(std::min<size_t>(pair.target.size(), size_t(longest_ - 1)));
      split.pairs.push_back(std::move(pair));
    }
    identity += name + split.texts.hash;
  }
  hash_ = sha256_hex(identity + config_.source + config_.target);
  require("data", splits_.empty() || !splits_.at("train").pairs.empty(),
          "no pair of train is left, expected pairs of at most model.max_positions ", longest_, " tokens a side");
}

int64_t TranslateTask::batches_per_epoch() const {
  const auto pairs = int64_t(splits_.at("train").pairs.size());
  return (pairs + options_.batch_size - 1) / options_.batch_size;
}

std::shared_ptr<const TranslateTask::Batches> TranslateTask::batches_of(int64_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch_ == epoch) return batches_;
  std::vector<int64_t> lengths;  // of the target, then of the source
  for (const auto& pair : splits_.at("train").pairs)
    lengths.push_back(int64_t(pair.target.size()) << 32 | int64_t(pair.source.size()));
  epoch_ = epoch;
  return batches_ = std::make_shared<Batches>(length_batches(lengths, options_.batch_size, options_.seed, epoch));
}

Batch TranslateTask::train_batch(int64_t index) {
  const auto batches = batches_of(index / batches_per_epoch());
  std::vector<const Pair*> pairs;
  for (const auto row : (*batches)[size_t(index % batches_per_epoch())])
    pairs.push_back(&splits_.at("train").pairs[size_t(row)]);
  return make_batch(pairs);
}

// Source with </s>; target in: <s> t, out: t </s>.
Batch TranslateTask::make_batch(const std::vector<const Pair*>& pairs) const {
  const auto B = int64_t(pairs.size());
  size_t S = 0, T = 0;
  for (const auto* pair : pairs) S = std::max(S, pair->source.size()), T = std::max(T, pair->target.size() + 1);
  auto source = at::full({B, int64_t(S)}, pad_, at::kLong), target = at::full({B, int64_t(T)}, pad_, at::kLong);
  std::vector<int64_t> places, next;  // of the target tokens that count, in B T
  for (int64_t b = 0; b < B; ++b) {
    const auto& pair = *pairs[size_t(b)];
    std::copy(pair.source.begin(), pair.source.end(), source.data_ptr<int64_t>() + b * int64_t(S));
    auto* row = target.data_ptr<int64_t>() + b * int64_t(T);
    row[0] = begin_;
    std::copy(pair.target.begin(), pair.target.end(), row + 1);
    for (size_t t = 0; t <= pair.target.size(); ++t) {
      places.push_back(b * int64_t(T) + int64_t(t));
      next.push_back(t < pair.target.size() ? pair.target[t] : end_);
    }
  }
  return {{{"source", source}, {"target", target}, {"places", torch::tensor(places)}, {"next", torch::tensor(next)}},
          double(next.size())};
}

Tensor TranslateTask::target_logits(const Batch& batch) {
  const auto x = model_->features(batch["source"], batch["source"] != pad_, batch["target"]);  // [B, T, C]
  return model_->logits(x.flatten(0, 1).index_select(0, batch["places"]));
}

Tensor TranslateTask::loss(const Batch& batch, const std::string&) {
  return cross_entropy(target_logits(batch), batch["next"], {.label_smoothing = config_.label_smoothing});
}

std::vector<Hypothesis> TranslateTask::translate(const std::vector<std::string>& sources, int64_t beam) {
  constexpr size_t kInputs = 64;
  const torch::NoGradGuard no_grad;
  model_->eval();
  const auto device = model_->parameters().front().device();
  std::vector<std::vector<int64_t>> ids;
  for (const auto& text : sources) {
    ids.push_back(encode(text));
    ids.back().resize(std::min<size_t>(ids.back().size(), size_t(longest_ - 1)));
    ids.back().push_back(end_);
  }
  std::vector<size_t> order(sources.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return ids[i].size() < ids[j].size(); });
  std::vector<Hypothesis> result(sources.size());
  for (size_t first = 0; first < order.size(); first += kInputs) {
    const auto B = int64_t(std::min(kInputs, order.size() - first));
    const auto S = int64_t(ids[order[first + size_t(B) - 1]].size());
    auto source = at::full({B, S}, pad_, at::kLong);
    for (int64_t b = 0; b < B; ++b) {
      const auto& row = ids[order[first + size_t(b)]];
      std::copy(row.begin(), row.end(), source.data_ptr<int64_t>() + b * S);
    }
    const BeamOptions options{.beam = beam,
                              .length_penalty = config_.length_penalty,
                              .max_length = std::min(longest_ - 1, 2 * S + 10),
                              .begin = begin_,
                              .end = end_};
    auto state = model_->start(source.to(device), (source != pad_).to(device), beam, options.max_length + 1);
    const auto found = beam_search(B, options, [&](const Tensor& last, const Tensor& origin) {
      if (state.written.length > 0 && beam > 1)
        for (auto& layer : state.written.layers)  // beams of one input share its keys, so `inputs` stays
          for (auto* part : {&layer.k, &layer.v})
            part->narrow(2, 0, state.written.length)
                .copy_(part->narrow(2, 0, state.written.length).index_select(0, origin.to(device)));
      return model_->step(last.to(device), state).to(at::kFloat).log_softmax(1);
    });
    for (int64_t b = 0; b < B; ++b) result[order[first + size_t(b)]] = found[size_t(b)];
  }
  return result;
}

std::string TranslateTask::text_of(const Hypothesis& hypothesis) const {
  std::vector<int32_t> ids;
  for (const auto id : hypothesis.tokens)
    if (id != pad_ && id != begin_ && id != end_) ids.push_back(int32_t(id));
  return tokenizer_->decode(ids);
}

Json TranslateTask::evaluate(const std::string& name, int64_t limit) {
  const auto* found = find_split(splits_, name, "files");
  if (!found) return Json::object();
  const torch::NoGradGuard no_grad;
  model_->eval();
  const auto device = model_->parameters().front().device();
  const auto& split = *found;
  double loss = 0, tokens = 0;
  for (size_t begin = 0, batches = 0; begin < split.pairs.size(); begin += 64, ++batches) {
    if (limit > 0 && batches == size_t(limit)) break;
    std::vector<const Pair*> pairs;
    for (size_t i = begin; i < std::min(begin + 64, split.pairs.size()); ++i) pairs.push_back(&split.pairs[i]);
    auto batch = make_batch(pairs);
    for (auto& [key, tensor] : batch.tensors) tensor = tensor.to(device);
    loss += token_nll(target_logits(batch), batch["next"]).sum(at::kDouble).item<double>();
    tokens += batch.weight;
  }
  Json result = {{"loss", loss / tokens}, {"perplexity", std::exp(loss / tokens)}};
  if (limit == 0) {
    std::vector<std::string> texts;
    for (const auto& hypothesis : translate(split.texts.source, name == "test" ? config_.beam : 1))
      texts.push_back(text_of(hypothesis));
    const auto bleu = [&](const std::vector<std::string>& given, bool lowercase) {
      const BleuOptions options{.tokenizer = config_.bleu_tokenizer, .lowercase = lowercase};
      return corpus_bleu(given, {split.texts.target}, options).score;
    };
    result["bleu"] = bleu(texts, false);
    result["bleu_lowercase"] = bleu(texts, true);
    result["chrf"] = corpus_chrf(texts, split.texts.target);
    result["copy_bleu"] = bleu(split.texts.source, false);
  }
  result["pairs"] = split.pairs.size();
  return result;
}

Json TranslateTask::predict(const Json& request) {
  require("predict", request.is_object() && request.contains("text") && request["text"].is_string(),
          "the request has no string \"text\", expected {\"text\": \"...\"}");
  const auto hypothesis = translate({request["text"].get<std::string>()}, config_.beam)[0];
  return {{"text", text_of(hypothesis)}, {"score", hypothesis.score}};
}

void TranslateTask::illustrate(const std::string& folder) {
  constexpr size_t kPictures = 3, kFewest = 5, kMost = 24;  // tokens of a sentence that make a legible picture
  const auto found = splits_.contains("validation") ? splits_.find("validation") : splits_.find("test");
  if (found == splits_.end()) return;
  const auto device = model_->parameters().front().device();
  const auto& split = found->second;
  size_t drawn = 0;
  for (size_t i = 0; i < split.pairs.size() && drawn < kPictures; ++i) {
    const auto& source = split.pairs[i].source;  // with </s>
    if (source.size() < kFewest || source.size() > kMost) continue;
    const auto hypothesis = translate({split.texts.source[i]}, config_.beam)[0];
    if (hypothesis.tokens.empty() || hypothesis.tokens.size() > kMost) continue;
    std::vector<int64_t> read = {begin_};
    AttentionPicture picture;
    for (const auto id : hypothesis.tokens) read.push_back(id), picture.rows.push_back(token_label(*tokenizer_, id));
    picture.rows.push_back(token_label(*tokenizer_, end_));
    for (const auto id : source) picture.columns.push_back(token_label(*tokenizer_, id));
    const auto from = torch::tensor(source).unsqueeze(0), into = torch::tensor(read).unsqueeze(0);
    Tensor attention;
    model_->features(from.to(device), (from != pad_).to(device), into.to(device), &attention);
    picture.weights = attention[0];  // [T, S]
    picture.captions = {"what each token reads of the source as it is written: last block, mean of the heads",
                        "reference: " + split.texts.target[i]};
    write_file_atomic(fs::path(folder) / fmt::format("attention_{}.svg", ++drawn), attention_svg(picture));
  }
}

// Each weight multiplies once a token of its side; the sides are about as long as each other.
double TranslateTask::train_flops_per_unit() const {
  double flops = 0;
  for (const auto& p : model_->parameters())
    if (p.dim() == 2) flops += train_flops(p);
  return flops;
}

void TranslateTask::save_assets(const std::string& folder) const {
  tokenizer_->save(folder);
  write_json(fs::path(folder) / "model.json", model_->config_json());
}

Json TranslateTask::card() const {
  Json data = {{"source", config_.train}, {"from", config_.source}, {"into", config_.target}};
  if (splits_.contains("train")) data["pairs"] = splits_.at("train").pairs.size(), data["left_out"] = left_out_;
  return {{"parameters", count_parameters(*model_)},
          {"context", longest_},
          {"vocab_size", tokenizer_->vocab_size()},
          {"data", std::move(data)},
          {"intended_use", "translation of sentences like those of its training texts"},
          {"limits", "translates sentence by sentence; invents where a word is new to it; no check of facts or tone"}};
}

}  // namespace ingot
