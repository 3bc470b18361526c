#include "ingot/tasks/lm.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/data/permutation.h"
#include "ingot/data/shards.h"
#include "ingot/data/tokenizer_train.h"
#include "ingot/models/registry.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

class LmTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 300; ++i) text_ += char('a' + i * i % 17);
    write_file_atomic(folder_ / "text.txt", text_);
  }
  Document recipe(const std::string& data) const {
    return parse_toml("[model]\nname = \"gpt\"\nblock_size = 8\nn_layer = 1\nn_head = 1\nn_embd = 8\n[data]\n" + data,
                      "r.toml");
  }
  std::string text_line() const { return "text = \"" + (folder_ / "text.txt").string() + "\"\n"; }
  // Documents of 3, 10, 1 and 16 tokens, then 12 for validation.
  std::string shard_line() {
    const auto folder = folder_ / "shards";
    if (!fs::exists(folder)) {
      fs::create_directories(folder);
      TokenizerTrainConfig config{.kind = "char"};
      bool given = false;
      const auto tokenizer =
          train_tokenizer(config, [&](std::string& out) { return out = text_, !std::exchange(given, true); });
      tokenizer->save(folder / "tokenizer");
      const auto ids = tokenizer->encode(text_);
      Json splits;
      const auto write = [&](const std::string& split, const std::vector<size_t>& lengths) {
        ShardWriter writer(folder / (split + "-00000.shard"), tokenizer->vocab_size());
        size_t begin = 0;
        for (const auto n : lengths) writer.add_document(std::span(ids).subspan(begin, n)), begin += n;
        auto shard = writer.close();
        splits[split] = {{"tokens", shard["tokens"]}, {"documents", shard["documents"]}, {"shards", {shard}}};
      };
      write("train", {3, 10, 1, 16});
      write("validation", {12});
      Json manifest = {{"format", "ingot-data"},
                       {"version", 1},
                       {"vocab_size", tokenizer->vocab_size()},
                       {"splits", splits},
                       {"tokenizer", Json::object()}};
      manifest["identity"] = data_identity(manifest);
      write_json(folder / "manifest.json", manifest);
    }
    return "dataset = \"" + folder.string() + "\"\n";
  }
  TempFolder folder_;
  std::string text_;
};

TEST_F(LmTest, TakesRandomWindowsOfTheTrainingPart) {
  const TaskOptions options{.batch_size = 64, .seed = 7};
  const auto task = make_task(recipe(text_line()), options);
  const auto batch = task->train_batch(3);
  EXPECT_EQ(batch["ids"].sizes(), (at::IntArrayRef{64, 8}));
  EXPECT_EQ(batch.weight, 512);
  EXPECT_TRUE(batch["ids"].slice(1, 1).equal(batch["targets"].slice(1, 0, 7)));
  EXPECT_TRUE(batch["ids"].equal(make_task(recipe(text_line()), options)->train_batch(3)["ids"])) << "pure";
  EXPECT_FALSE(batch["ids"].equal(task->train_batch(4)["ids"]));
  EXPECT_EQ(task->batches_per_epoch(), 0);
}

TEST_F(LmTest, ShowsEveryWindowOnceAnEpoch) {
  auto task = make_task(recipe(text_line() + "sampling = \"epochs\"\n"), {.batch_size = 4, .seed = 1});
  const auto batches = task->batches_per_epoch();
  EXPECT_EQ(batches, (269 / 8 + 3) / 4);  // 270 training characters
  for (int64_t epoch : {0, 1}) {
    std::multiset<std::string> seen;
    int64_t windows = 0;
    for (int64_t b = 0; b < batches; ++b) {
      const auto ids = task->train_batch(epoch * batches + b)["ids"];
      windows += ids.size(0);
      for (int64_t i = 0; i < ids.size(0); ++i) {
        std::string key;
        for (int64_t t = 0; t < 8; ++t) key += char('A' + ids[i][t].item<int64_t>());
        seen.insert(key);
      }
    }
    EXPECT_EQ(windows, 269 / 8);
    std::multiset<std::string> expected;
    auto* lm = dynamic_cast<LmTask*>(task.get());
    const auto all = lm->tokenizer().encode(text_);
    for (int64_t w = 0; w < 269 / 8; ++w) {
      std::string key;
      for (int64_t t = 0; t < 8; ++t) key += char('A' + all[size_t(w * 8 + t)]);
      expected.insert(key);
    }
    EXPECT_EQ(seen, expected);
  }
  EXPECT_FALSE(task->train_batch(0)["ids"].equal(task->train_batch(batches)["ids"])) << "epochs differ in order";
}

TEST_F(LmTest, KeepsDocumentsApart) {
  const auto task =
      make_task(recipe(shard_line() + "sampling = \"epochs\"\ndocument_mask = true\n"), {.batch_size = 3});
  // 30 tokens: windows [0, 8), [8, 16), [16, 24) in some order.
  const auto batch = task->train_batch(0);
  const auto first = batch["first_key"], targets = batch["targets"];
  const std::vector<std::vector<int64_t>> expected = {
      {0, 0, 0, 3, 3, 3, 3, 3}, {0, 0, 0, 0, 0, 5, 6, 6}, {0, 0, 0, 0, 0, 0, 0, 0}};
  const std::vector<std::vector<int64_t>> last = {{2}, {4, 5}, {}};  // the ends of documents predict nothing
  std::set<size_t> found;
  for (int64_t row = 0; row < 3; ++row)
    for (size_t window = 0; window < 3; ++window)
      if (first[row].equal(at::tensor(expected[window]))) {
        found.insert(window);
        std::vector<int64_t> ignored;
        for (int64_t t = 0; t < 8; ++t)
          if (targets[row][t].item<int64_t>() == kIgnore) ignored.push_back(t);
        EXPECT_EQ(ignored, last[window]);
      }
  EXPECT_EQ(found.size(), 3u) << first;
  EXPECT_EQ(batch.weight, 24 - 3);
}

TEST_F(LmTest, ReadsRecordsAsDocuments) {
  fs::create_directories(folder_ / "poems");
  write_file_atomic(folder_ / "poems/a.json", R"([{"lines": ["abc", "de"]}, {"lines": "ab"}, {"lines": []}])");
  write_file_atomic(folder_ / "poems/b.json", R"([{"lines": ["eab", "cx"]}])");
  const auto line = [&](const char* key, const std::string& path) {
    return std::string(key) + " = \"" + (folder_ / path).string() + "\"\n";
  };
  const auto task = make_task(recipe(line("text", "poems") + line("validation_text", "poems/b.json") +
                                     "text_field = \"lines\"\nsampling = \"epochs\"\ndocument_mask = true\n"),
                              {.batch_size = 1});
  const auto& tokenizer = dynamic_cast<LmTask&>(*task).tokenizer();
  const auto end = *tokenizer.end_of_text();
  EXPECT_EQ(task->batches_per_epoch(), 1);  // # abc\nde # ab #: eleven tokens
  const auto batch = task->train_batch(0);
  std::vector<int64_t> ids = {end};
  for (const auto id : tokenizer.encode("abc\nde")) ids.push_back(id);
  ids.push_back(end);
  EXPECT_TRUE(batch["ids"][0].equal(at::tensor(ids))) << batch["ids"];
  EXPECT_TRUE(batch["first_key"][0].equal(at::tensor(std::vector<int64_t>{0, 0, 0, 0, 0, 0, 0, 7})))
      << batch["first_key"];
  EXPECT_EQ(batch.weight, 8) << "the end of a document starts the next one, so every token is predicted";
  // "x" is known although no training document has it, and the end-of-text token adds no character.
  task->initialise();
  const auto metrics = task->evaluate("validation");
  EXPECT_EQ(metrics["tokens"], 7);
  EXPECT_NEAR(metrics["bits_per_char"].get<double>(), metrics["loss"].get<double>() * 7 / std::log(2.) / 6, 1e-6);

  const auto problem = [&](const std::string& more) {
    return error_of([&] { make_task(recipe(line("text", "poems") + more), {}); });
  };
  EXPECT_NE(problem("").find("a.json, record 1: [data] no member 'text'"), std::string::npos) << problem("");
  EXPECT_NE(problem(line("validation_text", "poems/c.json")).find("there is no file"), std::string::npos);
  EXPECT_NE(problem(line("validation_text", "poems") + "text_field = \"lines\"\n").find("training part of"),
            std::string::npos);
}

TEST_F(LmTest, BpeTokensStayWithinThePattern) {
  for (const char* name : {"train.json", "held.json"})
    write_file_atomic(folder_ / name, R"([{"text": "明月明月，山月明月。"}, {"text": "明月山，山明月。"}])");
  const auto encoded = [&](const std::string& pattern) {
    const auto task =
        make_task(recipe("text = \"" + (folder_ / "train.json").string() + "\"\nvalidation_text = \"" +
                         (folder_ / "held.json").string() + "\"\ntokenizer = \"bpe\"\nvocab_size = 300\n" + pattern),
                  {.batch_size = 1});
    return dynamic_cast<LmTask&>(*task).tokenizer().encode("明月山");
  };
  EXPECT_EQ(encoded("pattern = '.|\\n'\n").size(), 3u) << "a character a token";
  EXPECT_LT(encoded("").size(), 3u) << "a word of two characters is one token";
}

TEST_F(LmTest, KeysOfBpeAreOfBpeOnly) {
  const auto error = error_of([&] { make_task(recipe(text_line() + "vocab_size = 300\n"), {.batch_size = 1}); });
  EXPECT_NE(error.find("data.vocab_size: got 300 with tokenizer 'char'"), std::string::npos) << error;
}

TEST_F(LmTest, OverlappingWindowsCountEveryTokenOnceWithMoreContext) {
  const auto task = make_task(recipe(text_line() + "eval_stride = 3\n"), {.batch_size = 2});
  task->initialise();
  const auto result = task->evaluate("validation");
  EXPECT_EQ(result["tokens"], 29);
  auto* lm = dynamic_cast<LmTask*>(task.get());
  const auto all = lm->tokenizer().encode(std::string_view(text_).substr(270));
  const torch::NoGradGuard no_grad;
  double nats = 0;
  for (size_t end = 8, before = 0; before < 29; before = end, end = std::min<size_t>(end + 3, 29)) {
    const auto x = at::tensor(std::vector<int64_t>(all.begin() + end - 8, all.begin() + end)).unsqueeze(0);
    const auto logp = lm->model().forward(x).log_softmax(-1)[0];
    for (size_t t = before; t < end; ++t) nats -= logp[int64_t(t + 8 - end)][all[t + 1]].item<double>();
  }
  EXPECT_NEAR(result["loss"].get<double>(), nats / 29, 1e-5);
  EXPECT_NE(error_of([&] { make_task(recipe(text_line() + "eval_stride = 9\n"), {}); }).find("at most block_size 8"),
            std::string::npos);
}

TEST_F(LmTest, WritesSamplesAndSaysWhetherTheyScan) {
  write_file_atomic(folder_ / "train.json", R"([{"text": "甲乙丙，丁甲乙。"}, {"text": "甲，乙。"}])");
  write_file_atomic(folder_ / "held.json", R"([{"text": ["甲乙丙，丁甲乙。", "甲乙丙，甲丁。"]}])");
  const auto task = make_task(
      recipe("text = \"" + (folder_ / "train.json").string() + "\"\nvalidation_text = \"" +
             (folder_ / "held.json").string() + "\"\nkneser_ney = 2\n[data.samples]\ncount = 50\nmetre = [1, 2, 3]\n"),
      {.batch_size = 2, .seed = 3});
  task->initialise();
  const auto metrics = task->evaluate("validation");
  EXPECT_EQ(metrics["held_out_scanning_lines"], 0.5);
  const auto scanning = metrics["scanning_lines"].get<double>();
  EXPECT_GT(scanning, 0) << "by chance, as 甲，乙。 does";
  EXPECT_LT(scanning, 1);
  EXPECT_LE(metrics["copied_lines"].get<double>(), 1);
  EXPECT_GT(metrics["kneser_ney_bits_per_char"].get<double>(), 0);

  const torch::NoGradGuard no_grad;
  task->module().eval();
  task->illustrate(folder_.path().string());
  const auto page = read_file(folder_ / "samples.txt");
  EXPECT_NE(page.find("  ("), std::string::npos) << "lengths of the clauses";
  task->illustrate(folder_.path().string());
  EXPECT_EQ(read_file(folder_ / "samples.txt"), page) << "seeded";
}

TEST_F(LmTest, EvaluatesTheWholeValidationPart) {
  const auto task = make_task(recipe(text_line()), {.batch_size = 2});
  task->initialise();
  const auto result = task->evaluate("validation");
  EXPECT_EQ(result["tokens"], 29);  // 30 characters, the first is not predicted
  // One window at a time, by hand.
  auto* lm = dynamic_cast<LmTask*>(task.get());
  const auto all = lm->tokenizer().encode(std::string_view(text_).substr(270));
  const torch::NoGradGuard no_grad;
  double nats = 0;
  for (size_t begin = 0; begin < 29; begin += 8) {
    const auto n = std::min<size_t>(8, 29 - begin);
    const auto x = at::tensor(std::vector<int64_t>(all.begin() + begin, all.begin() + begin + n)).unsqueeze(0);
    const auto logp = lm->model().forward(x).log_softmax(-1)[0];
    for (size_t t = 0; t < n; ++t) nats -= logp[int64_t(t)][all[begin + t + 1]].item<double>();
  }
  EXPECT_NEAR(result["loss"].get<double>(), nats / 29, 1e-5);
  EXPECT_NEAR(result["perplexity"].get<double>(), std::exp(nats / 29), 1e-3);
  EXPECT_NEAR(result["bits_per_byte"].get<double>(), nats / 29 / std::log(2.), 1e-5);
  EXPECT_THROW(task->evaluate("test"), Error);
}

TEST_F(LmTest, AccumulatesToTheSameGradient) {
  const auto task =
      make_task(recipe(shard_line() + "sampling = \"epochs\"\ndocument_mask = true\n"), {.batch_size = 3});
  task->initialise();
  const auto whole = task->train_batch(0);
  const auto gradient = [&](const std::vector<Batch>& parts) {
    task->module().zero_grad();
    for (auto& p : task->module().parameters()) p.mutable_grad() = Tensor();
    double weight = 0;
    for (const auto& part : parts) weight += part.weight;
    for (const auto& part : parts) (task->loss(part, "model") / weight).backward();
    return task->module().named_parameters()["h.0.attn.c_attn.weight"].grad().clone();
  };
  std::vector<Batch> rows;
  for (int64_t i = 0; i < 3; ++i) {
    Batch row;
    for (const auto& [name, value] : whole.tensors) row.tensors[name] = value.narrow(0, i, 1);
    row.weight = (row["targets"] != kIgnore).sum().item<double>();
    rows.push_back(row);
  }
  EXPECT_LT((gradient({whole}) - gradient(rows)).abs().max().item<double>(), 1e-7);
}

TEST_F(LmTest, SaysWhatIsWrongWithItsData) {
  const auto message = [&](const std::string& data) -> std::string {
    try {
      make_task(recipe(data), {});
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_NE(message("").find("expected one of the two"), std::string::npos);
  EXPECT_NE(message("text = \"no/where.txt\"").find("there is no file no/where.txt"), std::string::npos);
  EXPECT_NE(message(text_line() + "tokeniser = \"char\"").find("did you mean 'tokenizer'"), std::string::npos);
  EXPECT_NE(message(text_line() + "validation = 0.98").find("expected more than block_size 8"), std::string::npos);
}

TEST(Registry, NamesTheNearestModel) {
  const auto recipe = parse_toml("[model]\nname = \"gptx\"\n", "r.toml");
  try {
    make_task(recipe, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("r.toml:2:1: model.name: there is no model 'gptx'; did you mean 'gpt'?"),
              std::string::npos)
        << e.what();
  }
}

TEST(Permutation, IsOne) {
  for (const uint64_t n : {1, 2, 3, 5, 16, 100, 1000}) {
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < n; ++i) seen.insert(shuffled(i, n, 7, 1));
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
  EXPECT_NE(shuffled(0, 1000, 7, 1), shuffled(0, 1000, 7, 2));
}

// SentencePiece brings a protobuf of its own; here LibTorch's is loaded too.
TEST(SentencePieceBesideLibTorch, Works) {
  std::string corpus;
  for (int i = 0; i < 200; ++i) corpus += "the cat sat on mat number " + std::to_string(i) + "\n";
  bool given = false;
  const auto tokenizer = train_tokenizer({.kind = "sentencepiece", .vocab_size = 300},
                                         [&](std::string& text) { return text = corpus, !std::exchange(given, true); });
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("the cat")), "the cat");
}

}  // namespace
}  // namespace ingot
