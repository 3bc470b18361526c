#include "ingot/data/prepare.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "ingot/base/rng.h"
#include "ingot/data/shards.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

void put_text(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

const char* const kWords[] = {"river",  "mountain", "window",  "garden", "silver",  "morning", "engine",
                              "letter", "harbour",  "music",   "winter", "market",  "forest",  "bridge",
                              "candle", "paper",    "journey", "island", "village", "summer"};

std::string prose(uint64_t seed, int words) {
  Rng rng(seed, 77);
  std::string text;
  for (int i = 0; i < words; ++i) {
    text += kWords[rng.below(20)];
    text += std::to_string(seed % 7) + char('a' + rng.below(26));
    text += i % 12 == 11 ? ".\n" : " ";
  }
  return text + "end.\n";
}

// 60 documents, two exact copies, two near copies, one short, one bad line, some personal data.
void write_corpus(const fs::path& path) {
  std::string lines;
  const auto add = [&](const std::string& text) { lines += to_text(Json{{"text", text}}) + "\n"; };
  for (int i = 0; i < 60; ++i)
    add(prose(uint64_t(i), 120) + (i % 10 == 0 ? "Write to user" + std::to_string(i) + "@example.com today.\n" : ""));
  add(prose(3, 120));
  add(prose(4, 120));
  add(prose(5, 120) + "one more line of words\n");
  add(prose(6, 120) + "another line of words\n");
  add("short");
  put_text(path, lines + "{broken\n");
}

DataConfig corpus_config(const fs::path& path) {
  DataConfig config;
  config.source[0].path = path.string();
  config.source[0].licence = "CC0-1.0";
  config.validation = 0.2;
  config.max_bad = 0.05;
  config.tokenizer.kind = "bpe";
  config.tokenizer.vocab_size = 300;
  return config;
}

std::string decoded(const fs::path& folder, const std::string& split) {
  const TokenDataset data(folder, split);
  std::vector<int32_t> ids(size_t(data.num_tokens()));
  data.read(0, data.num_tokens(), ids.data());
  return load_tokenizer(folder / "tokenizer")->decode(ids);
}

}  // namespace

TEST(Prepare, MakesAWholeFolder) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  const auto result = prepare_data(corpus_config(folder / "corpus.jsonl"), folder / "out");
  EXPECT_FALSE(result.was_ready);
  const Json& card = result.card;
  EXPECT_EQ(card["records"], 66);
  EXPECT_EQ(card["bad"], 1);
  EXPECT_EQ(card["kept"], 60);
  EXPECT_EQ(card["dropped"]["exact_duplicate"], 2);
  EXPECT_EQ(card["dropped"]["near_duplicate"], 2);
  EXPECT_EQ(card["dropped"]["min_words"], 1);
  EXPECT_EQ(card["pii"]["email"], 6);
  EXPECT_EQ(card["sources"][0]["licence"], "CC0-1.0");
  EXPECT_TRUE(verify_data(folder / "out").empty());
  EXPECT_FALSE(fs::exists(folder / "out.tmp"));
  const std::string text = decoded(folder / "out", "train") + decoded(folder / "out", "validation");
  EXPECT_NE(text.find("Write to <EMAIL> today."), std::string::npos);
  EXPECT_EQ(text.find("@example.com"), std::string::npos);
  for (const char* file : {"manifest.json", "card.md", "card.json", "quarantine.jsonl", "tokenizer/tokenizer.json",
                           "train-00000.shard", "validation-00000.shard"})
    EXPECT_TRUE(fs::exists(folder / "out" / file)) << file;
  const Json bad = parse_json(read_file(folder / "out/quarantine.jsonl"), "quarantine");
  EXPECT_EQ(bad["record"], 66);
  EXPECT_EQ(bad["path"], (folder / "corpus.jsonl").string());
  EXPECT_FALSE(bad["reason"].get<std::string>().empty());
}

TEST(Prepare, CardSaysWhatHappened) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  const auto result = prepare_data(corpus_config(folder / "corpus.jsonl"), folder / "out");
  const std::string card = read_file(folder / "out/card.md");
  for (const char* line :
       {"| corpus.jsonl | CC0-1.0 | 1 | 66 | 60 |", "| dropped: near_duplicate | 2 |",
        "| unreadable (quarantine.jsonl) | 1 |", "| email | 6 |", "| Latin |", "Tokenizer: bpe, vocabulary 300"})
    EXPECT_NE(card.find(line), std::string::npos) << line << "\n" << card;
  int64_t dropped = 0;
  for (const auto& [rule, count] : result.card["dropped"].items()) dropped += count.get<int64_t>();
  EXPECT_EQ(result.card["records"].get<int64_t>(),
            result.card["kept"].get<int64_t>() + result.card["bad"].get<int64_t>() + dropped);
}

TEST(Prepare, ResultDoesNotDependOnThreads) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  std::string identity;
  for (const int64_t threads : {1, 2, 5}) {
    DataConfig config = corpus_config(folder / "corpus.jsonl");
    config.threads = threads;
    const auto result = prepare_data(config, folder / ("out" + std::to_string(threads)));
    if (identity.empty()) identity = result.manifest["identity"];
    EXPECT_EQ(result.manifest["identity"], identity) << threads;
  }
}

TEST(Prepare, SecondRunDoesNothingAndAnotherConfigurationIsRefused) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  DataConfig config = corpus_config(folder / "corpus.jsonl");
  prepare_data(config, folder / "out");
  const auto written = fs::last_write_time(folder / "out/manifest.json");
  config.threads = 3;  // threads are no difference
  EXPECT_TRUE(prepare_data(config, folder / "out").was_ready);
  EXPECT_EQ(fs::last_write_time(folder / "out/manifest.json"), written);
  config.seed = 5;
  EXPECT_NE(error_of([&] { prepare_data(config, folder / "out"); }).find("--force"), std::string::npos);
  EXPECT_FALSE(prepare_data(config, folder / "out", {true, {}}).was_ready);
  EXPECT_TRUE(verify_data(folder / "out").empty());
  EXPECT_FALSE(fs::exists(folder / "out.old"));
  fs::create_directory(folder / "mine");
  EXPECT_NE(error_of([&] {
              prepare_data(config, folder / "mine", {true, {}});
            }).find("no prepared data"),
            std::string::npos);
}

TEST(Prepare, GoesOnAfterAnInterruption) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  const DataConfig config = corpus_config(folder / "corpus.jsonl");
  const auto whole = prepare_data(config, folder / "whole");
  for (const std::string stage : {"clean", "tokenizer", "tokenise"}) {
    const auto out = folder / ("out-" + stage);
    struct Killed {};
    PrepareOptions options;
    options.progress = [&](std::string_view now, int64_t, int64_t, std::string_view) {
      if (now == stage) throw Killed();
    };
    EXPECT_THROW(prepare_data(config, out, options), Killed);
    EXPECT_FALSE(fs::exists(out));
    EXPECT_NE(error_of([&] { TokenDataset(out, "train"); }).find("unfinished"), std::string::npos);
    std::vector<std::string> stages;
    options.progress = [&](std::string_view now, int64_t, int64_t, std::string_view) { stages.emplace_back(now); };
    EXPECT_EQ(prepare_data(config, out, options).manifest["identity"], whole.manifest["identity"]);
    EXPECT_EQ(stages.front(), stage);  // finished stages are not repeated
  }
}

TEST(Prepare, TooManyBadRecordsPublishNothing) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  DataConfig config = corpus_config(folder / "corpus.jsonl");
  config.max_bad = 0.01;  // one of 66 is more
  const std::string error = error_of([&] { prepare_data(config, folder / "out"); });
  EXPECT_NE(error.find("1 of 66 records"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(folder / "out"));
  EXPECT_NE(read_file(folder / "out.tmp/quarantine.jsonl").find("\"record\":66"), std::string::npos);
}

TEST(Prepare, TailSplitIsNanoGpts) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 997; ++i) text += i % 10 ? "x" : "é";
  put_text(folder / "input.txt", text);
  DataConfig config = corpus_config(folder / "input.txt");
  config.verbatim = true;
  config.split = SplitRule::Tail;
  config.validation = 0.1;
  config.tokenizer.kind = "char";
  prepare_data(config, folder / "out");
  EXPECT_EQ(TokenDataset(folder / "out", "train").num_tokens(), 897);  // int(997 * 0.9)
  EXPECT_EQ(TokenDataset(folder / "out", "validation").num_tokens(), 100);
  EXPECT_EQ(decoded(folder / "out", "train") + decoded(folder / "out", "validation"), text);
}

TEST(Prepare, EmptyValidationPartSaysWhatToDo) {
  const TempFolder folder;
  put_text(folder / "input.txt", prose(1, 200));
  EXPECT_NE(error_of([&] {
              prepare_data(corpus_config(folder / "input.txt"), folder / "out");
            }).find("data.split = \"tail\""),
            std::string::npos);
}

TEST(Prepare, ShardsRollOver) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  DataConfig config = corpus_config(folder / "corpus.jsonl");
  config.shard_tokens = 2000;
  const auto many = prepare_data(config, folder / "many");
  EXPECT_GT(many.manifest["splits"]["train"]["shards"].size(), 3u);
  config.shard_tokens = 1 << 27;
  prepare_data(config, folder / "one");
  EXPECT_EQ(decoded(folder / "many", "train"), decoded(folder / "one", "train"));
  const Json stats = data_stats(folder / "many");
  EXPECT_EQ(stats["splits"]["train"]["documents"], many.card["splits"]["train"]["documents"]);
  int64_t documents = 0;
  for (const auto& bin : stats["splits"]["train"]["histogram"]) documents += bin["documents"].get<int64_t>();
  EXPECT_EQ(documents, stats["splits"]["train"]["documents"]);
}

TEST(Prepare, SplitIsStable) {
  std::vector<std::string> texts;
  for (int i = 0; i < 4000; ++i) texts.push_back(prose(uint64_t(i), 5));
  int small = 0, changed = 0;
  for (const auto& text : texts) {
    const bool in_small = is_validation(text, 0, 0.05), in_large = is_validation(text, 0, 0.2);
    EXPECT_LE(in_small, in_large);
    small += in_small;
    changed += is_validation(text, 1, 0.05) != in_small;
  }
  EXPECT_NEAR(small, 200, 60);  // 4.3 standard deviations
  EXPECT_GT(changed, 200);      // another seed, another split
}

TEST(Prepare, OutputFolderInUseIsNamed) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  fs::create_directory(folder / "out.tmp");
  const FileLock other(folder / "out.tmp/lock");
  EXPECT_NE(
      error_of([&] { prepare_data(corpus_config(folder / "corpus.jsonl"), folder / "out"); }).find("in use by process"),
      std::string::npos);
}

TEST(Prepare, FullDiskIsNamedAndPublishesNothing) {
  const TempFolder folder;
  write_corpus(folder / "corpus.jsonl");
  fs::create_directory(folder / "disk");
  if (::mount("tmpfs", (folder / "disk").c_str(), "tmpfs", 0, "size=32k") != 0)
    GTEST_SKIP() << "needs the right to mount a tmpfs";
  const std::string error =
      error_of([&] { prepare_data(corpus_config(folder / "corpus.jsonl"), folder / "disk/out"); });
  EXPECT_NE(error.find("free some space"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(folder / "disk/out"));
  ::umount((folder / "disk").c_str());
}

TEST(DataConfig, MisspeltKeysAndWrongValuesAreNamed) {
  const auto read = [](const std::string& text) {
    return error_of([&] { read_config<DataConfig>(parse_toml(text, "r.toml"), "data"); });
  };
  EXPECT_NE(read("[data.dedup]\ntreshold = 0.5\n").find("did you mean 'threshold'"), std::string::npos);
  EXPECT_NE(read("[data]\nvalidation = 1.5\n").find("data.validation: got 1.5, expected 0 to below 1"),
            std::string::npos);
  EXPECT_NE(read("[data]\nsplit = \"random\"\n").find("data.split"), std::string::npos);
  EXPECT_EQ(read("[[data.source]]\npath = \"a.jsonl\"\ntext = \"body\"\n[data.clean]\nnfc = false\n"), "");
}

}  // namespace ingot
