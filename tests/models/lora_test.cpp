// LoRA in the families that have it: training, resume, answers, export, and what a user gets wrong.
#include "ingot/nn/lora.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/engine/predictor.h"
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

struct Family {
  std::string name, base, data, target;
  Json request;  // null: answers none
};

class LoraFamilies : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    write_file_atomic(folder_ / "text.txt", kTinyText);
    std::string labelled, de, en;
    for (int i = 0; i < 8; ++i) {
      labelled += i % 2 ? "1 the cat sat on the mat\n" : "0 what did the dog do\n";
      de += "ein Hund ist rot.\n";
      en += "a dog is red today.\n";
    }
    write_file_atomic(folder_ / "labelled.txt", labelled);
    write_file_atomic(folder_ / "t.de", de);
    write_file_atomic(folder_ / "t.en", en);
    const auto path = [&](const char* file) { return "\"" + (folder_ / file).string() + "\""; };
    family_ = std::array<Family, 3>{
        Family{"gpt", "block_size = 16\nn_layer = 2\nn_head = 2\nn_embd = 32\ntied_embeddings = false\n",
               "text = " + path("text.txt") + "\n", "c_attn", nullptr},
        Family{"bert",
               "hidden_size = 16\nnum_hidden_layers = 2\nnum_attention_heads = 2\nintermediate_size = 24\n"
               "max_position_embeddings = 16\nhidden_dropout_prob = 0.1\n",
               "train = " + path("labelled.txt") + "\nvalidation = " + path("labelled.txt") + "\n",
               "c_attn",
               {{"text", "what did the cat do"}}},
        Family{"seq2seq",
               "d_model = 16\nd_ff = 24\nheads = 2\nencoder_layers = 1\ndecoder_layers = 1\nmax_positions = 40\n",
               "train = " + path("t") + "\nvalidation = " + path("t") + "\nsource = \"de\"\ntarget = \"en\"\n",
               "c_attn",
               {{"text", "ein Hund"}}}}[size_t(GetParam())];
  }
  Document recipe(const std::string& model, const std::string& train = "") const {
    const auto vocabulary = family_.name == "seq2seq" ? "[data.tokenizer]\nvocab_size = 290\n" : "";
    return parse_toml("[model]\nname = \"" + family_.name + "\"\n" + model + "[data]\n" + family_.data +
                          (model == family_.base ? vocabulary : "") +
                          "[train]\nsteps = 6\nbatch_size = 4\nthreads = 1\neval_every = 3\n" + train +
                          "[optimizer]\nname = \"adamw\"\nlr = 0.01\nweight_decay = 0.1\n[ema]\ndecay = 0.9\n",
                      "lora.toml");
  }
  std::string on(const fs::path& base, const std::string& more = "") const {
    return "init_from = \"" + base.string() + "\"\n[model.lora]\nrank = 3\nalpha = 6\n" + more;
  }
  TrainOptions in(const char* run, bool resume = false) const {
    return {.run_folder = folder_ / run, .resume = resume, .quiet = true, .use_home_folder = false};
  }
  std::map<std::string, Tensor> weights(const char* run, const char* file) const {
    return load_tensors(find_checkpoint(folder_ / run, "latest").folder / file);
  }
  const TempFolder folder_;
  Family family_;
};

TEST_P(LoraFamilies, LeavesTheBaseAloneAndResumesExactly) {
  train(recipe(family_.base), in("base"));
  const auto base = load_run_weights(folder_ / "base", "best");
  for (const std::string precision : {"fp32", "bf16"}) {
    SCOPED_TRACE(family_.name + " " + precision);
    const auto run = "lora-" + precision, again = run + "-again";
    const auto lora = recipe(on(folder_ / "base", "dropout = 0.1\n"), "precision = \"" + precision + "\"\n");

    // Step 0 is the base.
    auto task = make_task(lora, {.batch_size = 4});
    task->initialise();
    task->module().eval();
    auto merged = module_state(task->module());
    merge_lora(merged, 2);
    for (const auto& [name, value] : base) EXPECT_TRUE(value.equal(merged.at(name))) << name;

    const auto record = train(lora, in(run.c_str())).record;
    EXPECT_LT(record["model"]["trained_parameters"], record["model"]["parameters"]);
    const auto card = read_file(folder_ / run / "model_card.md");
    EXPECT_NE(card.find("| of which train |"), std::string::npos) << card;
    int64_t learned = 0;
    for (const char* file : {"model.safetensors", "ema.safetensors"})
      for (const auto& [name, value] : weights(run.c_str(), file)) {
        if (is_lora(name)) {
          learned += name.ends_with("lora_b") && value.abs().max().item<double>() > 0;
          continue;
        }
        const bool head = name.starts_with("pooler") || name.starts_with("classifier");
        EXPECT_EQ(value.equal(base.at(name)), !head) << name;
      }
    EXPECT_GE(learned, 4);
    for (const auto& [name, value] : weights(run.c_str(), "optimizer.safetensors"))
      EXPECT_TRUE(name.find("lora_") != std::string::npos || name.starts_with("rng/") ||
                  name.find("/pooler") != std::string::npos || name.find("/classifier") != std::string::npos)
          << name;

    auto half = in(again.c_str());
    half.stop_at_step = 2;
    train(lora, half);
    train(lora, in(again.c_str(), true));
    for (const char* file : {"model.safetensors", "ema.safetensors", "optimizer.safetensors"}) {
      const auto through = weights(run.c_str(), file);
      for (const auto& [name, value] : weights(again.c_str(), file)) EXPECT_TRUE(value.equal(through.at(name))) << name;
    }
  }
}

TEST_P(LoraFamilies, AnswersMergedAndServesAsABase) {
  train(recipe(family_.base), in("base"));
  train(recipe(on(folder_ / "base")), in("lora"));
  const auto validation = evaluate_run(folder_ / "lora", "validation", "latest")["metrics"]["loss"].get<double>();

  // Merged and not, the model gives one loss.
  const auto merged = load_trained_task(folder_ / "lora", "latest");
  for (const auto& item : merged->module().named_parameters()) EXPECT_FALSE(is_lora(item.key())) << item.key();
  auto task = make_task(recipe("init_from = \"" + (folder_ / "lora").string() + "\"\n"), {.batch_size = 4});
  task->initialise();
  load_module_state(task->module(), load_run_weights(folder_ / "lora", "latest"), "lora");
  EXPECT_NEAR(task->evaluate("validation", 0)["loss"].get<double>(), validation, 1e-5 * validation);

  if (!family_.request.is_null()) {
    const auto answer = Predictor(folder_ / "lora", "latest")(family_.request);
    EXPECT_EQ(answer, merged->predict(family_.request));
  }
  // A second LoRA begins where the first ended.
  auto second = make_task(recipe(on(folder_ / "lora")), {.batch_size = 4});
  second->initialise();
  const auto state = module_state(second->module());
  for (const auto& [name, value] : load_run_weights(folder_ / "lora", "best"))
    EXPECT_TRUE(value.equal(state.at(name))) << name;
  const auto file = find_checkpoint(folder_ / "lora", "latest").model_file();
  EXPECT_NE(error_of([&] { load_run_weights(file); }).find("holds LoRA, whose alpha is in its run"), std::string::npos);
}

TEST_P(LoraFamilies, RefusesWhatHasNothingToAdapt) {
  EXPECT_NE(error_of([&] {
              make_task(recipe(family_.base + "[model.lora]\nrank = 2\n"), {});
            }).find("model.lora: got it without init_from, expected a trained model"),
            std::string::npos);
  EXPECT_NE(error_of([&] { make_task(recipe(on(folder_ / "base")), {}); }).find("which does not exist, expected a run"),
            std::string::npos);
  train(recipe(family_.base), in("base"));
  EXPECT_NE(error_of([&] {
              make_task(recipe(on(folder_ / "base", "targets = [\"q_proj\"]\n")), {});
            }).find("model.lora.targets: got \"q_proj\", which names no frozen linear map, expected "),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              make_task(recipe("init_from = \"" + (folder_ / "base").string() + "\"\n[model.lora]\nrank = 64\n"), {});
            }).find("model.lora.rank: got 64, expected below "),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Lora, LoraFamilies, testing::Range(0, 3));

}  // namespace
}  // namespace ingot
