#include "ingot/tasks/span.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/registry.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

TEST(Spans, TokensKnowTheirPlaces) {
  const TempFolder folder;
  write_file_atomic(folder / "vocab.txt",
                    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nin\n18\n##90\n##s\n,\n\u5317\n\u4eac\ncaf\n##e\n");
  const auto tokenizer = load_tokenizer(folder / "vocab.txt");
  const std::string text = "In 1890s, \u5317\u4eac caf\u00e9";
  const auto tokens = tokenize_with_spans(*tokenizer, text);
  std::vector<std::string> parts;
  for (const auto& [begin, end] : tokens.spans) parts.push_back(text.substr(begin, end - begin));
  // The last word lost an accent on the way: its pieces stand for all of it.
  EXPECT_EQ(parts,
            (std::vector<std::string>{"In", "18", "90", "s", ",", "\u5317", "\u4eac", "caf\u00e9", "caf\u00e9"}));
}

TEST(Spans, LearnsAnswersByHeartAcrossWindows) {
  const TempFolder folder;
  std::string context = "zero";
  const char* digits[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  for (int i = 0; i < 36; ++i) context += std::string(" ") + digits[i % 9] + " k" + std::to_string(i);
  const auto qa = [&](const std::string& id, const std::string& question, const std::string& answer) {
    return Json{{"id", id},
                {"question", question},
                {"answers", {{{"text", answer}, {"answer_start", context.find(answer + " ")}}}}};
  };
  const Json data = {
      {"data",
       {{{"title", "T"},
         {"paragraphs",
          {{{"context", context}, {"qas", {qa("a", "first thing", "one k0"), qa("b", "late thing", "k33")}}}}}}}}};
  write_json(folder / "qa.json", data);
  const auto file = "\"" + (folder / "qa.json").string() + "\"";
  const auto task =
      make_task(parse_toml("[model]\nname = \"bert\"\nhead = \"span\"\nhidden_size = 32\nnum_hidden_layers = 2\n"
                           "num_attention_heads = 2\nintermediate_size = 32\nmax_position_embeddings = 48\n"
                           "hidden_dropout_prob = 0\nattention_probs_dropout_prob = 0\n[data]\ntrain = [" +
                               file + "]\nvalidation = [" + file +
                               "]\ndoc_stride = 16\nmax_query_length = 8\n"
                               "[data.tokenizer]\nvocab_size = 200\nmin_frequency = 1\n",
                           "recipe.toml"),
                {.batch_size = 16});
  task->initialise();
  torch::optim::Adam optimizer(task->module().parameters(), torch::optim::AdamOptions(5e-3));
  for (int64_t step = 0; step < 300; ++step) {
    const auto batch = task->train_batch(step);
    optimizer.zero_grad();
    (task->loss(batch, "model") / batch.weight).backward();
    optimizer.step();
  }
  const auto metrics = task->evaluate("validation");
  EXPECT_EQ(metrics["exact"], 100) << metrics;
  const auto answer = task->predict({{"question", "late thing"}, {"context", context}});
  EXPECT_EQ(answer["answer"], "k33");
  EXPECT_EQ(context.substr(answer["start"].get<size_t>(), 3), "k33");
  EXPECT_NE(error_of([&] { task->predict({{"question", "x"}}); }).find("no string \"context\""), std::string::npos);
}

TEST(Spans, SaysHowManyAnswersWereLost) {
  const TempFolder folder;
  write_file_atomic(folder / "qa.json", R"({"data":[{"paragraphs":[{"context":"in Rome","qas":[{"id":"1","question":)"
                                        R"("Where?","answers":[{"text":"Paris","answer_start":3}]}]}]}]})");
  const auto file = (folder / "qa.json").string();
  const auto error = error_of([&] {
    make_task(parse_toml("[model]\nname = \"bert\"\nhead = \"span\"\n[data]\ntrain = [\"" + file + "\"]\n", "r.toml"),
              {.batch_size = 1});
  });
  EXPECT_NE(error.find("no question with an answer (1 left out"), std::string::npos) << error;
}

TEST(Spans, MarksRareWordsThatTheQuestionHasToo) {
  const TempFolder folder;
  const Json qa = {{"id", "a"}, {"question", "the red one"}, {"answers", {{{"text", "hen"}, {"answer_start", 8}}}}};
  write_json(
      folder / "qa.json",
      {{"data", {{{"title", "T"}, {"paragraphs", {{{"context", "the red hen the cat the dog"}, {"qas", {qa}}}}}}}}});
  const auto task_of = [&](const std::string& segments) {
    return make_task(parse_toml("[model]\nname = \"bert\"\nhead = \"span\"\nhidden_size = 8\nnum_hidden_layers = 1\n"
                                "num_attention_heads = 1\nintermediate_size = 8\nmax_position_embeddings = 32\n"
                                "type_vocab_size = " +
                                    segments + "\n[data]\ntrain = [\"" + (folder / "qa.json").string() +
                                    "\"]\nmark_matches = true\nmax_query_length = 8\n"
                                    "[data.tokenizer]\nvocab_size = 200\nmin_frequency = 1\n",
                                "recipe.toml"),
                     {.batch_size = 1});
  };
  // [CLS] the red one [SEP] the red hen the cat the dog [SEP]; "the" is there three times.
  EXPECT_TRUE(task_of("3")->train_batch(0)["segments"][0].equal(
      torch::tensor({0, 0, 0, 0, 0, 1, 2, 1, 1, 1, 1, 1, 1}, torch::kLong)));
  EXPECT_NE(error_of([&] { task_of("2"); }).find("model.type_vocab_size is 2, expected at least 3"), std::string::npos);
}

}  // namespace
}  // namespace ingot
