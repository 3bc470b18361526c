#include "ingot/server/completion_request.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

CompletionRequest parse(const std::string& text) { return parse_completion_request(parse_json(text, "request")); }

ApiError error_of(const std::string& text) {
  try {
    parse(text);
  } catch (const ApiError& error) {
    return error;
  }
  return {0, "no error", "", "", {}};
}

TEST(CompletionRequest, HasTheDefaultsOfTheApi) {
  const auto request = parse(R"({"model": "m", "prompt": "hi", "user": "u", "n": 1, "stop": null, "seed": null})");
  EXPECT_EQ(request.generate.prompt, "hi");
  EXPECT_EQ(request.generate.max_tokens, 16);
  EXPECT_EQ(request.generate.sampling.temperature, 1);
  EXPECT_EQ(request.generate.logprobs, -1);
  EXPECT_FALSE(request.stream);
  EXPECT_FALSE(request.has_seed);
}

TEST(CompletionRequest, TakesEveryFormOfOnePrompt) {
  EXPECT_EQ(parse(R"({"model": "m", "prompt": ["hi"]})").generate.prompt, "hi");
  EXPECT_EQ(parse(R"({"model": "m", "prompt": [1, 2]})").generate.prompt_ids, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(parse(R"({"model": "m", "prompt": [[3]]})").generate.prompt_ids, (std::vector<int32_t>{3}));
}

TEST(CompletionRequest, NamesTheMemberAtFault) {
  const std::pair<const char*, const char*> bad[] = {
      {R"("temperature": -1)", "temperature"},
      {R"("temperature": "hot")", "temperature"},
      {R"("top_p": 0)", "top_p"},
      {R"("top_p": 1.5)", "top_p"},
      {R"("n": 1000000000)", "n"},
      {R"("max_tokens": -1)", "max_tokens"},
      {R"("max_tokens": 1.5)", "max_tokens"},
      {R"("stop": "")", "stop"},
      {R"("stop": ["a","b","c","d","e"])", "stop"},
      {R"("stop": [1])", "stop"},
      {R"("logit_bias": {"1": 5})", "logit_bias"},
      {R"("logprobs": 21)", "logprobs"},
      {R"("stream": 1)", "stream"},
      {R"("seed": 18446744073709551615)", "seed"},
      {R"("suffix": "x")", "suffix"},
      {R"("temprature": 1)", "temprature"},
      {R"("presence_penalty": 0.5)", "presence_penalty"},
  };
  for (const auto& [member, name] : bad) {
    const auto error = error_of(std::string(R"({"model": "m", "prompt": "p", )") + member + "}");
    EXPECT_EQ(error.status, 400) << member;
    EXPECT_EQ(error.param, name) << member << ": " << error.message;
  }
  EXPECT_NE(error_of(R"({"model": "m", "prompt": "p", "temprature": 1})").message.find("did you mean 'temperature'"),
            std::string::npos);
  for (const char* prompt :
       {R"(5)", R"([])", R"(["a", "b"])", R"([1, "a"])", R"([[1], [2]])", R"([-1])", R"([4294967296])"})
    EXPECT_EQ(error_of(std::string(R"({"model": "m", "prompt": )") + prompt + "}").param, "prompt") << prompt;
  EXPECT_EQ(error_of(R"({"prompt": "p"})").param, "model");
  EXPECT_EQ(error_of(R"({"model": "m"})").param, "prompt");
  EXPECT_EQ(error_of("[]").status, 400);
}

TEST(ErrorBody, HasAllFourMembers) {
  const auto body = error_body({429, "full", "", "rate_limit_exceeded", {}});
  EXPECT_EQ(to_text(body),
            R"({"error":{"message":"full","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}})");
}

}  // namespace
}  // namespace ingot
