// DeepFM: its algebra, learning through lists and unseen values, the errors of tables, parity with an independent
// implementation (tools/golden/deepfm.py).
#include "ingot/models/deepfm.h"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/engine/optimizer.h"
#include "ingot/models/registry.h"
#include "ingot/nn/losses.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

std::vector<OptimizedParameter> deepfm_parameters(torch::nn::Module& module) {
  std::vector<OptimizedParameter> parameters;
  for (const auto& item : module.named_parameters())
    parameters.push_back(
        {item.key(), item.value(), item.key() == "embedding" || item.key() == "linear", item.value().dim() == 2});
  return parameters;
}

TEST(DeepFm, MatchesTheReference) {
  auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/deepfm.safetensors");
  DeepFm model({.embedding = 3, .hidden = {8, 6}, .dropout = 0}, 24, 4);
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : model.named_parameters()) item.value().copy_(golden.at("weight." + item.key()));
  }
  const auto optimizer =
      make_optimizer({.name = OptimizerKind::Adam, .lr = 1e-2, .l2 = 1e-3}, deepfm_parameters(model));
  for (int64_t step = 1; step <= 10; ++step) {
    const auto of = [&](const char* name) { return golden.at(std::to_string(step) + "." + name); };
    model.zero_grad();
    for (auto& p : model.parameters()) p.mutable_grad() = Tensor();
    const auto logits = model.forward(of("ids"), of("weights"), of("offsets")).squeeze(1);
    if (step == 1) {
      EXPECT_LT((logits - golden.at("logits")).abs().max().item<double>(), 1e-5);
    }
    const auto loss = bce_with_logits(logits, of("labels"));
    EXPECT_NEAR(loss.item<double>() / 5, golden.at("losses")[step - 1].item<double>(), 1e-4) << "step " << step;
    loss.backward();
    for (const auto& item : model.named_parameters())
      EXPECT_EQ(item.value().grad().is_sparse(), item.key() == "embedding" || item.key() == "linear") << item.key();
    optimizer->step(1, 1. / 5);
  }
}

TEST(DeepFm, UpdatesOnlyTheRowsOfTheBatch) {
  DeepFm model({.embedding = 4, .hidden = {5}}, 10, 2);
  model.initialise(0);
  const auto before = model.named_parameters()["embedding"].clone();
  const auto optimizer = make_optimizer({.name = OptimizerKind::Adam, .l2 = 0.1}, deepfm_parameters(model));
  const auto ids = torch::tensor({1, 7}, torch::kLong);
  bce_with_logits(model.forward(ids, torch::ones({2}), torch::tensor({0, 1, 2}, torch::kLong)), torch::ones({1, 1}))
      .backward();
  optimizer->step(1);
  const auto changed = (model.named_parameters()["embedding"] - before).abs().sum(1);
  for (int64_t row = 0; row < 10; ++row) EXPECT_EQ(changed[row].item<double>() > 0, row == 1 || row == 7) << row;
}

class DeepFmTable : public testing::Test {
 protected:
  std::unique_ptr<Task> make(const std::string& csv, const std::string& more = "", const std::string& parts = "") {
    std::ofstream(folder_ / "clicks.csv", std::ios::binary) << csv;
    auto recipe = parse_toml(
        "[model]\nname = \"deepfm\"\nembedding = 4\nhidden = [16]\ndropout = 0.0\n" + parts +
            "\n[data]\ncategorical = [\"user\", \"item\"]\nmulti_valued = [\"tags\"]\nstandardised = [\"age\"]\n" +
            more,
        "r.toml");
    recipe.root["data"]["train"] = recipe.root["data"]["test"] = (folder_ / "clicks.csv").string();
    return make_task(recipe, {.batch_size = 64, .run_folder = (folder_ / "run").string()});
  }
  static double fit(Task& task, int64_t steps) {
    task.initialise();
    const auto optimizer = make_optimizer({.name = OptimizerKind::Adam, .lr = 0.02}, deepfm_parameters(task.module()));
    for (int64_t step = 0; step < steps; ++step) {
      task.module().train();
      for (auto& p : task.module().parameters()) p.mutable_grad() = Tensor();
      const auto batch = task.train_batch(step);
      task.loss(batch, "model").backward();
      optimizer->step(1, 1 / batch.weight);
    }
    return task.evaluate("test")["auc"].get<double>();
  }
  // The task as `ingot predict` opens it, from its assets and weights alone.
  std::unique_ptr<Task> reopen(Task& task, const std::string& model) {
    task.save_assets((folder_ / "run/assets").string());
    const auto recipe = parse_toml("[model]\nname = \"deepfm\"\nembedding = 4\n" + model +
                                       "\n[data]\ntrain = \"gone.csv\"\ncategorical = [\"user\"]\n",
                                   "r.toml");
    auto opened = make_task(recipe, {.purpose = Purpose::Infer, .run_folder = (folder_ / "run").string()});
    const torch::NoGradGuard no_grad;
    for (auto& item : opened->module().named_parameters())
      item.value().copy_(task.module().named_parameters()[item.key()]);
    opened->module().eval();
    return opened;
  }
  // A yes where user and item are of the same parity: no sum of single fields can say it.
  static std::string parity() {
    std::string csv = "label,user,item,tags,age\n";
    for (int user = 0; user < 8; ++user)
      for (int item = 0; item < 8; ++item)
        csv += std::to_string((user + item + 1) % 2) + ",u" + std::to_string(user) + ",i" + std::to_string(item) +
               ",a|b,3" + std::to_string(item) + "\n";
    return csv;
  }
  TempFolder folder_;
};

TEST_F(DeepFmTable, LearnsPairsThatLogisticRegressionCannot) {
  EXPECT_LT(fit(*make(parity(), "", "parts = [\"linear\"]"), 150), 0.6);
  EXPECT_EQ(fit(*make(parity(), "", "parts = [\"linear\", \"fm\"]\nembedding_std = 0.1"), 150), 1);
  EXPECT_EQ(fit(*make(parity()), 150), 1);
}

TEST_F(DeepFmTable, AnswersAsItEvaluatesAndTakesUnseenValues) {
  const auto task = make(parity(), "group = \"user\"\naudit = [\"item\"]\n");
  fit(*task, 100);
  const auto metrics = task->evaluate("test");
  EXPECT_EQ(metrics["gauc"], 1);
  EXPECT_EQ(metrics["audit"]["item"]["groups"].size(), 8u);
  const auto answering = reopen(*task, "hidden = [16]");
  const Json yes = {{"user", "u1"}, {"item", "i1"}, {"tags", {"a", "b"}}, {"age", 31}};
  Json no = yes, unseen = yes;
  no["item"] = "i2";
  unseen["user"] = "somebody new";
  EXPECT_GT(answering->predict(yes)["score"], 0.5);
  EXPECT_LT(answering->predict(no)["score"], 0.5);
  EXPECT_EQ(answering->predict({{"rows", {yes, no}}})["scores"][1], answering->predict(no)["score"]);
  EXPECT_TRUE(std::isfinite(answering->predict(unseen)["score"].get<double>()));
  no.erase("age");
  EXPECT_NE(error_of([&] { answering->predict(no); }).find("has no \"age\", expected a value for each"),
            std::string::npos);
  no["age"] = "old";
  EXPECT_NE(error_of([&] { answering->predict(no); }).find("age is 'old', expected a number"), std::string::npos);
}

TEST_F(DeepFmTable, AnOrdinalLabelAsksAtEachOfItsValues) {
  std::string csv = "label,user,item,tags,age\n";  // 1 to 5 stars, a fifth of each
  for (int i = 0; i < 60; ++i) csv += std::to_string(1 + i % 5) + ",u,i,a,3\n";
  const auto task = make(csv, "positive_from = 4\nordinal = true\n", "parts = [\"linear\"]");
  const auto labels = task->train_batch(0)["labels"];  // 2, 3, 4 and 5 stars reached
  EXPECT_EQ(labels.sizes(), (std::vector<int64_t>{60, 4}));
  EXPECT_TRUE(labels.sum(0).equal(torch::tensor({48.f, 36.f, 24.f, 12.f})));
  fit(*task, 400);
  const Json record = {{"user", "u"}, {"item", "i"}, {"tags", "a"}, {"age", 3}};
  EXPECT_NEAR(task->predict(record)["score"].get<double>(), 0.4, 0.01);
  const auto answering = reopen(*task, "parts = [\"linear\"]");
  EXPECT_EQ(answering->predict(record), task->predict(record));
  for (int i = 0; i < 70; ++i) csv += std::to_string(i) + ",u,i,a,3\n";
  EXPECT_NE(error_of([&] { make(csv, "positive_from = 4\nordinal = true\n"); }).find("label label has 70 values"),
            std::string::npos);
  EXPECT_NE(error_of([&] { make(csv, "ordinal = true\n"); }).find("ordinal: got true without positive_from"),
            std::string::npos);
}

TEST_F(DeepFmTable, NamesFileRecordAndRuleOfWhatIsWrong) {
  const std::string head = "label,user,item,tags,age\n";
  const auto error = [&](const std::string& csv, const std::string& more = "") {
    return error_of([&] { make(csv, more); });
  };
  EXPECT_NE(error("label,user,itm,tags,age\n1,u,i,a,3\n0,u,i,a,3\n")
                .find("clicks.csv has no column 'item'; did you mean 'itm'?"),
            std::string::npos);
  EXPECT_NE(error(head + "1,u,i,a,3\n0,u,i,a,young\n").find("clicks.csv:3: age is 'young', expected a number"),
            std::string::npos);
  EXPECT_NE(error(head + "1,u,i,a,3\nmaybe,u,i,a,3\n").find("clicks.csv:3: label label is 'maybe', expected one of"),
            std::string::npos);
  EXPECT_NE(error(head + "1,u,i,a,3\n0,u,i,a\n").find("clicks.csv:3 has 4 columns, expected 5"), std::string::npos);
  EXPECT_NE(error(head + "1,u,i,a,3\n1,v,i,a,3\n").find("no record whose label is a no"), std::string::npos);
  EXPECT_NE(error(head + "five,u,i,a,3\n1,v,i,a,3\n", "positive_from = 4.0\n")
                .find("clicks.csv:2: label is 'five', expected a number"),
            std::string::npos);
  EXPECT_NE(error(head).find("holds no record"), std::string::npos);
  EXPECT_NE(error_of([&] { make(parity(), "", "parts = [\"linear\", \"depe\"]"); }).find("did you mean 'deep'"),
            std::string::npos);
}

TEST_F(DeepFmTable, KeepsTheLatestRecordsOfEachUserFromTraining) {
  std::string csv = "label,user,item,tags,age,time\n";
  for (int i = 0; i < 40; ++i)
    csv += std::to_string(i / 2 % 2) + ",u" + std::to_string(i % 2) + ",i,a," + std::to_string(i) + "," +
           std::to_string(1000 - i) + "\n";
  std::ofstream(folder_ / "clicks.csv", std::ios::binary) << csv;
  auto recipe = parse_toml(
      "[model]\nname = \"deepfm\"\n[data]\ncategorical = [\"user\"]\nstandardised = [\"age\"]\ntime = \"time\"\n"
      "time_within = \"user\"\naudit = [\"age\"]\nvalidation_fraction = 0.2\ntest_fraction = 0.2\n",
      "r.toml");
  recipe.root["data"]["train"] = (folder_ / "clicks.csv").string();
  const auto task = make_task(recipe, {.batch_size = 100});
  EXPECT_EQ(task->train_batch(0).weight, 24);
  EXPECT_EQ(task->evaluate("validation")["samples"], 8);
  const auto test = task->evaluate("test");
  EXPECT_EQ(test["samples"], 8);
  // The first records have the latest times.
  for (int age = 0; age < 40; ++age)
    EXPECT_EQ(test["audit"]["age"]["groups"].contains(std::to_string(age)), age < 8) << age;
}

}  // namespace
}  // namespace ingot
