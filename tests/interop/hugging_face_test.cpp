#include "ingot/interop/hugging_face.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/interop/language_model.h"
#include "ingot/models/gpt_weights.h"
#include "support/error_of.h"
#include "support/temp_folder.h"
#include "support/tiny_run.h"

namespace ingot {
namespace {

class HuggingFaceTest : public testing::Test {
 protected:
  void SetUp() override { write_file_atomic(folder_ / "text.txt", kTinyText); }
  fs::path run(const std::string& model = "") {
    write_tiny_run(folder_ / "run", tiny_recipe(folder_ / "text.txt", model), [](Task& task) {
      const torch::NoGradGuard no_grad;  // biases and norms other than 0 and 1
      for (auto& p : task.module().parameters()) p.add_(at::arange(p.numel()).view(p.sizes()).sin(), 0.1);
    });
    return folder_ / "run";
  }
  TempFolder folder_;
};

TEST_F(HuggingFaceTest, RoundTripKeepsEveryBit) {
  const auto original = load_language_model(run());
  const auto summary = export_hugging_face(folder_ / "run", folder_ / "hf");
  EXPECT_EQ(summary["architecture"], "GPT2LMHeadModel");
  EXPECT_FALSE(fs::exists(folder_ / "hf.tmp"));

  // The layout: prefix, Conv1D as [in, out], the tied head written once.
  const auto file = load_tensors(folder_ / "hf" / "model.safetensors");
  EXPECT_EQ(file.at("transformer.h.0.attn.c_attn.weight").sizes(), (at::IntArrayRef{32, 96}));
  EXPECT_EQ(file.at("transformer.h.1.mlp.c_proj.weight").sizes(), (at::IntArrayRef{128, 32}));
  EXPECT_EQ(file.count("lm_head.weight"), 0u);
  const auto config = read_json(folder_ / "hf" / "config.json");
  EXPECT_EQ(config["n_positions"], 16);
  EXPECT_EQ(config["n_ctx"], 16);
  EXPECT_EQ(config["activation_function"], "gelu_new");

  const auto loaded = load_language_model(folder_ / "hf");
  EXPECT_EQ(loaded->tokenizer().encode("the cat"), original->tokenizer().encode("the cat"));
  for (const auto& item : original->model().named_parameters())
    EXPECT_TRUE(item.value().equal(loaded->model().named_parameters()[item.key()])) << item.key();
}

TEST_F(HuggingFaceTest, ReadsFoldersWithoutPrefixAndWithMasks) {
  const auto original = load_language_model(run());
  export_hugging_face(folder_ / "run", folder_ / "hf");
  std::map<std::string, Tensor> bare;
  for (const auto& [name, value] : load_tensors(folder_ / "hf" / "model.safetensors")) bare[name.substr(12)] = value;
  bare["h.0.attn.bias"] = at::ones({1, 1, 16, 16}).tril();
  bare["lm_head.weight"] = bare.at("wte.weight");
  // Sharded in two.
  std::map<std::string, Tensor> parts[2];
  Json map = Json::object();
  for (const auto& [name, value] : bare) {
    const int part = name < "h.1" ? 0 : 1;
    parts[part][name] = value;
    map[name] = "model-0000" + std::to_string(part + 1) + "-of-00002.safetensors";
  }
  fs::remove(folder_ / "hf" / "model.safetensors");
  write_json(folder_ / "hf" / "model.safetensors.index.json", {{"weight_map", map}});
  for (int part : {0, 1})
    write_tensors_atomic(folder_ / "hf" / ("model-0000" + std::to_string(part + 1) + "-of-00002.safetensors"),
                         parts[part]);
  const auto loaded = load_language_model(folder_ / "hf");
  for (const auto& item : original->model().named_parameters())
    EXPECT_TRUE(item.value().equal(loaded->model().named_parameters()[item.key()])) << item.key();
}

TEST_F(HuggingFaceTest, StartsTrainingFromAFolder) {
  run();
  export_hugging_face(folder_ / "run", folder_ / "hf");
  auto recipe =
      parse_toml("[model]\nname = \"gpt\"\ninit_from = \"" + (folder_ / "hf").string() + "\"\n[data]\ntext = \"" +
                     (folder_ / "text.txt").string() + "\"\ntokenizer = \"" + (folder_ / "hf").string() + "\"\n",
                 "recipe.toml");
  const auto task = make_task(recipe, {});
  task->initialise();
  const auto original = load_language_model(folder_ / "run");
  for (const auto& item : original->model().named_parameters())
    EXPECT_TRUE(item.value().equal(task->module().named_parameters()[item.key()])) << item.key();
}

TEST_F(HuggingFaceTest, SaysWhatCannotBeExportedOrRead) {
  run("position = \"rotary\"");
  EXPECT_NE(
      error_of([&] { export_hugging_face(folder_ / "run", folder_ / "hf"); }).find("model.position is not learned"),
      std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "hf"));
  EXPECT_NE(error_of([&] { export_hugging_face(folder_ / "run", folder_ / "run"); }).find("not an empty folder"),
            std::string::npos);

  fs::remove_all(folder_ / "run");
  run();
  export_hugging_face(folder_ / "run", folder_ / "hf");
  auto config = read_json(folder_ / "hf" / "config.json");
  config["n_layer"] = 3;
  write_json(folder_ / "hf" / "config.json", config);
  EXPECT_NE(error_of([&] { load_language_model(folder_ / "hf"); }).find("tensor h.2.ln_1.weight is missing"),
            std::string::npos);
  config["n_layer"] = 2;
  config["n_positions"] = 8;
  write_json(folder_ / "hf" / "config.json", config);
  EXPECT_NE(error_of([&] { load_language_model(folder_ / "hf"); }).find("has shape [16, 32], expected [8, 32]"),
            std::string::npos);
  config["model_type"] = "llama";
  write_json(folder_ / "hf" / "config.json", config);
  EXPECT_NE(error_of([&] { load_language_model(folder_ / "hf"); }).find("model_type is \"llama\""), std::string::npos);
}

}  // namespace
}  // namespace ingot
