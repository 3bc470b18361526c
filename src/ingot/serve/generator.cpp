// Shapes: one sequence, so B = 1; T tokens, V vocabulary.
#include "ingot/serve/generator.h"

#include <algorithm>
#include <numeric>

#include <torch/torch.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/interop/language_model.h"
#include "ingot/serve/text_stream.h"
#include "ingot/torch/compat.h"

namespace ingot {
namespace {

TokenLogprob logprob_of(std::span<const float> logits, int32_t id, int64_t count, const Tokenizer& tokenizer) {
  const LogProbabilities log_probability(logits);
  TokenLogprob result{id, tokenizer.token_bytes(id), log_probability.of(id), {}};
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto middle = order.begin() + std::min<int64_t>(count, int64_t(order.size()));
  std::partial_sort(order.begin(), middle, order.end(), [&](int32_t a, int32_t b) {
    return logits[size_t(a)] != logits[size_t(b)] ? logits[size_t(a)] > logits[size_t(b)] : a < b;
  });
  for (auto i = order.begin(); i != middle; ++i)
    result.top.emplace_back(tokenizer.token_bytes(*i), log_probability.of(*i));
  return result;
}

}  // namespace

struct Generator::Impl {
  std::unique_ptr<LmTask> task;
  at::Device device = at::kCPU;
  std::string name;

  LanguageModel& model() { return task->model(); }

  Tensor tensor_of(std::span<const int32_t> ids) const {  // [1, T]
    auto tensor = at::empty({1, int64_t(ids.size())}, at::kLong);
    std::copy(ids.begin(), ids.end(), tensor.data_ptr<int64_t>());
    return tensor.to(device);
  }
  // Appends `ids` to the cache and gives the logits that follow the last of them, [V] on the CPU.
  Tensor step(std::span<const int32_t> ids, KvCache& cache) {
    const auto features = model().features(tensor_of(ids), {}, &cache);  // [1, T, C]
    return model().logits(features.select(1, features.size(1) - 1)).squeeze(0).to(at::kCPU, at::kFloat).contiguous();
  }
  std::vector<int32_t> encode_prompt(const std::string& text) const {
    auto ids = task->tokenizer().encode(text);
    if (const auto end = task->tokenizer().end_of_text(); ids.empty() && end) ids.push_back(*end);
    return ids;
  }
};

Generator::Generator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Generator::~Generator() = default;
Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;

Generator Generator::load(const fs::path& folder, const std::string& device, const std::string& checkpoint) {
  auto impl = std::make_unique<Impl>();
  impl->device = resolve_device(device);
  impl->task = load_language_model(folder, checkpoint);
  impl->task->module().to(impl->device);
  impl->name = fs::weakly_canonical(folder).filename().string();
  return Generator(std::move(impl));
}

GenerateResult Generator::generate(const GenerateRequest& request, const OnText& on_text) {
  const torch::NoGradGuard no_grad;
  const auto& tokenizer = impl_->task->tokenizer();
  const auto context = context_length();

  // 1. The prompt.
  Sampler sampler(request.sampling);
  require("generate", request.max_tokens >= 1, "max_tokens is ", request.max_tokens, ", expected 1 or more");
  auto ids = request.prompt_ids.empty() ? impl_->encode_prompt(request.prompt) : request.prompt_ids;
  require("generate", !ids.empty(), "the prompt is empty and the tokenizer has no end-of-text token to start from");
  for (const auto id : ids)
    require("generate", id >= 0 && id < impl_->model().vocab_size(), "prompt token is ", id, ", expected 0 to ",
            impl_->model().vocab_size() - 1);
  require("generate", int64_t(ids.size()) < context || request.slide, "the prompt has ", ids.size(),
          " tokens, expected fewer than the context of ", context, "; shorten it");
  GenerateResult result;
  result.prompt_tokens = int64_t(ids.size());

  // 2. Prefill.
  double start = now_s();
  const auto tail = [&](int64_t n) {
    return std::span<const int32_t>(ids).last(size_t(std::min(n, int64_t(ids.size()))));
  };
  const auto window = tail(context - 1);
  auto cache = impl_->model().make_cache(1, std::min(context, int64_t(window.size()) + request.max_tokens));
  auto logits = impl_->step(window, cache);
  result.prompt_seconds = now_s() - start;

  // 3. One token at a time.
  start = now_s();
  TextStream stream(request.stop);
  const auto emit = [&](const std::string& piece) {
    result.text += piece;
    return piece.empty() || !on_text || on_text(piece);
  };
  result.finish_reason = "length";
  for (;;) {
    const auto rows = std::min(logits.numel(), tokenizer.vocab_size());  // the embedding may be padded
    const std::span<const float> row(logits.data_ptr<float>(), size_t(rows));
    const auto id = sampler.next(row, ids);
    if (id == tokenizer.end_of_text()) {
      result.finish_reason = "stop";
      break;
    }
    ids.push_back(id);
    ++result.completion_tokens;
    if (request.logprobs >= 0) result.logprobs.push_back(logprob_of(row, id, request.logprobs, tokenizer));
    const bool wanted = emit(stream.push(tokenizer.token_bytes(id)));
    if (stream.stopped() || !wanted) {
      result.finish_reason = stream.stopped() ? "stop" : "cancelled";
      break;
    }
    if (result.completion_tokens == request.max_tokens) break;
    if (cache.length < context) {
      logits = impl_->step(tail(1), cache);
    } else if (request.slide) {
      cache.length = 0;
      logits = impl_->step(tail(std::max<int64_t>(context / 2, 1)), cache);
    } else {
      break;
    }
  }
  if (result.finish_reason != "cancelled") emit(stream.finish());
  result.completion_seconds = now_s() - start;
  return result;
}

std::vector<double> Generator::score(const std::string& context, const std::string& continuation) {
  const torch::NoGradGuard no_grad;
  // Tokens of the whole, so that the border is cut as in running text; the first may hold the end of the context.
  auto ids = impl_->task->tokenizer().encode(context + continuation);
  const auto before = impl_->task->tokenizer().encode(context).size();
  if (before == 0)
    if (const auto end = impl_->task->tokenizer().end_of_text()) ids.insert(ids.begin(), *end);
  const auto first = std::max<size_t>(before, 1);  // without a token before it, the first one has no probability
  require("score", ids.size() > first, "the continuation '", continuation, "' adds no token to its context");
  const auto scored = ids.size() - first;
  require("score", int64_t(scored) < context_length() + 1, "the continuation has ", scored,
          " tokens, expected at most the context of ", context_length());
  if (const auto most = size_t(context_length()) + 1; ids.size() > most)
    ids.erase(ids.begin(), ids.end() - ptrdiff_t(most));  // the context loses its beginning
  const std::span<const int32_t> all(ids);
  const auto logits = impl_->model().forward(impl_->tensor_of(all.first(all.size() - 1))).squeeze(0);  // [T, V]
  const auto targets = impl_->tensor_of(all.subspan(1)).squeeze(0);
  const auto nll = token_nll(logits, targets).to(at::kCPU, at::kDouble).contiguous();  // [T]
  std::vector<double> result(nll.data_ptr<double>() + (nll.numel() - int64_t(scored)),
                             nll.data_ptr<double>() + nll.numel());
  for (auto& value : result) value = -value;
  return result;
}

int64_t Generator::count_tokens(std::string_view text) const {
  return int64_t(impl_->task->tokenizer().encode(text).size());
}
int64_t Generator::context_length() const { return impl_->model().context_length(); }
const std::string& Generator::name() const { return impl_->name; }
Json Generator::card() const { return impl_->task->card(); }

}  // namespace ingot
