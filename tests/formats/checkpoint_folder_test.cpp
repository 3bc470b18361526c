#include "ingot/formats/checkpoint_folder.h"

#include <fstream>

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

void write(const fs::path& path, const std::string& bytes) {  // without fsync: these tests write hundreds of times
  std::ofstream(path, std::ios::binary) << bytes;
}

// A step folder with two files of plain bytes: the reading side does not look into them.
void write_step(const fs::path& checkpoints, int64_t step) {
  const auto folder = checkpoints / step_folder_name(step);
  fs::create_directories(folder);
  std::string model(kChecksumChunk + 1000, '\0');  // two chunks
  Rng rng(uint64_t(step) + 1);
  for (auto& byte : model) byte = char(rng.next_u32());
  write(folder / "model.safetensors", model);
  write(folder / "state.json", "{\"step\":" + std::to_string(step) + "}");
  Manifest manifest{.step = step, .created = "2026-11-24T00:00:00Z", .ingot_version = "0.1.0"};
  for (const char* name : {"model.safetensors", "state.json"}) manifest.files.push_back(checksum_file(folder / name));
  write(folder / "MANIFEST.json", to_text(manifest));
}

std::string error_of(const fs::path& folder) {
  try {
    open_checkpoint(folder);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

class CheckpointFolder : public testing::Test {
 protected:
  void SetUp() override {
    write_step(folder_.path(), 10);
    write_step(folder_.path(), 20);
  }
  fs::path step(int64_t n) { return folder_ / step_folder_name(n); }
  int64_t newest() { return newest_checkpoint(folder_.path(), &rejected_)->manifest.step; }
  TempFolder folder_;
  std::vector<std::string> rejected_;
};

TEST_F(CheckpointFolder, FindsTheNewestWholeOne) {
  fs::create_directories(folder_ / "step-00000030.tmp");  // a save that was cut
  EXPECT_EQ(newest(), 20);
  EXPECT_TRUE(rejected_.empty());
}

TEST_F(CheckpointFolder, FallsBackBehindEveryTruncation) {
  for (const char* name : {"model.safetensors", "state.json", "MANIFEST.json"}) {
    const std::string whole = read_file(step(20) / name);
    for (int part = 0; part < 16; ++part) {
      rejected_.clear();
      write(step(20) / name, whole.substr(0, whole.size() * size_t(part) / 16));
      EXPECT_EQ(newest(), 10) << name << " cut to " << part << "/16";
      ASSERT_EQ(rejected_.size(), 1u);
      EXPECT_NE(rejected_[0].find(name), std::string::npos) << rejected_[0];
    }
    write(step(20) / name, whole);
  }
  EXPECT_EQ(newest(), 20);
}

TEST_F(CheckpointFolder, RejectsEveryFlippedBit) {
  Rng rng(7);
  for (const char* name : {"MANIFEST.json", "state.json", "model.safetensors"}) {
    const std::string whole = read_file(step(20) / name);
    const int flips = name == std::string("MANIFEST.json") ? 160 : 20;
    for (int i = 0; i < flips; ++i) {
      std::string damaged = whole;
      damaged[rng.below(damaged.size())] ^= char(1 << rng.below(8));
      write(step(20) / name, damaged);
      EXPECT_NE(error_of(step(20)), "") << name;
    }
    write(step(20) / name, whole);
  }
}

TEST_F(CheckpointFolder, NamesFileAndChunkOfDamage) {
  std::string bytes = read_file(step(20) / "model.safetensors");
  bytes[kChecksumChunk + 5] ^= 64;
  write(step(20) / "model.safetensors", bytes);
  EXPECT_NE(error_of(step(20)).find("model.safetensors: chunk 1 (bytes 4194304 to 4195304) does not match"),
            std::string::npos)
      << error_of(step(20));
}

TEST_F(CheckpointFolder, SaysWhichFileIsMissing) {
  fs::remove(step(20) / "state.json");
  EXPECT_NE(error_of(step(20)).find("state.json is missing; its manifest lists it"), std::string::npos);
  EXPECT_EQ(newest(), 10);
}

TEST_F(CheckpointFolder, RefusesSymbolicLinks) {
  fs::rename(step(20) / "state.json", folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", step(20) / "state.json");
  EXPECT_NE(error_of(step(20)).find("is a symbolic link"), std::string::npos);
  fs::create_symlink(step(10), folder_ / "step-00000040");
  EXPECT_NE(error_of(folder_ / "step-00000040").find("symbolic links are refused"), std::string::npos);
}

TEST_F(CheckpointFolder, SaysThatANewerSchemaNeedsANewerVersion) {
  auto json = read_json(step(20) / "MANIFEST.json");
  json["schema"] = kCheckpointSchema + 1;
  json["ingot"] = "9.0";
  write_json(step(20) / "MANIFEST.json", json);
  try {
    newest();
    FAIL() << "a newer checkpoint was passed over";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unsupported);
    EXPECT_NE(std::string(e.what()).find("has schema 2, this ingot reads up to 1; it was written by ingot \"9.0\""),
              std::string::npos)
        << e.what();
  }
}

TEST_F(CheckpointFolder, RefusesARenamedStepAndAnEscapingName) {
  fs::rename(step(20), step(90));
  EXPECT_NE(error_of(step(90)).find("holds step 20; it was renamed"), std::string::npos);
  Manifest manifest{.step = 50};
  manifest.files.push_back({"../step-00000010/state.json", 2, "", {}});
  fs::create_directories(step(50));
  write(step(50) / "MANIFEST.json", to_text(manifest));
  EXPECT_NE(error_of(step(50)).find("expected a plain file name"), std::string::npos);
}

TEST(CheckpointNames, AreReadStrictly) {
  EXPECT_EQ(step_of_folder("step-00000250"), 250);
  EXPECT_EQ(step_folder_name(250), "step-00000250");
  for (const char* bad : {"step-250", "step-00000250.tmp", "step-0000025x", "Step-00000250", ""})
    EXPECT_FALSE(step_of_folder(bad)) << bad;
}

TEST(CheckpointNames, AreFoundByWord) {
  const TempFolder run;
  try {
    find_checkpoint(run.path(), "best");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
  }
  write_step(run / "checkpoints", 10);
  write_step(run / "checkpoints", 20);
  write(run / "checkpoints" / "BEST", "step-00000010\n");
  EXPECT_EQ(find_checkpoint(run.path(), "best").manifest.step, 10);
  EXPECT_EQ(find_checkpoint(run.path(), "latest").manifest.step, 20);
  EXPECT_EQ(find_checkpoint(run.path(), "10").manifest.step, 10);
  EXPECT_THROW(find_checkpoint(run.path(), "15"), Error);
}

}  // namespace
}  // namespace ingot
