// Text generation behind a torch-free header: what `ingot generate` and the server call. One model, loaded once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/json.h"
#include "ingot/serve/sampler.h"

namespace ingot {

struct GenerateRequest {
  std::string prompt;               // UTF-8; may be empty when the tokenizer has an end-of-text token to start from
  std::vector<int32_t> prompt_ids;  // instead of `prompt` when not empty
  int64_t max_tokens = 128;
  bool slide = false;             // when the context is full: go on with its later half, or finish with "length"
  SamplingConfig sampling;        // temperature, top_k, top_p, min_p, repetition_penalty, seed
  std::vector<std::string> stop;  // generation ends before the first of these; they never reach the text
  int64_t logprobs = -1;          // -1: none; n >= 0: of each sampled token and of the n likeliest beside it
};

struct TokenLogprob {
  int32_t id = 0;
  std::string token;   // its bytes
  double logprob = 0;  // natural log, of the model's own distribution (temperature 1, nothing cut)
  std::vector<std::pair<std::string, double>> top;
};

struct GenerateResult {
  std::string text;
  std::string finish_reason;                         // "stop" (end of text or a stop string), "length", "cancelled"
  int64_t prompt_tokens = 0, completion_tokens = 0;  // an end-of-text token is not counted
  std::vector<TokenLogprob> logprobs;
  double prompt_seconds = 0, completion_seconds = 0;
};

// Called with each piece of text that can no longer change: whole UTF-8 characters that cannot begin a stop string.
// Returning false cancels at the next token.
using OnText = std::function<bool(std::string_view piece)>;

class Generator {
 public:
  // `folder`: a run folder or a Hugging Face GPT-2 folder. `device` as in recipes. `checkpoint` of a run: "best",
  // "latest" or a step. Throws NotFound, InvalidArgument or Unsupported.
  static Generator load(const std::filesystem::path& folder, const std::string& device = "cpu",
                        const std::string& checkpoint = "best");
  ~Generator();
  Generator(Generator&&) noexcept;
  Generator& operator=(Generator&&) noexcept;

  // Throws InvalidArgument for a prompt that is empty, too long or not in the vocabulary, and for bad settings.
  // Not thread-safe: one request at a time.
  GenerateResult generate(const GenerateRequest& request, const OnText& on_text = {});
  // Natural log-likelihood of each token of `continuation` after `context`, for scoring options.
  std::vector<double> score(const std::string& context, const std::string& continuation);

  int64_t count_tokens(std::string_view text) const;
  int64_t context_length() const;
  const std::string& name() const;  // of the folder, as /v1/models lists it
  Json card() const;                // parameters, context, vocabulary, data, step
 private:
  struct Impl;
  explicit Generator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot
