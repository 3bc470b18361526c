#include "ingot/tasks/lm_data.h"

#include <algorithm>
#include <cmath>

#include "ingot/base/error.h"
#include "ingot/data/datasets.h"
#include "ingot/data/permutation.h"
#include "ingot/data/tokenizer_train.h"

namespace ingot {
namespace {

// A file, or the one text file of a public data set.
fs::path text_file(const std::string& text) {
  if (fs::is_regular_file(text)) return text;
  if (text.find('/') != std::string::npos) fail(ErrorKind::NotFound, "data", "there is no file ", text, " (data.text)");
  const auto folder = find_dataset(text);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  require("data", files.size() == 1, folder.string(), " has ", files.size(),
          " .txt files, expected one; name the file in data.text, or prepare the set with `ingot data prepare`");
  return files[0];
}

std::shared_ptr<const Tokenizer> tokenizer_for(const std::string& kind, const std::string& text) {
  if (kind != "char") return load_tokenizer(kind);
  TokenizerTrainConfig config;
  config.kind = "char";
  config.special_tokens.emplace();
  bool given = false;
  return train_tokenizer(config, [&](std::string& out) { return out = text, !std::exchange(given, true); });
}

std::optional<TokenStream> open_split(const fs::path& folder, const std::string& split) {
  const auto manifest = read_manifest(folder);
  if (!manifest.contains("splits") || !manifest["splits"].contains(split)) return std::nullopt;
  return TokenStream(TokenDataset(folder, split));
}

}  // namespace

Problems LmDataConfig::validate() const {
  Problems problems;
  if (dataset.empty() == text.empty())
    problems.push_back("dataset: got '" + dataset + "' with text '" + text + "', expected one of the two");
  if (!(validation > 0 && validation < 1))
    problems.push_back(detail::join_parts("validation: got ", validation, ", expected between 0 and 1"));
  return problems;
}

TokenStream::TokenStream(std::vector<int32_t> tokens) : tokens_(std::move(tokens)) {}
TokenStream::TokenStream(TokenDataset dataset) : dataset_(std::move(dataset)) {}

int64_t TokenStream::num_tokens() const { return dataset_ ? dataset_->num_tokens() : int64_t(tokens_.size()); }

void TokenStream::read(int64_t begin, int64_t count, int32_t* out) const {
  dataset_ ? dataset_->read(begin, count, out) : void(std::copy_n(tokens_.begin() + begin, count, out));
}

int64_t TokenStream::next_document(int64_t i) const {
  return dataset_ ? dataset_->documents()[size_t(dataset_->document_of(i)) + 1] : num_tokens();
}

LmData open_lm_data(const Document& recipe, const TaskOptions& options) {
  LmData data;
  if (recipe.root.contains("data") || options.purpose == Purpose::Train)
    data.config = read_config<LmDataConfig>(recipe, "data");
  const auto& config = data.config;
  if (options.purpose == Purpose::Infer) {
    const fs::path folder = options.run_folder;
    data.tokenizer = load_tokenizer(fs::exists(folder / "assets") ? folder / "assets" : folder);
  } else if (!config.dataset.empty()) {
    const fs::path folder = config.dataset;
    data.train = open_split(folder, "train");
    data.validation = open_split(folder, "validation");
    data.test = open_split(folder, "test");
    data.tokenizer = load_tokenizer(folder / "tokenizer");
    data.identity = data_identity(read_manifest(folder));
  } else {
    const auto text = read_file(text_file(config.text));
    data.tokenizer = tokenizer_for(config.tokenizer, text);
    auto ids = data.tokenizer->encode(text);
    const auto cut = ptrdiff_t(double(ids.size()) * (1 - config.validation));
    data.validation = TokenStream({ids.begin() + cut, ids.end()});
    ids.resize(size_t(cut));
    data.train = TokenStream(std::move(ids));
    data.identity = sha256_hex(sha256_hex(text) + " " + config.tokenizer + " " + std::to_string(cut));
  }
  data.vocab_size = data.tokenizer->vocab_size();
  return data;
}

const TokenStream* LmData::split(const std::string& name) const {
  const auto* split = name == "train" ? &train : name == "validation" ? &validation : name == "test" ? &test : nullptr;
  return split && *split ? &**split : nullptr;
}

int64_t LmData::batches_per_epoch(int64_t stride, int64_t length, int64_t batch_size) const {
  if (config.sampling == LmSampling::Random) return 0;
  const auto windows = (train->num_tokens() - length) / stride + 1;
  return (windows + batch_size - 1) / batch_size;
}

std::vector<int64_t> LmData::window_offsets(int64_t stride, int64_t length, int64_t index, const TaskOptions& options,
                                            Rng& rng) const {
  const auto last = train->num_tokens() - length, B = options.batch_size;
  std::vector<int64_t> offsets;
  if (config.sampling == LmSampling::Random) {
    for (int64_t b = 0; b < B; ++b) offsets.push_back(int64_t(rng.below(uint64_t(last + 1))));
    return offsets;
  }
  const auto windows = last / stride + 1, batches = batches_per_epoch(stride, length, B);
  const auto first = index % batches * B;
  for (int64_t i = first; i < std::min(first + B, windows); ++i)
    offsets.push_back(int64_t(shuffled(uint64_t(i), uint64_t(windows), options.seed, uint64_t(index / batches))) *
                      stride);
  return offsets;
}

}  // namespace ingot
