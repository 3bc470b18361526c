#include "ingot/torch/safetensors.h"

#include <cstring>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace ingot {
namespace {

TEST(TensorFile, KeepsEveryTypeBitForBit) {
  const TempFolder folder;
  std::map<std::string, Tensor> tensors;
  for (const auto type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kByte,
                          at::kChar, at::kBool})
    tensors[at::toString(type)] = at::arange(6).view({2, 3}).to(type);
  tensors["scalar"] = at::scalar_tensor(7, at::kLong);
  tensors["empty"] = at::empty({0, 3});
  tensors["strided"] = at::arange(6.).view({2, 3}).t();
  write_tensors_atomic(folder / "m.safetensors", tensors, {{"step", "3"}});
  std::map<std::string, std::string> metadata;
  const auto read = load_tensors(folder / "m.safetensors", &metadata);
  EXPECT_EQ(metadata.at("step"), "3");
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    SCOPED_TRACE(name);
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(read.at(name).equal(tensor));
  }
}

TEST(TensorFile, LeavesNoTemporaryFile) {
  const TempFolder folder;
  EXPECT_ANY_THROW(write_tensors_atomic(folder / "m.safetensors", {{"c", at::zeros({2}, at::kComplexFloat)}}));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace ingot
