#include "ingot/data/prepare.h"

#include <algorithm>
#include <bit>

#include "ingot/base/clock.h"
#include "ingot/base/text_table.h"
#include "ingot/base/version.h"
#include "ingot/data/parallel.h"
#include "ingot/data/shards.h"

namespace ingot {
namespace {

constexpr int kPipelineVersion = 1;  // raise it when the same input would give other tokens
constexpr size_t kBatchBytes = 4 << 20;

// What decides the result: configuration without threads, and the files by path, size and time.
std::string configuration_hash(const DataConfig& config, const std::vector<InputFile>& inputs) {
  DataConfig decisive = config;
  decisive.threads = decisive.tokenizer.threads = 0;
  Json content{{"pipeline", kPipelineVersion}, {"config", write_config(decisive)}};
  for (const auto& input : inputs) content["files"].push_back({input.path.string(), input.bytes, input.modified});
  if (!config.tokenizer_path.empty()) {
    auto one = SourceConfig{};
    one.path = config.tokenizer_path;
    std::vector<SourceConfig> sources{one};
    for (const auto& input : list_inputs(sources))
      content["files"].push_back({input.path.string(), input.bytes, input.modified});
  }
  return sha256_hex(to_text(content));
}

std::unique_ptr<Tokenizer> train(const DataConfig& config, const Json& curation, DocumentFile& documents,
                                 const StageProgress& progress) {
  TokenizerTrainConfig tokenizer = config.tokenizer;
  if (tokenizer.threads == 0) tokenizer.threads = config.threads;
  // A vocabulary of characters is the alphabet of the whole text; everything else is learned from the training part.
  const bool all = tokenizer.kind == "char";
  const double available =
      curation["train_bytes"].get<double>() + (all ? curation["validation_bytes"].get<double>() : 0);
  const double share = double(config.tokenizer_sample_mb) * 1e6 / std::max(available, 1.0);
  documents.rewind();
  DocumentFile::Item item;
  const auto next_block = [&](std::string& text) {
    text.clear();
    while (text.size() < (1 << 20) && documents.next(item)) {
      if (!all && item.split != Split::Train) continue;
      if (share < 1 && !is_validation(item.text, config.seed + 1, share)) continue;  // a sample by hash
      if (!text.empty() && text.back() != '\n') text += '\n';
      text += item.text;
    }
    return !text.empty();
  };
  return train_tokenizer(tokenizer, next_block, [&](std::string_view stage, int64_t done, int64_t total) {
    if (progress) progress("tokenizer", done, total, stage);
  });
}

// Shards of one split; a new one begins between documents.
class SplitWriter {
 public:
  SplitWriter(fs::path folder, std::string split, int64_t vocab_size, int64_t shard_tokens)
      : folder_(std::move(folder)), split_(std::move(split)), vocab_size_(vocab_size), shard_tokens_(shard_tokens) {
    entry_ = {{"tokens", 0}, {"documents", 0}, {"bytes", 0}, {"shards", Json::array()}};
  }
  void add(std::span<const int32_t> tokens, size_t text_bytes) {
    if (tokens.empty()) return;
    if (!shard_) {
      char name[32];
      std::snprintf(name, sizeof name, "-%05zu.shard", entry_["shards"].size());
      shard_.emplace(folder_ / (split_ + name), vocab_size_);
    }
    shard_->add_document(tokens);
    tokens_ += int64_t(tokens.size());
    bytes_ += int64_t(text_bytes);
    ++documents_;
    if (shard_->num_tokens() >= shard_tokens_) end_shard();
  }
  Json finish() {
    end_shard();
    entry_["tokens"] = tokens_;
    entry_["documents"] = documents_;
    entry_["bytes"] = bytes_;  // of text
    return entry_;
  }

 private:
  void end_shard() {
    if (shard_) entry_["shards"].push_back(shard_->close());
    shard_.reset();
  }
  fs::path folder_;
  std::string split_;
  int64_t vocab_size_, shard_tokens_;
  std::optional<ShardWriter> shard_;
  Json entry_;
  int64_t tokens_ = 0, bytes_ = 0, documents_ = 0;
};

Json tokenise(const DataConfig& config, const Tokenizer& tokenizer, DocumentFile& documents, const fs::path& folder,
              const StageProgress& progress) {
  const size_t threads = num_threads(config.threads);
  const auto end = config.end_of_text ? tokenizer.end_of_text() : std::nullopt;
  SplitWriter writers[2] = {{folder, kSplitNames[0], tokenizer.vocab_size(), config.shard_tokens},
                            {folder, kSplitNames[1], tokenizer.vocab_size(), config.shard_tokens}};
  documents.rewind();
  std::vector<DocumentFile::Item> batch;
  std::vector<std::vector<int32_t>> tokens;
  int64_t num_tokens = 0;
  for (bool more = true; more;) {
    batch.clear();
    DocumentFile::Item item;
    for (size_t bytes = 0; bytes < kBatchBytes * threads && (more = documents.next(item)); bytes += item.text.size())
      batch.push_back(item);
    tokens.assign(batch.size(), {});
    parallel_for(threads, batch.size(), [&](size_t i) {
      tokenizer.encode(batch[i].text, tokens[i]);
      if (end) tokens[i].push_back(*end);
    });
    for (size_t i = 0; i < batch.size(); ++i) {
      writers[size_t(batch[i].split)].add(tokens[i], batch[i].text.size());
      num_tokens += int64_t(tokens[i].size());
    }
    if (progress)
      progress("tokenise", int64_t(documents.position()), int64_t(documents.size()),
               si(double(num_tokens)) + " tokens");
  }
  Json splits;
  for (size_t k = 0; k < 2; ++k)
    if (Json entry = writers[k].finish(); entry["documents"] > 0) splits[kSplitNames[k]] = entry;
  return splits;
}

PrepareResult ready_result(const fs::path& folder, Json manifest) {
  return {true, std::move(manifest), read_json(folder / "card.json")};
}

}  // namespace

PrepareResult prepare_data(DataConfig config, const fs::path& folder, const PrepareOptions& options) {
  throw_if_any("data", config.validate());
  require("data", !folder.empty() && folder.has_filename(), "output folder is '", folder.string(),
          "', expected a folder name without a trailing /");
  const std::vector<InputFile> inputs = list_inputs(config.source);
  const std::string hash = configuration_hash(config, inputs);
  if (fs::exists(folder)) {
    require("data", fs::exists(folder / "manifest.json"), folder.string(),
            " exists and is no prepared data; choose another --out");
    Json manifest = read_manifest(folder);
    if (manifest.value("config_hash", "") == hash) return ready_result(folder, std::move(manifest));
    require("data", options.force, folder.string(),
            " was prepared from other files or with another configuration; choose another --out, "
            "or replace it with --force");
  }
  const fs::path work = folder.string() + ".tmp";
  fs::create_directories(work);
  std::optional<FileLock> lock(work / "lock");

  // 1. What an earlier, interrupted run finished is used again when nothing has changed.
  Json stages;
  try {
    if (fs::exists(work / "stages.json")) stages = read_json(work / "stages.json");
  } catch (const Error&) {
  }
  if (!stages.is_object() || stages.value("config_hash", "") != hash) {
    for (const auto& entry : fs::directory_iterator(work))
      if (entry.path().filename() != "lock") fs::remove_all(entry.path());
    stages = {{"config_hash", hash}};
  }
  const auto finished = [&](const char* stage, const Json& value) {
    stages[stage] = value;
    write_json(work / "stages.json", stages);
  };

  // 2. Curate.
  if (!stages.contains("curated")) finished("curated", curate(config, inputs, work, options.progress));
  const Json curation = stages["curated"];  // a copy: adding a stage moves the members of an ordered object
  DocumentFile documents(work / "documents");

  // 3. Tokenizer.
  if (!stages.contains("tokenizer")) {
    const auto tokenizer = config.tokenizer_path.empty() ? train(config, curation, documents, options.progress)
                                                         : load_tokenizer(config.tokenizer_path);
    tokenizer->save(work / "tokenizer");
    finished("tokenizer", tokenizer->kind());
  }
  const auto tokenizer = load_tokenizer(work / "tokenizer");

  // 4. Tokenise.
  Json manifest{{"format", "ingot-data"},
                {"version", 1},
                {"identity", ""},
                {"config_hash", hash},
                {"vocab_size", tokenizer->vocab_size()}};
  manifest["splits"] = tokenise(config, *tokenizer, documents, work, options.progress);
  manifest["tokenizer"] = Json::object();
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(work / "tokenizer")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) manifest["tokenizer"][file.filename().string()] = sha256_file(file);
  manifest["identity"] = data_identity(manifest);
  manifest["config"] = write_config(config);

  // 5. Describe and publish.
  Json card{{"name", folder.filename().string()},
            {"identity", manifest["identity"]},
            {"made_with", std::string("ingot ") + version()}};
  for (const auto& [key, value] : curation.items()) card[key] = value;
  card["tokenizer"] = {{"kind", tokenizer->kind()}, {"vocab_size", tokenizer->vocab_size()}};
  for (const auto& [name, split] : manifest["splits"].items())
    card["splits"][name] = {{"documents", split["documents"]}, {"bytes", split["bytes"]}, {"tokens", split["tokens"]}};
  card["config"] = manifest["config"];
  write_json(work / "card.json", card);
  write_file_atomic(work / "card.md", card_markdown(card));
  write_json(work / "manifest.json", manifest);
  fs::remove(work / "documents");
  fs::remove(work / "stages.json");
  fs::remove(work / "lock");
  const fs::path old = folder.string() + ".old";
  if (fs::exists(folder)) {
    fs::remove_all(old);
    fs::rename(folder, old);
  }
  fs::rename(work, folder);
  sync_folder(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
  fs::remove_all(old);
  return {false, std::move(manifest), std::move(card)};
}

std::string card_markdown(const Json& card) {
  const auto n = [](const Json& value) { return grouped(value.get<long long>()); };
  std::string text = "# Data card: " + card["name"].get<std::string>() + "\n\nIdentity `" +
                     card["identity"].get<std::string>() + "`, made with " + card["made_with"].get<std::string>() +
                     ".\n\n## Sources\n\n| source | licence | files | records | kept | bytes kept |\n| --- | --- | "
                     "---: | ---: | ---: | ---: |\n";
  for (const auto& s : card["sources"])
    text += "| " + s["name"].get<std::string>() + " | " + s["licence"].get<std::string>() + " | " + n(s["files"]) +
            " | " + n(s["records"]) + " | " + n(s["kept"]) + " | " + n(s["bytes_kept"]) + " |\n";
  text += "\n## Kept and dropped\n\n| | documents |\n| --- | ---: |\n| read | " + n(card["records"]) +
          " |\n| unreadable (quarantine.jsonl) | " + n(card["bad"]) + " |\n";
  for (const auto& [rule, count] : card["dropped"].items()) text += "| dropped: " + rule + " | " + n(count) + " |\n";
  text += "| kept | " + n(card["kept"]) + " |\n\nBytes read " + n(card["bytes_in"]) + ", kept " +
          n(card["bytes_kept"]) + ".\n\n## Cleaning\n\n| step | changes |\n| --- | ---: |\n";
  for (const auto& [step, count] : card["cleaning"].items()) text += "| " + step + " | " + n(count) + " |\n";
  text += "\n## Personal data replaced\n\n| kind | hits |\n| --- | ---: |\n";
  for (const auto& [kind, count] : card["pii"].items()) text += "| " + kind + " | " + n(count) + " |\n";
  text +=
      "\nFound by form and check digits; names, postal addresses and free text about persons are not found.\n\n## "
      "Scripts\n\n| script | letters |\n| --- | ---: |\n";
  for (const auto& [script, count] : card["scripts"].items()) text += "| " + script + " | " + n(count) + " |\n";
  text += "\n## Tokens\n\nTokenizer: " + card["tokenizer"]["kind"].get<std::string>() + ", vocabulary " +
          n(card["tokenizer"]["vocab_size"]) +
          ".\n\n| split | documents | bytes | tokens | bytes a token |\n| --- | ---: | ---: | ---: | ---: |\n";
  for (const auto& [name, split] : card["splits"].items()) {
    char ratio[32];
    std::snprintf(ratio, sizeof ratio, "%.2f",
                  split["bytes"].get<double>() / std::max(1.0, split["tokens"].get<double>()));
    text += "| " + name + " | " + n(split["documents"]) + " | " + n(split["bytes"]) + " | " + n(split["tokens"]) +
            " | " + ratio + " |\n";
  }
  return text;
}

Json data_stats(const fs::path& folder) {
  const Json manifest = read_manifest(folder);
  Json stats{{"identity", manifest["identity"]}, {"vocab_size", manifest["vocab_size"]}};
  for (const auto& [name, split] : manifest["splits"].items()) {
    const TokenDataset data(folder, name);
    const auto starts = data.documents();
    std::vector<int64_t> lengths;
    for (size_t d = 0; d + 1 < starts.size(); ++d) lengths.push_back(starts[d + 1] - starts[d]);
    std::sort(lengths.begin(), lengths.end());
    Json& entry = stats["splits"][name];
    entry = {{"documents", data.num_documents()},
             {"tokens", data.num_tokens()},
             {"bytes", split.value("bytes", Json())},
             {"shards", split["shards"].size()}};
    if (lengths.empty()) continue;
    entry["mean_tokens"] = double(data.num_tokens()) / double(lengths.size());
    entry["median_tokens"] = lengths[lengths.size() / 2];
    entry["max_tokens"] = lengths.back();
    for (auto it = lengths.begin(); it != lengths.end();) {  // by powers of two
      const int64_t from = int64_t(std::bit_floor(uint64_t(*it)));
      const auto end = std::lower_bound(it, lengths.end(), from * 2);
      entry["histogram"].push_back({{"from", from}, {"to", from * 2 - 1}, {"documents", end - it}});
      it = end;
    }
  }
  if (fs::exists(folder / "card.json"))
    stats["scripts"] = read_json(folder / "card.json").value("scripts", Json::object());
  return stats;
}

}  // namespace ingot
