// A GPT that learns from another: what it learns, resume, evaluation without the teacher, and what a user gets wrong.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/engine/train.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/models/registry.h"
#include "ingot/models/trained_task.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/temp_folder.h"
#include "support/tiny_run.h"

namespace ingot {
namespace {

class Distill : public testing::Test {
 protected:
  void SetUp() override {
    write_file_atomic(folder_ / "text.txt", kTinyText);
    write_teacher(2);
  }
  void write_teacher(double sureness) const {
    write_tiny_run(folder_ / "teacher", tiny_recipe(folder_ / "text.txt", "logit_scale = 0.9\n"), [&](Task& task) {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : task.module().parameters())
        if (parameter.dim() > 1) parameter.mul_(sureness);
    });
  }
  Document student(const std::string& distill, const std::string& text = "text.txt") const {
    return parse_toml(
        "[model]\nname = \"gpt\"\nblock_size = 16\nn_layer = 1\nn_head = 2\nn_embd = 24\n"
        "embd_dropout = 0.02\n[model.distill]\nteacher = \"" +
            (folder_ / "teacher").string() + "\"\n" + distill + "[data]\ntext = \"" + (folder_ / text).string() +
            "\"\n[train]\nsteps = 60\nbatch_size = 8\nthreads = 1\neval_every = 60\n"
            "[optimizer]\nname = \"adamw\"\nlr = 0.01\n[checkpoint]\nevery = 30\n",
        "student.toml");
  }
  TrainOptions in(const char* run, bool resume = false) const {
    return {.run_folder = folder_ / run, .resume = resume, .quiet = true, .use_home_folder = false};
  }
  const TempFolder folder_;
};

TEST_F(Distill, ApproachesTheTeacherAndResumesExactly) {
  const auto recipe = student("weight = 1\n");
  train(recipe, in("through"));
  const auto task = make_task(recipe, {.batch_size = 8});
  task->initialise();
  task->module().eval();
  const torch::NoGradGuard no_grad;
  const auto loss = [&] { return task->loss(task->train_batch(0), "model").item<double>(); };
  const double before = loss();
  const auto through = load_run_weights(folder_ / "through", "latest");
  load_module_state(task->module(), through, "through");
  EXPECT_LT(loss(), before / 3);
  EXPECT_GT(loss(), 0);

  auto half = in("again");
  half.stop_at_step = 30;
  const at::AutoGradMode grad(true);
  train(recipe, half);
  train(recipe, in("again", true));
  for (const auto& [name, value] : load_run_weights(folder_ / "again", "latest"))
    EXPECT_TRUE(value.equal(through.at(name))) << name;
}

TEST_F(Distill, IsTheTextAloneWithoutWeightOfTheTeacher) {
  auto plain = student("weight = 0.25\ntemperature = 2\n");
  const auto task = make_task(plain, {.batch_size = 8, .seed = 3});
  plain.root["model"].erase("distill");
  const auto alone = make_task(plain, {.batch_size = 8, .seed = 3});
  plain = student("weight = 1\ntemperature = 2\n");
  const auto taught = make_task(plain, {.batch_size = 8, .seed = 3});
  std::vector<double> loss;
  for (const auto& each : {task.get(), alone.get(), taught.get()}) {
    each->initialise();
    each->module().eval();
    loss.push_back(each->loss(each->train_batch(5), "model").item<double>());
  }
  EXPECT_NEAR(loss[0], 0.75 * loss[1] + 0.25 * loss[2], 1e-4 * loss[0]);
}

TEST_F(Distill, NeedsTheTeacherToTrainAlone) {
  train(student(""), in("run"));
  fs::rename(folder_ / "teacher", folder_ / "gone");
  EXPECT_GT(evaluate_run(folder_ / "run", "validation", "best")["metrics"]["loss"], 0);
  EXPECT_NO_THROW(load_trained_task(folder_ / "run", "best"));
  const auto error = error_of([&] { train(student(""), in("other")); });
  EXPECT_NE(error.find("model.distill.teacher: got \"" + (folder_ / "teacher").string() + "\", which does not exist"),
            std::string::npos)
      << error;
  EXPECT_FALSE(fs::exists(folder_ / "other" / "recipe.toml"));
}

TEST_F(Distill, DoesNotResumeUnderAnotherTeacher) {
  auto half = in("run");
  half.stop_at_step = 30;
  train(student(""), half);
  write_teacher(3);
  const auto error = error_of([&] { train(student(""), in("run", true)); });
  EXPECT_NE(error.find("the training data has changed"), std::string::npos) << error;
}

TEST_F(Distill, RefusesATeacherThatDoesNotFit) {
  write_file_atomic(folder_ / "digits.txt", std::string(kTinyText) + std::string(kTinyText) + "0123456789");
  const auto refused = [&](const Document& recipe) {
    return error_of([&] { make_task(recipe, {.batch_size = 8})->initialise(); });
  };
  EXPECT_NE(refused(student("", "digits.txt")).find("model.distill.teacher: the vocabulary does not fit"),
            std::string::npos)
      << refused(student("", "digits.txt"));
  auto longer = student("");
  longer.root["model"]["block_size"] = 32;
  EXPECT_NE(refused(longer).find("reads contexts of up to 16 tokens, expected model.block_size 32 or more"),
            std::string::npos)
      << refused(longer);
  fs::remove(folder_ / "teacher" / "assets" / "model.json");
  EXPECT_NE(refused(student("")).find("holds neither assets/model.json"), std::string::npos);
  EXPECT_NE(refused(student("weight = 0\ntemperature = -1\n")).find("weight: got 0, expected 0 < weight <= 1"),
            std::string::npos);
}

}  // namespace
}  // namespace ingot
