#include "ingot/data/datasets.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "ingot/base/rng.h"
#include "support/error_of.h"
#include "support/range_server.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

std::string random_bytes(size_t count) {
  Rng rng(count);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = char(rng.next_u32());
  return bytes;
}

class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~EnvironmentVariable() { old_.empty() ? ::unsetenv(name_) : ::setenv(name_, old_.c_str(), 1); }

 private:
  const char* name_;
  std::string old_;
};

}  // namespace

TEST(Download, GoesOnWhereItWasCut) {
  const TempFolder folder;
  const std::string body = random_bytes(300000);
  RangeServer server(body);
  const DatasetFile file{"a.bin", server.url("a.bin"), sha256_hex(body), int64_t(body.size())};
  server.cut_after = 120000;
  const std::string error = error_of([&] { download(file, folder / "a.bin"); });
  EXPECT_NE(error.find("120000 of 300000 bytes"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(folder / "a.bin"));  // a part is never taken for the whole
  EXPECT_EQ(fs::file_size(folder / "a.bin.part"), 120000u);
  server.cut_after = SIZE_MAX;
  download(file, folder / "a.bin");
  EXPECT_EQ(server.last_from, 120000u);
  EXPECT_EQ(read_file(folder / "a.bin"), body);
  EXPECT_FALSE(fs::exists(folder / "a.bin.part"));
}

TEST(Download, StartsAgainWhenTheServerKnowsNoRange) {
  const TempFolder folder;
  const std::string body = random_bytes(100000);
  RangeServer server(body);
  const DatasetFile file{"a.bin", server.url("a.bin"), sha256_hex(body), int64_t(body.size())};
  server.ranges = false;
  write_file_atomic(folder / "a.bin.part", body.substr(0, 5000));
  download(file, folder / "a.bin");
  EXPECT_EQ(read_file(folder / "a.bin"), body);
}

TEST(Download, RefusesWrongContent) {
  const TempFolder folder;
  const std::string body = random_bytes(50000);
  RangeServer server(body);
  const std::string wrong = error_of([&] {
    download({"a", server.url("a"), sha256_hex("other"), 50000}, folder / "a");
  });
  EXPECT_NE(wrong.find("SHA-256"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder / "a"));
  EXPECT_FALSE(fs::exists(folder / "a.part"));
  const std::string longer = error_of([&] { download({"a", server.url("a"), sha256_hex(body), 1000}, folder / "a"); });
  EXPECT_NE(longer.find("more than the expected 1000 bytes"), std::string::npos) << longer;
  fs::remove(folder / "a.part");
  server.status = 404;
  EXPECT_NE(error_of([&] {
              download({"a", server.url("a"), sha256_hex(body), 50000}, folder / "a");
            }).find("404"),
            std::string::npos);
}

TEST(Download, NoServerSaysSo) {
  const TempFolder folder;
  EXPECT_NE(error_of([&] {
              download({"a", "http://127.0.0.1:9/a", "", 10}, folder / "a");
            }).find("run the command again"),
            std::string::npos);
}

TEST(Datasets, PublishesAFolderWhole) {
  const TempFolder folder;
  const std::string body = random_bytes(20000);
  RangeServer server(body);
  const std::string sum = sha256_hex(body);
  const Dataset set{"tiny",
                    "test",
                    "CC0",
                    "here",
                    2,
                    40000,
                    {{"a.bin", server.url("a"), sum, 20000}, {"sub/b.bin", server.url("b"), sum, 20000}}};
  server.cut_after = 10000;
  EXPECT_THROW(get_dataset(set, folder / "tiny"), Error);
  EXPECT_FALSE(fs::exists(folder / "tiny"));
  server.cut_after = SIZE_MAX;
  EXPECT_TRUE(get_dataset(set, folder / "tiny").downloaded);
  EXPECT_EQ(read_file(folder / "tiny/sub/b.bin"), body);
  EXPECT_FALSE(get_dataset(set, folder / "tiny").downloaded);
  EXPECT_TRUE(verify_dataset("tiny", folder / "tiny").empty());
  std::ofstream(folder / "tiny/a.bin", std::ios::app) << "x";
  EXPECT_EQ(verify_dataset("tiny", folder / "tiny").size(), 1u);
  const Dataset evil{"evil", "", "", "", 1, 1, {{"../escape", server.url("a"), sum, 20000}}};
  EXPECT_THROW(get_dataset(evil, folder / "evil"), Error);
  EXPECT_FALSE(fs::exists(folder / "escape"));
}

TEST(Datasets, ManifestWithAnUnsafePathIsRefused) {
  const TempFolder folder;
  fs::create_directory(folder / "set");
  write_file_atomic(folder / "secret", "x");
  for (const std::string name : {"../secret", "/etc/passwd", "a/../../secret"}) {
    write_file_atomic(folder / "set/MANIFEST.sha256", sha256_hex("x") + "  " + name + "\n");
    EXPECT_FALSE(verify_dataset("set", folder / "set").empty()) << name;
  }
  fs::create_symlink(folder / "secret", folder / "set/link");
  write_file_atomic(folder / "set/MANIFEST.sha256", sha256_hex("x") + "  link\n");
  EXPECT_FALSE(verify_dataset("set", folder / "set").empty());
}

TEST(Datasets, AreFoundInTheMirrorThenAmongTheDownloads) {
  const TempFolder folder;
  const EnvironmentVariable mirror("INGOT_DATA", folder / "mirror"), home("INGOT_HOME", folder / "home");
  EXPECT_NE(error_of([] { find_dataset("lm-tinyshakespeare"); }).find("ingot data get lm-tinyshakespeare"),
            std::string::npos);
  EXPECT_NE(error_of([] { find_dataset("cls-imdb"); }).find("INGOT_DATA"), std::string::npos);
  EXPECT_NE(error_of([] { find_dataset("lm-tinyshakespear"); }).find("did you mean 'lm-tinyshakespeare'"),
            std::string::npos);
  EXPECT_THROW(find_dataset("../etc"), Error);
  fs::create_directories(folder / "home/datasets/lm-tinyshakespeare");
  EXPECT_EQ(find_dataset("lm-tinyshakespeare"), folder / "home/datasets/lm-tinyshakespeare");
  fs::create_directories(folder / "mirror/lm-tinyshakespeare");
  EXPECT_EQ(find_dataset("lm-tinyshakespeare"), folder / "mirror/lm-tinyshakespeare");
  EXPECT_EQ(find_dataset("tinyshakespeare"), folder / "mirror/lm-tinyshakespeare");
}

TEST(Datasets, CatalogueIsSound) {
  EXPECT_GE(datasets().size(), 30u);
  int downloadable = 0;
  for (const auto& set : datasets()) {
    EXPECT_FALSE(set.licence.empty()) << set.name;
    EXPECT_FALSE(set.source.empty()) << set.name;
    downloadable += !set.files.empty();
    for (const auto& file : set.files) {
      EXPECT_TRUE(file.url.starts_with("https://raw.githubusercontent.com/")) << file.url;
      EXPECT_EQ(file.sha256.size(), 64u);
      EXPECT_GT(file.bytes, 0);
    }
  }
  EXPECT_GE(downloadable, 20);
}

TEST(Datasets, SafePaths) {
  for (const char* good : {"a", "a/b.txt", "..a", "a..b/c"}) EXPECT_TRUE(is_safe_path(good)) << good;
  for (const char* bad : {"", "/a", "..", "a/..", "a//b", "./a", "a/", "a\\b", "a\nb"})
    EXPECT_FALSE(is_safe_path(bad)) << bad;
}

}  // namespace ingot
