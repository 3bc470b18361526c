#include "ingot/interop/plain_export.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

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

}  // namespace
}  // namespace ingot
