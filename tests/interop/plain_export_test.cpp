#include "ingot/interop/plain_export.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/models/trained_task.h"
#include "support/error_of.h"
#include "support/temp_folder.h"
#include "support/tiny_run.h"

namespace ingot {
namespace {

TEST(PlainExport, WritesWeightsConfigAndAssets) {
  TempFolder folder;
  write_file_atomic(folder / "text.txt", kTinyText);
  write_tiny_run(folder / "run", tiny_recipe(folder / "text.txt"), [](Task&) {});
  const auto summary = export_plain(folder / "run", folder / "out", "latest");
  EXPECT_EQ(summary["architecture"], "gpt");
  EXPECT_EQ(read_file(folder / "out" / "model.safetensors"),
            read_file(folder / "run" / "checkpoints" / step_folder_name(1) / "model.safetensors"));
  EXPECT_EQ(read_json(folder / "out" / "config.json")["model"]["n_layer"], 2);
  EXPECT_TRUE(fs::exists(folder / "out" / "tokenizer.json"));
  EXPECT_FALSE(fs::exists(folder / "out.tmp"));
  EXPECT_NE(error_of([&] {
              export_plain(folder / "run", folder / "out");
            }).find("exists and is not an empty folder; choose another name"),
            std::string::npos);
  EXPECT_NE(error_of([&] { export_plain(folder / "no", folder / "x"); }).find("is no run folder"), std::string::npos);
}

TEST(PlainExport, MergesLora) {
  TempFolder folder;
  write_file_atomic(folder / "text.txt", kTinyText);
  write_tiny_run(folder / "base", tiny_recipe(folder / "text.txt"), [](Task&) {});
  const auto on = "init_from = \"" + (folder / "base").string() + "\"\n[model.lora]\nrank = 4\nalpha = 2\n";
  write_tiny_run(folder / "run", tiny_recipe(folder / "text.txt", on), [](Task& task) {
    const torch::NoGradGuard no_grad;
    for (const auto& item : task.module().named_parameters())
      if (item.key().ends_with("lora_b")) item.value().fill_(0.25);
  });
  export_plain(folder / "run", folder / "out", "latest");
  const auto before = load_run_weights(folder / "base"), after = load_tensors(folder / "out" / "model.safetensors");
  const auto lora = load_tensors(find_checkpoint(folder / "run", "latest").model_file());
  EXPECT_EQ(after.size(), before.size());
  for (const auto& [name, value] : before) {
    const auto map = name.substr(0, name.size() - 7);  // "h.0.attn.c_attn" of its weight
    if (!lora.contains(map + ".lora_a")) {
      EXPECT_TRUE(after.at(name).equal(value)) << name;
      continue;
    }
    const auto sum = value + 0.5 * lora.at(map + ".lora_b").mm(lora.at(map + ".lora_a"));
    EXPECT_TRUE(after.at(name).allclose(sum, 1e-6, 1e-6)) << name;
    EXPECT_FALSE(after.at(name).equal(value)) << name;
  }
  EXPECT_FALSE(read_json(folder / "out" / "config.json")["model"].contains("lora"));
  EXPECT_FALSE(read_json(folder / "out" / "model.json").contains("lora"));
}

}  // namespace
}  // namespace ingot
