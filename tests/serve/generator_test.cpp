#include "ingot/serve/generator.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/interop/language_model.h"
#include "ingot/serve/options.h"
#include "support/temp_folder.h"
#include "support/tiny_run.h"

namespace ingot {
namespace {

void learn(Task& task) {
  torch::optim::AdamW optimizer(task.module().parameters(), torch::optim::AdamWOptions(5e-3));
  for (int64_t step = 0; step < 400; ++step) {
    const auto batch = task.train_batch(step);
    optimizer.zero_grad();
    (task.loss(batch, "model") / batch.weight).backward();
    optimizer.step();
  }
}

// Trains once for all tests of this file.
class GeneratorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    write_file_atomic(*folder_ / "text.txt", kTinyText);
    write_tiny_run(*folder_ / "run", tiny_recipe(*folder_ / "text.txt"), learn);
  }
  static void TearDownTestSuite() { delete folder_; }
  static Generator load() { return Generator::load(*folder_ / "run"); }
  static fs::path run() { return *folder_ / "run"; }
  static TempFolder* folder_;
};
TempFolder* GeneratorTest::folder_ = nullptr;

TEST_F(GeneratorTest, ContinuesWhatItLearned) {
  auto generator = load();
  EXPECT_EQ(generator.name(), "run");
  EXPECT_EQ(generator.context_length(), 16);
  std::string streamed;
  const auto result = generator.generate({.prompt = "the dog s", .max_tokens = 6, .sampling = {.temperature = 0}},
                                         [&](std::string_view piece) { return streamed += piece, true; });
  EXPECT_EQ(result.text, "at on ");
  EXPECT_EQ(streamed, result.text);
  EXPECT_EQ(result.finish_reason, "length");
  EXPECT_EQ(result.prompt_tokens, 9);
  EXPECT_EQ(result.completion_tokens, 6);
}

TEST_F(GeneratorTest, GreedyDecodingIsTheArgmaxOfTheFullForward) {
  auto generator = load();
  const auto task = load_language_model(run());
  const torch::NoGradGuard no_grad;
  auto ids = task->tokenizer().encode("the dog");
  const auto result = generator.generate({.prompt = "the dog", .max_tokens = 9, .sampling = {.temperature = 0}});
  std::string expected;
  for (int i = 0; i < 9; ++i) {
    const auto all = at::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
    const auto id = int32_t(task->model().forward(all)[0][-1].argmax().item<int64_t>());
    ids.push_back(id);
    expected += task->tokenizer().token_bytes(id);
  }
  EXPECT_EQ(result.text, expected);
}

TEST_F(GeneratorTest, RepeatsWithItsSeed) {
  auto generator = load();
  const auto text = [&](int64_t seed) {
    return generator.generate({.prompt = "w", .max_tokens = 15, .sampling = {.temperature = 1.5, .seed = seed}}).text;
  };
  EXPECT_EQ(text(3), text(3));
  EXPECT_NE(text(3), text(4));
}

TEST_F(GeneratorTest, EndsBeforeAStopString) {
  auto generator = load();
  const auto result = generator.generate(
      {.prompt = "the dog s", .max_tokens = 7, .sampling = {.temperature = 0}, .stop = {"zzz", "t o"}});
  EXPECT_EQ(result.text, "a");
  EXPECT_EQ(result.finish_reason, "stop");
}

TEST_F(GeneratorTest, EndsWithTheContextOrSlides) {
  auto generator = load();
  GenerateRequest request{.prompt = "the cat sat", .max_tokens = 40, .sampling = {.temperature = 0}};
  auto result = generator.generate(request);
  EXPECT_EQ(result.prompt_tokens + result.completion_tokens, 17);  // the last one needs no place in the context
  EXPECT_EQ(result.finish_reason, "length");
  request.slide = true;
  result = generator.generate(request);
  EXPECT_EQ(result.completion_tokens, 40);
  request.prompt = "the cat sat on the mat. the dog";  // longer than the context: its end counts
  EXPECT_EQ(generator.generate(request).completion_tokens, 40);
}

TEST_F(GeneratorTest, CancelsWhenTheReaderHasGone) {
  auto generator = load();
  int pieces = 0;
  const auto result =
      generator.generate({.prompt = "the ", .max_tokens = 10}, [&](std::string_view) { return ++pieces < 3; });
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(result.finish_reason, "cancelled");
  EXPECT_EQ(result.completion_tokens, 3);
}

TEST_F(GeneratorTest, LogprobsAreThoseOfTheModel) {
  auto generator = load();
  const auto result =
      generator.generate({.prompt = "the cat", .max_tokens = 5, .sampling = {.temperature = 0}, .logprobs = 2});
  ASSERT_EQ(result.logprobs.size(), 5u);
  const auto scored = generator.score("the cat", result.text);
  ASSERT_EQ(scored.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(result.logprobs[i].logprob, scored[i], 1e-5);
    ASSERT_EQ(result.logprobs[i].top.size(), 2u);
    EXPECT_EQ(result.logprobs[i].top[0].first, result.logprobs[i].token);
    EXPECT_GE(result.logprobs[i].top[0].second, result.logprobs[i].top[1].second);
  }
}

TEST_F(GeneratorTest, RefusesWhatItCannotDo) {
  auto generator = load();
  const auto refuses = [&](const GenerateRequest& request, const char* expected) {
    try {
      generator.generate(request);
      ADD_FAILURE() << "accepted; expected " << expected;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
      EXPECT_NE(std::string(e.what()).find(expected), std::string::npos) << e.what();
    }
  };
  refuses({.prompt = ""}, "the prompt is empty");
  refuses({.prompt = "the cat sat on the mat"}, "the prompt has 22 tokens, expected fewer than the context of 16");
  refuses({.prompt = "the", .max_tokens = 0}, "max_tokens is 0");
  refuses({.prompt_ids = {99999}}, "prompt token is 99999");
  refuses({.prompt = "\xE4\xB8\xAD"}, "");  // a character that the vocabulary lacks
  EXPECT_THROW(Generator::load(run() / "assets"), Error);
}

TEST_F(GeneratorTest, ChoosesTheLikeliestOption) {
  auto generator = load();
  const auto file = *folder_ / "options.jsonl";
  write_file_atomic(file,
                    "{\"context\": \"the cat \", \"options\": [\"sat\", \"xyz\"], \"answer\": 0}\n\n"
                    "{\"context\": \"the dog \", \"options\": [\"gat\", \"sat\", \"tas\"], \"answer\": 1}\n");
  // "x", "y" and "z" are not all in the vocabulary.
  EXPECT_THROW(eval_options(generator, file), Error);
  write_file_atomic(file,
                    "{\"context\": \"the cat \", \"options\": [\"sat\", \"tas\"], \"answer\": 0}\n\n"
                    "{\"context\": \"the dog \", \"options\": [\"gat\", \"sat\", \"tas\"], \"answer\": 1}\n");
  auto result = eval_options(generator, file);
  EXPECT_EQ(result["questions"], 2);
  EXPECT_EQ(result["accuracy"], 1.0);
  EXPECT_NEAR(result["chance"].get<double>(), (1. / 2 + 1. / 3) / 2, 1e-12);
  EXPECT_EQ(eval_options(generator, file, 1)["questions"], 1);
  EXPECT_THROW(eval_options(generator, file, 2), Error);
  write_file_atomic(file, "{\"context\": \"a\", \"options\": [\"b\", \"c\"], \"answer\": 2}\n");
  try {
    eval_options(generator, file);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("options.jsonl:1"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace ingot
