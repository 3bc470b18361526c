#include "ingot/data/shards.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

namespace ingot {
namespace {

static_assert(std::endian::native == std::endian::little, "shards are little-endian and mapped as they are");

constexpr size_t kEdge = 64;        // bytes of head and of foot
constexpr size_t kChunk = 1 << 20;  // bytes under one checksum
constexpr uint32_t kVersion = 1;
constexpr char kHeadMagic[9] = "INGOTSHD";
constexpr char kFootMagic[9] = "INGOTEND";
constexpr int64_t kNarrowVocab = 65536;

struct Head {
  char magic[8];
  uint32_t version;
  uint32_t bytes_per_token;
  char zeros[48];
};
struct Foot {
  uint64_t vocab_size, num_tokens, num_documents, max_token, zeros[2];
  uint64_t checksum;
  char magic[8];
};
static_assert(sizeof(Head) == kEdge && sizeof(Foot) == kEdge);

Head make_head(int64_t vocab_size) {
  Head head{};
  std::memcpy(head.magic, kHeadMagic, 8);
  head.version = kVersion;
  head.bytes_per_token = vocab_size <= kNarrowVocab ? 2 : 4;
  return head;
}

uint64_t edge_checksum(const Head& head, std::span<const uint64_t> sums, const Foot& foot) {
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes.append(reinterpret_cast<const char*>(sums.data()), sums.size_bytes());
  bytes.append(reinterpret_cast<const char*>(&foot), offsetof(Foot, checksum));
  return xxh3(bytes.data(), bytes.size());
}

std::string hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

uint64_t padded(uint64_t bytes) { return (bytes + 7) / 8 * 8; }

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

template <typename... Parts>
[[noreturn]] void bad_shard(const fs::path& path, const Parts&... parts) {
  fail(ErrorKind::InvalidArgument, "shard", path.string(), ": ", parts...,
       "; the file was cut or edited: copy it again, or remove its folder and run `ingot data prepare` again");
}

}  // namespace

ShardWriter::ShardWriter(const fs::path& path, int64_t vocab_size) : path_(path), file_(path), vocab_size_(vocab_size) {
  require("shard", vocab_size > 0 && vocab_size <= INT32_MAX, "vocab_size is ", vocab_size, ", expected 1 to 2^31 - 1");
  const Head head = make_head(vocab_size);
  file_.write(&head, sizeof head);
  chunk_.reserve(kChunk);
}

void ShardWriter::append(const void* bytes, size_t count) {
  auto from = static_cast<const std::byte*>(bytes);
  while (count > 0) {
    const size_t n = std::min(count, kChunk - chunk_.size());
    chunk_.insert(chunk_.end(), from, from + n);
    from += n;
    count -= n;
    if (chunk_.size() < kChunk) continue;
    sums_.push_back(xxh3(chunk_.data(), chunk_.size()));
    file_.write(chunk_.data(), chunk_.size());
    chunk_.clear();
  }
}

void ShardWriter::add_document(std::span<const int32_t> tokens) {
  if (tokens.empty()) return;
  for (const int32_t token : tokens)
    require("shard", token >= 0 && token < vocab_size_, "token id is ", token, ", expected 0 to ", vocab_size_ - 1);
  max_token_ = std::max(max_token_, uint64_t(*std::max_element(tokens.begin(), tokens.end())));
  starts_.push_back(uint64_t(num_tokens_));
  num_tokens_ += int64_t(tokens.size());
  if (vocab_size_ <= kNarrowVocab) {
    const std::vector<uint16_t> narrow(tokens.begin(), tokens.end());
    append(narrow.data(), narrow.size() * 2);
  } else {
    append(tokens.data(), tokens.size_bytes());
  }
}

Json ShardWriter::close() {
  const uint64_t token_bytes = uint64_t(num_tokens_) * (vocab_size_ <= kNarrowVocab ? 2 : 4);
  constexpr char kZeros[8] = {};
  append(kZeros, padded(token_bytes) - token_bytes);
  append(starts_.data(), starts_.size() * 8);
  if (!chunk_.empty()) {
    sums_.push_back(xxh3(chunk_.data(), chunk_.size()));
    file_.write(chunk_.data(), chunk_.size());
  }
  Foot foot{uint64_t(vocab_size_), uint64_t(num_tokens_), starts_.size(), max_token_, {}, 0, {}};
  foot.checksum = edge_checksum(make_head(vocab_size_), sums_, foot);
  std::memcpy(foot.magic, kFootMagic, 8);
  file_.write(sums_.data(), sums_.size() * 8);
  file_.write(&foot, sizeof foot);
  file_.sync();
  file_.close();
  Json entry;
  entry["file"] = path_.filename().string();
  entry["tokens"] = num_tokens_;
  entry["documents"] = starts_.size();
  entry["bytes"] = file_.size();
  entry["xxh3"] = hex(foot.checksum);
  return entry;
}

Shard::Shard(const fs::path& path) : path_(path), map_(path) {
  const auto bytes = map_.bytes();
  if (bytes.size() < 2 * kEdge) bad_shard(path, "has ", bytes.size(), " bytes, expected at least ", 2 * kEdge);
  Head head;
  Foot foot;
  std::memcpy(&head, bytes.data(), kEdge);
  std::memcpy(&foot, bytes.data() + bytes.size() - kEdge, kEdge);
  if (std::memcmp(head.magic, kHeadMagic, 8) != 0)
    fail(ErrorKind::InvalidArgument, "shard", path.string(),
         " is not a token shard; shards are made by `ingot data prepare`");
  if (head.version != kVersion)
    fail(ErrorKind::Unsupported, "shard", path.string(), " has format version ", head.version, ", expected ", kVersion,
         "; prepare the data again with this version");
  if (std::memcmp(foot.magic, kFootMagic, 8) != 0) bad_shard(path, "its end mark is missing");
  const uint64_t width = head.bytes_per_token;
  if (width != (foot.vocab_size <= uint64_t(kNarrowVocab) ? 2u : 4u) || foot.vocab_size == 0 ||
      foot.vocab_size > INT32_MAX)
    bad_shard(path, "its vocabulary size ", foot.vocab_size, " does not fit ", width, " bytes a token");
  // Bounding the counts by the file size keeps the sums below free of overflow.
  if (foot.num_tokens > bytes.size() || foot.num_documents > bytes.size() / 8)
    bad_shard(path, "its counts exceed its size");
  const uint64_t token_bytes = padded(foot.num_tokens * width);
  const uint64_t body = token_bytes + foot.num_documents * 8;
  const uint64_t num_sums = (body + kChunk - 1) / kChunk;
  const uint64_t expected = 2 * kEdge + body + num_sums * 8;
  if (bytes.size() != expected) bad_shard(path, "has ", bytes.size(), " bytes, expected ", expected);
  const std::byte* at = bytes.data() + kEdge;
  (width == 2 ? void(narrow_ = reinterpret_cast<const uint16_t*>(at))
              : void(wide_ = reinterpret_cast<const uint32_t*>(at)));
  starts_ = {reinterpret_cast<const uint64_t*>(at + token_bytes), size_t(foot.num_documents)};
  sums_ = {reinterpret_cast<const uint64_t*>(at + body), size_t(num_sums)};
  if (edge_checksum(head, sums_, foot) != foot.checksum) bad_shard(path, "the checksum of its tables is wrong");
  if (foot.num_tokens > 0 && foot.max_token >= foot.vocab_size)
    bad_shard(path, "holds token ", foot.max_token, ", expected ids below its vocabulary size ", foot.vocab_size);
  num_tokens_ = int64_t(foot.num_tokens);
  vocab_size_ = int64_t(foot.vocab_size);
  checksum_ = foot.checksum;
}

void Shard::read(int64_t begin, int64_t count, int32_t* out) const {
  if (narrow_)
    std::copy_n(narrow_ + begin, count, out);
  else
    std::memcpy(out, wide_ + begin, size_t(count) * 4);
}

Problems Shard::verify() const {
  Problems problems;
  const auto body = map_.bytes().subspan(
      kEdge, size_t(reinterpret_cast<const std::byte*>(sums_.data()) - map_.bytes().data()) - kEdge);
  for (size_t i = 0; i < sums_.size(); ++i) {
    const auto chunk = body.subspan(i * kChunk, std::min(kChunk, body.size() - i * kChunk));
    if (xxh3(chunk.data(), chunk.size()) != sums_[i])
      problems.push_back(path_.string() + ": bytes " + std::to_string(kEdge + i * kChunk) + " to " +
                         std::to_string(kEdge + i * kChunk + chunk.size()) + " do not match their checksum");
  }
  for (size_t d = 0; d < starts_.size(); ++d)
    if (d == 0 ? starts_[0] != 0 : starts_[d] <= starts_[d - 1] || starts_[d] >= uint64_t(num_tokens_)) {
      problems.push_back(path_.string() + ": document " + std::to_string(d) + " starts at token " +
                         std::to_string(starts_[d]) + ", out of order");
      break;
    }
  for (int64_t i = 0; i < num_tokens_; ++i)
    if (const int64_t id = narrow_ ? narrow_[i] : int64_t(wide_[i]); id >= vocab_size_) {
      problems.push_back(path_.string() + ": token " + std::to_string(i) + " is " + std::to_string(id) +
                         ", expected an id below the vocabulary size " + std::to_string(vocab_size_));
      break;
    }
  return problems;
}

Json read_manifest(const fs::path& folder) {
  const fs::path path = folder / "manifest.json";
  if (!fs::exists(path))
    fail(ErrorKind::NotFound, "data", folder.string(), " has no manifest.json, so it is no prepared data",
         fs::exists(folder.string() + ".tmp")
             ? "; an unfinished preparation lies beside it: run it again to the end"
             : "; make it with `ingot data prepare SOURCE --out " + folder.string() + "`");
  Json manifest = read_json(path);
  const auto text = [&](const char* key) {
    return manifest.contains(key) && manifest[key].is_string() ? manifest[key].get<std::string>() : "";
  };
  require("data", manifest.is_object() && text("format") == "ingot-data", path.string(),
          " is no manifest of prepared data");
  require("data", manifest.value("version", Json()) == 1, path.string(), " has version ",
          manifest.value("version", Json()).dump(), ", expected 1; prepare the data again with this version");
  require("data",
          manifest.contains("splits") && manifest["splits"].is_object() && manifest.contains("vocab_size") &&
              manifest["vocab_size"].is_number_integer() && manifest.contains("tokenizer") &&
              manifest["tokenizer"].is_object() && !text("identity").empty(),
          path.string(), " lacks splits, vocab_size, tokenizer or identity; prepare the data again");
  for (const auto& [name, split] : manifest["splits"].items()) {
    bool whole = split.is_object() && split.contains("shards") && split["shards"].is_array();
    for (const auto& shard : whole ? split["shards"] : Json::array()) {
      whole = whole && shard.is_object();
      for (const char* key : {"file", "xxh3"}) whole = whole && shard.contains(key) && shard[key].is_string();
      for (const char* key : {"tokens", "documents", "bytes"})
        whole = whole && shard.contains(key) && shard[key].is_number_integer();
      // A manifest may come from elsewhere: it names files of its own folder only.
      whole = whole && is_plain_name(shard["file"].get<std::string>());
    }
    require("data", whole, path.string(), ": splits.", name, " is malformed; prepare the data again");
  }
  for (const auto& [file, sum] : manifest["tokenizer"].items())
    require("data", is_plain_name(file) && sum.is_string(), path.string(), ": tokenizer file '", file,
            "' is not a plain name");
  return manifest;
}

std::string data_identity(const Json& manifest) {
  Json content;
  for (const char* key : {"vocab_size", "splits", "tokenizer"}) content[key] = manifest.value(key, Json());
  return sha256_hex(content.dump());
}

TokenDataset::TokenDataset(const fs::path& folder, std::string_view split) : folder_(folder) {
  const Json manifest = read_manifest(folder);
  std::vector<std::string> names;
  for (const auto& [name, value] : manifest["splits"].items()) names.push_back(name);
  const std::string wanted(split);
  if (!manifest["splits"].contains(wanted))
    fail(ErrorKind::NotFound, "data", folder.string(), " has no split '", wanted, "'", suggest(wanted, names));
  vocab_size_ = manifest["vocab_size"].get<int64_t>();
  identity_ = manifest["identity"].get<std::string>();
  int64_t total = 0;
  for (const auto& entry : manifest["splits"][wanted]["shards"]) {
    const fs::path path = folder / entry["file"].get<std::string>();
    Shard shard(path);
    if (shard.num_tokens() != entry["tokens"] || shard.num_documents() != entry["documents"] ||
        hex(shard.checksum()) != entry["xxh3"].get<std::string>())
      bad_shard(path, "is not the shard that manifest.json lists");
    if (shard.vocab_size() != vocab_size_)
      bad_shard(path, "has vocabulary size ", shard.vocab_size(), ", but manifest.json says ", vocab_size_);
    begins_.push_back(total);
    // The starts are covered by verify(), not by opening; order is what keeps a search among them in range.
    for (const uint64_t start : shard.starts()) {
      if (start >= uint64_t(shard.num_tokens()) || (!documents_.empty() && total + int64_t(start) <= documents_.back()))
        bad_shard(path, "its document starts are out of order");
      documents_.push_back(total + int64_t(start));
    }
    total += shard.num_tokens();
    shards_.push_back(std::move(shard));
  }
  begins_.push_back(total);
  documents_.push_back(total);
}

int32_t TokenDataset::token(int64_t i) const {
  int32_t id;
  read(i, 1, &id);
  return id;
}

void TokenDataset::read(int64_t begin, int64_t count, int32_t* out) const {
  require("data", begin >= 0 && count >= 0 && begin <= num_tokens() - count, "tokens ", begin, " to ", begin + count,
          " asked of ", num_tokens());
  size_t s = size_t(std::upper_bound(begins_.begin(), begins_.end() - 1, begin) - begins_.begin()) - 1;
  for (; count > 0; ++s) {
    const int64_t n = std::min(count, begins_[s + 1] - begin);
    shards_[s].read(begin - begins_[s], n, out);
    begin += n;
    out += n;
    count -= n;
  }
}

int64_t TokenDataset::document_of(int64_t i) const {
  return std::upper_bound(documents_.begin(), documents_.end(), i) - documents_.begin() - 1;
}

Problems verify_data(const fs::path& folder) {
  Problems problems;
  const auto gather = [&](const auto& check) {
    try {
      check();
    } catch (const Error& e) {
      problems.push_back(e.what());
    }
  };
  const Json manifest = read_manifest(folder);
  if (data_identity(manifest) != manifest["identity"].get<std::string>())
    problems.push_back((folder / "manifest.json").string() + ": was edited");
  for (const auto& [name, split] : manifest["splits"].items()) {
    gather([&, &name = name] { TokenDataset(folder, name); });
    for (const auto& entry : split["shards"])
      gather([&] {
        for (auto& problem : Shard(folder / entry["file"].get<std::string>()).verify()) problems.push_back(problem);
      });
  }
  for (const auto& [file, sum] : manifest["tokenizer"].items())
    gather([&, &file = file, &sum = sum] {
      if (sha256_file(folder / "tokenizer" / file) != sum.get<std::string>())
        problems.push_back((folder / "tokenizer" / file).string() + ": does not match its checksum");
    });
  std::sort(problems.begin(), problems.end());
  problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
  return problems;
}

}  // namespace ingot
