#include "ingot/formats/safetensors.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string container(const std::string& header, const std::string& data, uint64_t length) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += char(length >> (8 * i) & 0xff);
  return text + header + data;
}
std::string container(const std::string& header, const std::string& data) {
  return container(header, data, header.size());
}

TEST(Safetensors, ReadsWhatItWrote) {
  const TempFolder folder;
  const std::vector<float> weight = {1.5f, -2.f, 3.25f, 0.f, -0.f, 7.f};
  const int64_t step = 42;
  std::map<std::string, TensorView> tensors;
  tensors["w"] = {DType::F32, {2, 3}, std::as_bytes(std::span(weight))};
  tensors["step"] = {DType::I64, {}, std::as_bytes(std::span(&step, 1))};
  tensors["empty"] = {DType::F32, {0, 4}, {}};
  const auto path = folder / "m.safetensors";
  {
    FileWriter file(path);
    write_safetensors(file, tensors, {{"format", "pt"}});
    file.close();
  }
  const SafetensorsFile file(path);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  ASSERT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.at("w").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(file.at("w").bytes.data(), weight.data(), 24), 0);
  EXPECT_TRUE(file.at("step").shape.empty());
  EXPECT_EQ(file.at("empty").bytes.size(), 0u);
  // Every tensor is aligned in the file, the largest type first.
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.at("step").bytes.data()) % 8, 0u);
  EXPECT_LT(file.at("step").bytes.data(), file.at("w").bytes.data());
}

TEST(Safetensors, NamesTheNearestTensor) {
  const auto text = container(R"({"wte.weight":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x");
  const TempFolder folder;
  write_file_atomic(folder / "m.safetensors", text);
  const SafetensorsFile file(folder / "m.safetensors");
  try {
    file.at("wte.weigth");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_NE(std::string(e.what()).find("did you mean 'wte.weight'"), std::string::npos) << e.what();
  }
}

TEST(Safetensors, RefusesBrokenFilesByRule) {
  const std::string u8 = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  struct Case {
    const char* fault;
    std::string bytes;
    const char* expected;
  };
  const Case cases[] = {
      {"empty file", "", "has 0 bytes"},
      {"header length 2^63", container(u8, "abcd", uint64_t{1} << 63), "header length is"},
      {"header longer than the file", container(u8, "abcd", 5000), "header length is"},
      {"header length over the limit", container(u8, "abcd", 100'000'001), "header length is"},
      {"header is a list", container("[1]", ""), "expected '{'"},
      {"header begins with a space", container(" " + u8, "abcd"), "expected '{'"},
      {"header is cut", container(u8.substr(0, 20), ""), "not valid JSON"},
      {"bad UTF-8", container("{\"\xff\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", ""),
       "not valid JSON"},
      {"duplicate key", container(u8.substr(0, u8.size() - 1) + "," + u8.substr(1), "abcd"), "given twice"},
      {"file is cut", container(u8, "abc"), "expected to begin at 0 and to end by 3"},
      {"bytes behind the end", container(u8, "abcdef"), "2 bytes behind the last tensor"},
      {"shape disagrees", container(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "abcd"),
       "has 4 bytes, expected 8"},
      {"shape overflows",
       container(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", "abcd"),
       "does not fit in 64 bits"},
      {"negative size", container(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,4]}})", "abcd"),
       "expected a whole number"},
      {"hole",
       container(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                 R"("b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
                 "abcd"),
       "expected to begin at 2"},
      {"overlap",
       container(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                 R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                 "abcd"),
       "expected to begin at 3"},
      {"empty tensor inside another",
       container(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                 R"("b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
                 "abcd"),
       "expected to begin at 4"},
      {"two tensors share bytes",
       container(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                 R"("b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                 "abcd"),
       "expected to begin at 4"},
      {"end before begin", container(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,-1]}})", ""),
       "expected a whole number"},
      {"unknown field", container(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}})", ""),
       "expected an object of dtype, shape and data_offsets"},
      {"unknown dtype", container(R"({"a":{"dtype":"C64","shape":[0],"data_offsets":[0,0]}})", ""), "dtype is \"C64\""},
      {"metadata is not text", container(R"({"__metadata__":{"n":1}})", ""), "expected a string"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.fault);
    try {
      parse_safetensors(bytes_of(c.bytes), "m.safetensors");
      ADD_FAILURE() << "was accepted";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(c.expected), std::string::npos) << e.what();
      EXPECT_NE(e.kind(), ErrorKind::Internal);
    }
  }
}

TEST(Safetensors, AcceptsPaddingEmptyTensorsAndAnyOrder) {
  const auto text = container(
      R"({"z":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"e":{"dtype":"F64","shape":[3,0],"data_offsets":[2,2]},)"
      R"("a":{"dtype":"BOOL","shape":[],"data_offsets":[2,3]}}      )",
      "abc");
  const auto tensors = parse_safetensors(bytes_of(text), "m.safetensors");
  EXPECT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors.at("a").bytes[0], std::byte('c'));
}

TEST(Safetensors, RefusesToWriteWrongSizes) {
  const TempFolder folder;
  FileWriter file(folder / "m.safetensors");
  EXPECT_THROW(write_safetensors(file, {{"a", {DType::F32, {2}, {}}}}), Error);
}

}  // namespace
}  // namespace ingot
