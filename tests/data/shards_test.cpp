#include "ingot/data/shards.h"

#include <fstream>
#include <numeric>

#include <gtest/gtest.h>

#include "ingot/base/rng.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

// Writes documents of 1 to 40 random ids and returns them all in a row.
std::vector<int32_t> write_shard(const fs::path& path, int64_t vocab_size, int num_documents, uint64_t seed,
                                 Json* entry = nullptr) {
  Rng rng(seed);
  ShardWriter writer(path, vocab_size);
  std::vector<int32_t> all;
  for (int d = 0; d < num_documents; ++d) {
    std::vector<int32_t> document(1 + rng.below(40));
    for (auto& id : document) id = int32_t(rng.below(uint64_t(vocab_size)));
    writer.add_document(document);
    all.insert(all.end(), document.begin(), document.end());
  }
  const Json made = writer.close();
  if (entry) *entry = made;
  return all;
}

// A prepared folder with two training shards and an empty tokenizer.
std::vector<int32_t> write_folder(const fs::path& folder, int64_t vocab_size) {
  Json manifest{{"format", "ingot-data"}, {"version", 1}, {"vocab_size", vocab_size}, {"tokenizer", Json::object()}};
  Json a, b;
  auto all = write_shard(folder / "train-00000.shard", vocab_size, 30, 1, &a);
  const auto rest = write_shard(folder / "train-00001.shard", vocab_size, 20, 2, &b);
  all.insert(all.end(), rest.begin(), rest.end());
  manifest["splits"]["train"]["shards"] = Json::array({a, b});
  manifest["identity"] = data_identity(manifest);
  write_json(folder / "manifest.json", manifest);
  return all;
}

void put_bytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;  // no fsync: thousands of these
}

}  // namespace

TEST(Shard, ReadsWhatWasWritten) {
  for (const int64_t vocab_size : {300, 65536, 65537, 200000}) {
    const TempFolder folder;
    const auto all = write_shard(folder / "a.shard", vocab_size, 50, 7);
    const Shard shard(folder / "a.shard");
    ASSERT_EQ(shard.num_tokens(), int64_t(all.size()));
    EXPECT_EQ(shard.num_documents(), 50);
    EXPECT_EQ(shard.vocab_size(), vocab_size);
    std::vector<int32_t> read(all.size());
    shard.read(0, shard.num_tokens(), read.data());
    EXPECT_EQ(read, all);
    EXPECT_TRUE(shard.verify().empty());
  }
}

TEST(Shard, EmptyShardIsWhole) {
  const TempFolder folder;
  ShardWriter(folder / "a.shard", 10).close();
  EXPECT_EQ(Shard(folder / "a.shard").num_tokens(), 0);
}

TEST(Shard, WriterRefusesAnIdOutsideTheVocabulary) {
  const TempFolder folder;
  ShardWriter writer(folder / "a.shard", 10);
  const std::vector<int32_t> over = {3, 10}, under = {-1};
  EXPECT_NE(error_of([&] { writer.add_document(over); }).find("token id is 10, expected 0 to 9"), std::string::npos);
  EXPECT_THROW(writer.add_document(under), Error);
}

TEST(Shard, TruncatedAnywhereIsRefusedByName) {
  const TempFolder folder;
  write_shard(folder / "a.shard", 300, 200, 3);
  const std::string whole = read_file(folder / "a.shard");
  for (int i = 0; i < 16; ++i) {
    put_bytes(folder / "cut.shard", whole.substr(0, whole.size() * i / 16));
    const std::string error = error_of([&] { Shard(folder / "cut.shard"); });
    EXPECT_NE(error.find("cut.shard"), std::string::npos) << i;
    EXPECT_NE(error.find("ingot data prepare"), std::string::npos) << error;
  }
  put_bytes(folder / "cut.shard", whole.substr(0, whole.size() - 1));
  EXPECT_THROW(Shard(folder / "cut.shard"), Error);
}

TEST(Shard, AnyFlippedBitIsFound) {
  const TempFolder folder;
  write_shard(folder / "a.shard", 300, 4, 4);
  const std::string whole = read_file(folder / "a.shard");
  Rng rng(5);
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    std::string flipped = whole;
    flipped[byte] = char(flipped[byte] ^ (1 << rng.below(8)));
    put_bytes(folder / "b.shard", flipped);
    std::string error;
    bool found = false;
    error = error_of([&] { found = !Shard(folder / "b.shard").verify().empty(); });
    EXPECT_TRUE(found || !error.empty()) << "byte " << byte;
  }
}

TEST(Shard, FullDiskIsNamed) {
  EXPECT_NE(error_of([] {
              ShardWriter writer("/dev/full", 10);
              const std::vector<int32_t> ids(100, 1);
              writer.add_document(ids);
              writer.close();
            }).find("free some space"),
            std::string::npos);
}

TEST(TokenDataset, JoinsShards) {
  const TempFolder folder;
  const auto all = write_folder(folder.path(), 300);
  const TokenDataset data(folder.path(), "train");
  ASSERT_EQ(data.num_tokens(), int64_t(all.size()));
  EXPECT_EQ(data.num_documents(), 50);
  for (int64_t i = 0; i < data.num_tokens(); ++i) ASSERT_EQ(data.token(i), all[size_t(i)]);
  Rng rng(6);
  for (int k = 0; k < 200; ++k) {
    const auto begin = int64_t(rng.below(all.size()));
    const auto count = int64_t(rng.below(all.size() - size_t(begin) + 1));
    std::vector<int32_t> read(static_cast<size_t>(count));
    data.read(begin, count, read.data());
    ASSERT_TRUE(std::equal(read.begin(), read.end(), all.begin() + begin));
  }
  int32_t id;
  EXPECT_THROW(data.read(data.num_tokens(), 1, &id), Error);
  EXPECT_THROW(data.read(-1, 1, &id), Error);
  EXPECT_EQ(data.documents().front(), 0);
  EXPECT_EQ(data.documents().back(), data.num_tokens());
  for (int64_t d = 0; d < data.num_documents(); ++d) {
    EXPECT_EQ(data.document_of(data.documents()[size_t(d)]), d);
    EXPECT_EQ(data.document_of(data.documents()[size_t(d) + 1] - 1), d);
  }
  EXPECT_TRUE(verify_data(folder.path()).empty());
}

TEST(TokenDataset, SaysWhatIsMissing) {
  const TempFolder folder;
  EXPECT_NE(error_of([&] { TokenDataset(folder.path(), "train"); }).find("ingot data prepare"), std::string::npos);
  write_folder(folder.path(), 300);
  EXPECT_NE(error_of([&] { TokenDataset(folder.path(), "trian"); }).find("did you mean 'train'"), std::string::npos);
  fs::remove(folder / "train-00001.shard");
  EXPECT_NE(error_of([&] { TokenDataset(folder.path(), "train"); }).find("train-00001.shard"), std::string::npos);
}

TEST(TokenDataset, RefusesAnotherFoldersShard) {
  const TempFolder folder;
  write_folder(folder.path(), 300);
  write_shard(folder / "train-00001.shard", 300, 20, 99);
  EXPECT_NE(error_of([&] { TokenDataset(folder.path(), "train"); }).find("not the shard that manifest.json lists"),
            std::string::npos);
  EXPECT_FALSE(verify_data(folder.path()).empty());
}

TEST(TokenDataset, ManifestNamesFilesOfItsFolderOnly) {
  const TempFolder folder;
  write_folder(folder.path(), 300);
  Json manifest = read_json(folder / "manifest.json");
  for (const char* name : {"../train-00000.shard", "/etc/passwd", "..", ""}) {
    manifest["splits"]["train"]["shards"][0]["file"] = name;
    write_json(folder / "manifest.json", manifest);
    EXPECT_THROW(TokenDataset(folder.path(), "train"), Error) << name;
  }
}

TEST(TokenDataset, VerifyFindsAnEditedManifest) {
  const TempFolder folder;
  write_folder(folder.path(), 300);
  Json manifest = read_json(folder / "manifest.json");
  manifest["vocab_size"] = 301;
  write_json(folder / "manifest.json", manifest);
  EXPECT_FALSE(verify_data(folder.path()).empty());
}

}  // namespace ingot
