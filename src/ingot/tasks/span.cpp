// Shapes: B windows, T tokens each.
#include "ingot/tasks/span.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/data/datasets.h"
#include "ingot/data/permutation.h"
#include "ingot/data/unicode.h"
#include "ingot/nn/losses.h"
#include "ingot/tasks/attention_picture.h"

namespace ingot {
namespace {

constexpr int64_t kRare = 2;  // a token that a context has more often says little about the place of the answer

// The questions for which `keep` holds, with all contexts.
template <typename Keep>
SquadData questions_of(const SquadData& data, Keep keep) {
  auto part = data;
  part.questions.clear();
  for (const auto& question : data.questions)
    if (keep(question)) part.questions.push_back(question);
  return part;
}

}  // namespace

Problems SpanConfig::validate() const {
  Problems p;
  if (train.empty()) p.emplace_back("train: got [], expected SQuAD files");
  if (!(validation_fraction >= 0 && validation_fraction < 1))
    p.push_back(detail::join_parts("validation_fraction: got ", validation_fraction, ", expected 0 to below 1"));
  for (const auto& [key, value] : {std::pair{"doc_stride", doc_stride},
                                   {"max_query_length", max_query_length},
                                   {"max_answer_length", max_answer_length}})
    if (value < 1) p.push_back(detail::join_parts(key, ": got ", value, ", expected 1 or more"));
  if (questions < 0) p.push_back(detail::join_parts("questions: got ", questions, ", expected 0 (all) or more"));
  return p;
}

SpanData open_span_data(const SpanConfig& config, const TaskOptions& options) {
  SpanData data;
  if (options.purpose == Purpose::Infer) return data;
  const auto read = [&](const std::string& name, const std::vector<std::string>& paths) {
    for (const auto& path : paths) read_squad(find_data(path), data.splits[name]);
  };
  read("train", config.train);
  read("test", config.test);
  read("validation", config.validation);
  auto& train = data.splits["train"];
  if (config.validation_fraction > 0) {
    const HeldOut held_out(train.articles.size(), config.validation_fraction, "articles");
    data.splits["validation"] = questions_of(train, [&](const SquadQuestion& q) { return held_out(q.article); });
    train = questions_of(train, [&](const SquadQuestion& q) { return !held_out(q.article); });
  } else if (config.validation.empty() && !config.test.empty()) {
    data.splits["validation"] = data.splits["test"];
  }
  if (config.questions > 0) {
    const auto all = train.questions.size(), step = std::max<size_t>(1, all / size_t(config.questions));
    size_t i = 0;
    train = questions_of(train, [&](const SquadQuestion&) {
      const auto at = i++;
      return at % step == 0 && at / step < size_t(config.questions);
    });
  }
  require("data", !train.questions.empty(), "train holds no question with an answer (", train.lost_answers,
          " left out, whose text stands neither at answer_start nor just once elsewhere), expected at least one");
  return data;
}

std::vector<std::string> SpanData::texts() const {
  const auto& train = splits.at("train");
  std::vector<std::string> texts;
  std::vector<char> seen(train.contexts.size());
  for (const auto& q : train.questions) {
    texts.push_back(q.question);
    if (!std::exchange(seen[q.context], 1)) texts.push_back(train.contexts[q.context]);
  }
  return texts;
}

TokenizedText tokenize_with_spans(const Tokenizer& tokenizer, const std::string& text) {
  TokenizedText out;
  std::vector<int32_t> ids;
  for (const auto& [begin, end] : text_words(text)) {
    ids.clear();
    tokenizer.encode(std::string_view(text).substr(begin, end - begin), ids);
    std::vector<size_t> sizes;
    size_t total = 0;
    for (const auto id : ids) {
      const auto bytes = tokenizer.token_bytes(id);
      sizes.push_back(bytes.size() - bytes.starts_with(' '));
      total += sizes.back();
    }
    // The pieces are parts of the word unless normalisation changed its length: then each stands for all of it.
    const bool exact = total == end - begin;
    size_t at = begin;
    for (size_t k = 0; k < ids.size(); ++k) {
      out.ids.push_back(ids[k]);
      out.spans.push_back(exact ? TextSpan{at, at + sizes[k]} : TextSpan{begin, end});
      at += sizes[k];
    }
  }
  return out;
}

SpanTask::SpanTask(const SpanConfig& config, SpanData data, std::shared_ptr<const Tokenizer> tokenizer, int64_t length,
                   int64_t segments, const TaskOptions& options)
    : length_(length), options_(options), config_(config), tokenizer_(std::move(tokenizer)), tokens_(*tokenizer_) {
  require("recipe", length >= config.max_query_length + 4, "model.max_position_embeddings is ", length,
          ", expected more than data.max_query_length ", config.max_query_length, " + 3 control tokens");
  require("recipe", !config.mark_matches || segments >= 3, "model.type_vocab_size is ", segments,
          ", expected at least 3 for data.mark_matches");
  for (auto& [name, squad] : data.splits)
    if (!squad.questions.empty()) splits_[name] = prepare(std::move(squad));
}

SpanTask::Split SpanTask::prepare(SquadData data) const {
  Split split;
  split.squad = std::move(data);
  split.contexts.resize(split.squad.contexts.size());
  for (size_t i = 0; i < split.squad.questions.size(); ++i) {
    const auto& q = split.squad.questions[i];
    auto& context = split.contexts[q.context];
    if (context.ids.empty()) context = tokenize_with_spans(*tokenizer_, split.squad.contexts[q.context]);
    std::vector<int32_t> ids;
    tokenizer_->encode(q.question, ids);
    ids.resize(std::min(ids.size(), size_t(config_.max_query_length)));
    split.questions.emplace_back(ids.begin(), ids.end());

    const auto total = int64_t(context.ids.size()), room = length_ - int64_t(ids.size()) - 3;
    int64_t from = -1, to = -1;  // tokens of the first answer
    if (!q.answers.empty())
      for (int64_t t = 0; t < total; ++t) {
        const auto& span = context.spans[size_t(t)];
        if (span.end <= q.answers[0].begin || span.begin >= q.answers[0].end) continue;
        if (from < 0) from = t;
        to = t;
      }
    for (int64_t first = 0;; first += std::min(config_.doc_stride, room)) {
      Window window{i, first, std::min(room, total - first), 0, 0};
      if (from >= first && to < first + window.count) {
        const auto shift = int64_t(ids.size()) + 2 - first;  // behind [CLS] question [SEP]
        window.start = from + shift;
        window.end = to + shift;
      }
      split.windows.push_back(window);
      if (first + room >= total) break;
    }
  }
  return split;
}

Batch SpanTask::make_batch(const Split& split, const std::vector<const Window*>& windows) const {
  int64_t T = 0;
  for (const auto* w : windows) T = std::max(T, int64_t(split.questions[w->question].size()) + w->count + 3);
  const auto B = int64_t(windows.size());
  auto ids = at::full({B, T}, tokens_.pad, at::kLong), segments = at::zeros({B, T}, at::kLong);
  auto real = at::zeros({B, T}, at::kBool);
  std::vector<int64_t> starts, ends;
  for (int64_t b = 0; b < B; ++b) {
    const auto& w = *windows[size_t(b)];
    const auto& question = split.questions[w.question];
    const auto& context = split.contexts[split.squad.questions[w.question].context].ids;
    auto* row = ids.data_ptr<int64_t>() + b * T;
    auto* out = row;
    *out++ = tokens_.cls;
    out = std::copy(question.begin(), question.end(), out);
    *out++ = tokens_.sep;
    const auto second = out - row;
    out = std::copy_n(context.begin() + w.first, w.count, out);
    *out++ = tokens_.sep;
    auto* segment = segments.data_ptr<int64_t>() + b * T;
    std::fill(segment + second, segment + (out - row), 1);
    if (config_.mark_matches) {
      std::unordered_map<int64_t, int64_t> count;
      for (const auto id : context) count[id] += 1;
      const std::set<int64_t> asked(question.begin(), question.end());
      for (auto t = second; t + 1 < out - row; ++t)
        if (asked.contains(row[t]) && count[row[t]] <= kRare) segment[t] = 2;
    }
    real[b].slice(0, 0, out - row).fill_(true);
    starts.push_back(w.start);
    ends.push_back(w.end);
  }
  return {{{"ids", ids},
           {"segments", segments},
           {"real", real},
           {"starts", torch::tensor(starts)},
           {"ends", torch::tensor(ends)}},
          double(B)};
}

int64_t SpanTask::batches_per_epoch() const {
  return (int64_t(splits_.at("train").windows.size()) + options_.batch_size - 1) / options_.batch_size;
}

Batch SpanTask::train_batch(int64_t index) {
  const auto& split = splits_.at("train");
  const auto total = split.windows.size(), epoch = size_t(index / batches_per_epoch());
  const auto begin = size_t(index % batches_per_epoch() * options_.batch_size);
  std::vector<const Window*> windows;
  for (size_t i = begin; i < std::min(begin + size_t(options_.batch_size), total); ++i)
    windows.push_back(&split.windows[shuffled(i, total, options_.seed, epoch)]);
  return make_batch(split, windows);
}

Tensor SpanTask::loss(const Batch& batch, const std::string&) {
  const auto logits = span_logits(batch["ids"], batch["segments"], batch["real"]).to(at::kFloat);  // [B, T, 2]
  const auto masked = logits.masked_fill(batch["real"].logical_not().unsqueeze(2), -1e9);
  return (cross_entropy(masked.select(2, 0).contiguous(), batch["starts"]) +
          cross_entropy(masked.select(2, 1).contiguous(), batch["ends"])) /
         2;
}

std::vector<SpanTask::Guess> SpanTask::guesses(const Split& split, size_t num_questions) {
  constexpr size_t kWindows = 32, kBest = 20;
  const torch::NoGradGuard no_grad;
  module().eval();
  const auto device = module().parameters().front().device();
  std::vector<Guess> best(num_questions);
  std::vector<std::vector<double>> scores(num_questions);
  std::vector<const Window*> all;
  for (const auto& window : split.windows)
    if (window.question < num_questions) all.push_back(&window);
  for (size_t first = 0; first < all.size(); first += kWindows) {
    const std::vector part(all.begin() + ptrdiff_t(first),
                           all.begin() + ptrdiff_t(std::min(first + kWindows, all.size())));
    const auto batch = make_batch(split, part);
    // Log-probabilities, so that windows compare: one without the answer has put its mass on [CLS].
    const auto log_p = span_logits(batch["ids"].to(device), batch["segments"].to(device), batch["real"].to(device))
                           .to(at::kFloat)
                           .cpu()
                           .masked_fill(batch["real"].logical_not().unsqueeze(2), -1e9)
                           .log_softmax(1);
    const auto x = log_p.accessor<float, 3>();
    for (size_t b = 0; b < part.size(); ++b) {
      const auto& w = *part[b];
      const auto row = x[int64_t(b)];
      auto& guess = best[w.question];
      const auto& q = split.squad.questions[w.question];
      const auto offset = int64_t(split.questions[w.question].size()) + 2;
      guess.null_score = std::min(guess.null_score, double(row[0][0] + row[0][1]));
      std::vector<int64_t> order[2];  // places of the best starts and ends
      for (const int side : {0, 1}) {
        for (int64_t t = offset; t < offset + w.count; ++t) order[side].push_back(t);
        const auto n = std::min(kBest, order[side].size());
        std::partial_sort(order[side].begin(), order[side].begin() + ptrdiff_t(n), order[side].end(),
                          [&](int64_t i, int64_t j) { return row[i][side] > row[j][side]; });
        order[side].resize(n);
      }
      for (const auto start : order[0])
        for (const auto end : order[1]) {
          if (end < start || end - start >= config_.max_answer_length) continue;
          const double score = row[start][0] + row[end][1];
          scores[w.question].push_back(score);
          if (score <= guess.score) continue;
          const auto& spans = split.contexts[q.context].spans;
          guess.score = score;
          guess.begin = spans[size_t(start - offset + w.first)].begin;
          guess.end = spans[size_t(end - offset + w.first)].end;
        }
    }
  }
  for (size_t i = 0; i < num_questions; ++i) {
    auto& guess = best[i];
    const auto top = std::max(guess.score, config_.no_answer ? guess.null_score : guess.score);
    double sum = config_.no_answer ? std::exp(guess.null_score - top) : 0;
    for (const double score : scores[i]) sum += std::exp(score - top);
    guess.none =
        guess.end == guess.begin || (config_.no_answer && guess.null_score - guess.score > config_.null_threshold);
    guess.probability = sum > 0 ? std::exp((guess.none ? guess.null_score : guess.score) - top) / sum : 0;
  }
  return best;
}

Json SpanTask::evaluate(const std::string& name, int64_t limit) {
  const auto* found = find_split(splits_, name, "files");
  if (!found) return Json::object();
  const auto& split = *found;
  auto questions = split.squad.questions;
  if (limit > 0) questions.resize(std::min(questions.size(), size_t(limit) * 32));
  const auto best = guesses(split, questions.size());
  std::map<std::string, std::string> answers, spans, baseline;
  std::map<std::string, double> null_odds;
  bool unanswerable = false;
  for (size_t i = 0; i < questions.size(); ++i) {
    const auto& [id, question, context, article, golds] = questions[i];
    const auto& text = split.squad.contexts[context];
    spans[id] = text.substr(best[i].begin, best[i].end - best[i].begin);
    answers[id] = best[i].none ? "" : spans[id];
    null_odds[id] = best[i].null_score - best[i].score;
    baseline[id] = lexical_answer(text, question);
    unanswerable |= golds.empty();
  }
  auto scores = squad_scores(questions, answers, config_.unit);
  const auto floor = squad_scores(questions, baseline, config_.unit);
  scores["baseline_exact"] = floor["exact"];
  scores["baseline_f1"] = floor["f1"];
  if (unanswerable) scores["best_null"] = best_null_threshold(questions, spans, null_odds, config_.unit);
  return scores;
}

Json SpanTask::predict(const Json& request) {
  for (const char* key : {"question", "context"})
    require("predict", request.is_object() && request.contains(key) && request[key].is_string(),
            "the request has no string \"", key, "\", expected {\"question\": \"..\", \"context\": \"..\"}");
  SquadData data;
  data.contexts = {request["context"].get<std::string>()};
  data.questions.push_back({.id = "request", .question = request["question"].get<std::string>()});
  const auto split = prepare(std::move(data));
  const auto guess = guesses(split, 1)[0];
  const auto& context = split.squad.contexts[0];
  const auto begin = guess.none ? 0 : guess.begin, end = guess.none ? 0 : guess.end;
  return {{"answer", context.substr(begin, end - begin)},
          {"score", guess.probability},
          {"start", count_code_points(context.substr(0, begin))},
          {"end", count_code_points(context.substr(0, end))}};
}

void SpanTask::illustrate(const std::string& folder) {
  constexpr int64_t kPictures = 3, kAround = 14, kMostOfAnswer = 12;  // tokens that make a legible picture
  const auto found = splits_.contains("validation") ? splits_.find("validation") : splits_.find("train");
  if (found == splits_.end()) return;
  const auto& split = found->second;
  const auto device = module().parameters().front().device();
  int64_t drawn = 0;
  for (const auto& window : split.windows) {
    if (drawn == kPictures) break;
    if (window.start == 0 || window.end - window.start >= kMostOfAnswer) continue;
    const auto batch = make_batch(split, {&window});
    const auto ids = batch["ids"], weights = attention(ids.to(device), batch["segments"].to(device),
                                                       batch["real"].to(device))[0];  // [T, T]
    const auto Q = int64_t(split.questions[window.question].size()), context = Q + 2;
    const auto first = std::max(context, window.start - kAround);
    const auto last = std::min(context + window.count, window.end + kAround + 1);  // excluded
    AttentionPicture picture;
    const auto labels = [&](int64_t begin, int64_t end, std::vector<std::string>& out) {
      for (auto t = begin; t < end; ++t) out.push_back(token_label(*tokenizer_, ids[0][t].item<int64_t>()));
    };
    labels(1, 1 + Q, picture.rows);
    labels(first, last, picture.columns);
    picture.weights = weights.slice(0, 1, 1 + Q).slice(1, first, last);
    picture.marked = {window.start - first, window.end - first};
    picture.captions = {
        "what the question (rows) reads of the context near the answer (red): last block, mean of the heads",
        split.squad.questions[window.question].question};
    write_file_atomic(fs::path(folder) / ("attention_" + std::to_string(++drawn) + ".svg"), attention_svg(picture));
  }
}

std::string SpanTask::data_hash() const {
  if (!splits_.contains("train")) return "";
  const auto& data = splits_.at("train").squad;
  return sha256_hex(data.hash + " " + std::to_string(data.questions.size()));
}

Json SpanTask::data_card() const {
  Json card = Json::object();
  for (const auto& [name, split] : splits_)
    card[name] = {{"questions", split.squad.questions.size()},
                  {"windows", split.windows.size()},
                  {"moved_answers", split.squad.moved_answers},
                  {"lost_answers", split.squad.lost_answers}};
  return card;
}

}  // namespace ingot
