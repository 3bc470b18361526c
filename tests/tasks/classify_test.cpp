#include "ingot/tasks/classify.h"

#include <fstream>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/data/datasets.h"
#include "ingot/engine/sequential.h"
#include "ingot/models/registry.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(LabelledTexts, ReadsFoldersLinesAndTables) {
  const TempFolder folder;
  write(folder / "tree/pos/1.txt", "good");
  write(folder / "tree/neg/1.txt", "bad");
  write(folder / "lines", "1 very good\r\n0 bad\n\n");
  write(folder / "table.tsv", "label\ttext\n1\t\"good\n0\tbad\n");
  write(folder / "table.csv", "text,label\n\"good, very\",1\nbad,0\n");
  for (const char* name : {"tree", "lines", "table.tsv", "table.csv"}) {
    const auto texts = read_labelled_texts((folder / name).string(), {});
    EXPECT_EQ(texts.size(), 2) << name;
    EXPECT_EQ(texts.names.size(), 2u) << name;
    for (int64_t i = 0; i < 2; ++i) EXPECT_EQ(texts.texts[size_t(i)] == "bad", texts.labels[size_t(i)] == 0) << name;
  }
}

TEST(LabelledTexts, NamesFileAndRecordOfWhatIsWrong) {
  const TempFolder folder;
  const auto read = [&](const std::string& bytes, const std::vector<std::string>& names = {}) {
    write(folder / "lines", bytes);
    return error_of([&] { read_labelled_texts((folder / "lines").string(), {}, names); });
  };
  EXPECT_NE(read("1 good\n0 caf\xe9 bad\n").find("lines:2: byte 3 is not UTF-8; set data.encoding"), std::string::npos);
  EXPECT_NE(read("1 good\nbad\n").find("lines:2 is 'bad', expected a label, a space and a text"), std::string::npos);
  EXPECT_NE(read("pos a\nneg b\npso c\n", {"neg", "pos"}).find("lines:3: label is 'pso'"), std::string::npos);
  EXPECT_NE(read("1 a\n1 b\n").find("has one class only ('1')"), std::string::npos);
  EXPECT_NE(read("1 a\n", {"0", "1"}).find("class '0' is empty"), std::string::npos);
  EXPECT_NE(read("").find("holds no labelled text"), std::string::npos);
  write(folder / "tree/pos/1.txt", "good");
  fs::create_directories(folder / "tree/neg");
  EXPECT_NE(
      error_of([&] { read_labelled_texts((folder / "tree").string(), {}); }).find("neg is a class without a file"),
      std::string::npos);
  EXPECT_NE(error_of([] { find_data("no-such-set/file"); }).find("ingot data get no-such-set"), std::string::npos);
  write(folder / "latin", "1 caf\xe9\n0 x\n");
  LabelledTextConfig latin{.encoding = Encoding::Latin1};
  EXPECT_EQ(read_labelled_texts((folder / "latin").string(), latin).texts[0], "caf\xc3\xa9");
}

// Rules of keras.preprocessing.text.Tokenizer(num_words) and pad_sequences.
TEST(WordIndex, CountsAndPadsAsKerasDoes) {
  const WordIndex words({"The cat, the dog!", "the CAT isn't here"}, 4);  // the, cat, dog
  EXPECT_EQ(words.size(), 4);
  EXPECT_EQ(words.encode("a dog: The cat"), (std::vector<int64_t>{3, 1, 2}));
  int64_t row[4];
  pad_in_front({3, 1, 2}, 4, row);
  EXPECT_EQ((std::vector<int64_t>(row, row + 4)), (std::vector<int64_t>{0, 3, 1, 2}));
  pad_in_front({5, 6, 7, 8, 9}, 4, row);
  EXPECT_EQ((std::vector<int64_t>(row, row + 4)), (std::vector<int64_t>{6, 7, 8, 9}));
}

class Classify : public testing::Test {
 protected:
  std::unique_ptr<Task> make(const std::string& lines, int64_t batch = 4) {
    write(folder_ / "train", lines);
    auto recipe = parse_toml(
        "[model]\nname = \"embedding_classifier\"\nnum_words = 20\nlength = 3\nembedding = 4\n[data]\n", "r.toml");
    recipe.root["data"] = {{"train", (folder_ / "train").string()}, {"test", (folder_ / "train").string()}};
    return make_task(recipe, {.batch_size = batch});
  }
  TempFolder folder_;
};

TEST_F(Classify, ShowsEachRowOnceAnEpochAndShuffles) {
  std::string lines;
  for (int i = 0; i < 10; ++i) lines += std::to_string(i % 2) + " w" + std::to_string(i) + "\n";
  const auto task = make(lines);
  EXPECT_EQ(task->batches_per_epoch(), 3);
  std::vector<int64_t> first, second;
  for (int64_t i = 0; i < 6; ++i) {
    const auto ids = task->train_batch(i)["ids"].select(1, 2).contiguous();
    auto& epoch = i < 3 ? first : second;
    epoch.insert(epoch.end(), ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + ids.numel());
  }
  EXPECT_NE(first, second);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(task->train_batch(2).weight, 2);  // the last batch is kept, short as it is
}

TEST_F(Classify, DrawsValidationFromEveryClassOfSortedTexts) {
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += i < 20 ? "0 bad\n" : "1 good\n";
  write(folder_ / "train", lines);
  auto recipe = parse_toml("[model]\nname = \"embedding_classifier\"\nnum_words = 20\nlength = 1\n", "r.toml");
  recipe.root["data"] = {{"train", (folder_ / "train").string()}, {"validation_fraction", 0.25}};
  const auto task = make_task(recipe, {.batch_size = 6});
  EXPECT_EQ(task->batches_per_epoch(), 5);  // of 30 texts
  task->initialise();
  torch::optim::Adam optimizer(task->module().parameters(), torch::optim::AdamOptions(0.1));
  for (int64_t step = 0; step < 20; ++step) {
    optimizer.zero_grad();
    task->loss(task->train_batch(step), "model").backward();
    optimizer.step();
  }
  const auto metrics = task->evaluate("validation");
  EXPECT_EQ(metrics["samples"], 10);
  EXPECT_EQ(metrics["f1"], 1.0);  // a class that is absent would count 0
}

TEST_F(Classify, StartsAsKerasDoesAndPredicts) {
  const auto task = make("1 good film\n0 bad film\n");
  task->initialise();
  for (const auto& item : task->module().named_parameters()) {
    const double largest = item.value().abs().max().item<double>();
    if (item.key() == "embedding") {
      EXPECT_LE(largest, 0.05);
    }
    if (item.key() == "bias") {
      EXPECT_EQ(largest, 0);
    }
  }
  EXPECT_NEAR(task->evaluate("test")["loss"].get<double>(), std::log(2), 0.1);
  const auto answer = task->predict({{"text", "good film"}});
  EXPECT_TRUE(answer["label"] == "0" || answer["label"] == "1");
  EXPECT_NE(error_of([&] { task->predict(Json::object()); }).find("expected {\"text\""), std::string::npos);
}

TEST_F(Classify, TakesMoreThanTwoClasses) {
  const auto task = make("a one\nb two\nc three\n");
  task->initialise();
  EXPECT_NEAR(task->evaluate("test")["loss"].get<double>(), std::log(3), 0.2);
}

TEST(Sequential, LearnsByHeartAndRefusesWhatDoesNotFit) {
  const auto x = torch::arange(8).view({8, 1}).expand({8, 2}).contiguous();
  const Examples data{x, x.select(1, 0).remainder(2)};
  Sequential model({Embedding(8, 4, 2), Flatten(), Dense(1, Output::Sigmoid)});
  EXPECT_NE(error_of([&] { model.evaluate(data); }).find("not compiled"), std::string::npos);
  model.compile({.optimizer = {.name = OptimizerKind::Adam, .lr = 0.05, .eps = 1e-7}});
  EXPECT_EQ(model.num_parameters(), 8 * 4 + 2 * 4 + 1);
  const auto history = model.fit(data, {.epochs = 60, .batch_size = 3, .validation = data});
  EXPECT_EQ(history.validation.size(), 60u);
  EXPECT_EQ(model.evaluate(data).accuracy, 1);
  EXPECT_EQ(model.predict(x).sizes(), at::IntArrayRef({8}));
  EXPECT_NE(error_of([] {
              Sequential({Embedding(8, 4, 2), Dense(1, Output::Sigmoid)});
            }).find("Flatten() before it"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              model.fit({torch::empty({0, 2}, torch::kLong), torch::empty({0})});
            }).find("x has 0 rows"),
            std::string::npos);
}

}  // namespace
}  // namespace ingot
