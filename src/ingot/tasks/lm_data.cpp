#include "ingot/tasks/lm_data.h"

#include <algorithm>
#include <cmath>

#include "ingot/base/error.h"
#include "ingot/data/curate.h"
#include "ingot/data/datasets.h"
#include "ingot/data/permutation.h"
#include "ingot/data/reader.h"
#include "ingot/data/tokenizer_train.h"

namespace ingot {
namespace {

// A path as it is, or NAME or NAME/FILE of a public data set.
std::string source_path(const std::string& text, const char* key) {
  if (fs::exists(text)) return text;
  const auto slash = std::min(text.find('/'), text.size());
  const auto known = [&] {
    try {
      return fs::exists(find_dataset(text.substr(0, slash)) / text.substr(std::min(slash + 1, text.size())));
    } catch (const Error&) {
      if (slash == text.size()) throw;  // says which name is near, or how to get the set
      return false;
    }
  };
  if (!known()) fail(ErrorKind::NotFound, "data", "there is no file ", text, " (data.", key, ")");
  return "dataset:" + text;
}

struct Documents {
  std::vector<std::string> train, validation;
  bool one_text = false;  // train[0] is all of it, and the tokens are split
};

std::vector<std::string> read_documents(std::vector<SourceConfig> source, const std::vector<InputFile>& inputs) {
  RecordReader reader(source, inputs, {});
  std::vector<std::string> texts;
  for (Record record; reader.next(record);) {
    const auto& input = inputs[record.file];
    try {
      require("data", record.problem.empty(), record.problem);
      texts.push_back(record_text(record, source[0], input.format));
    } catch (const Error& error) {
      fail(error.kind(), "data", input.path.string(), ", record ", record.number, ": ", error.what(),
           "; `ingot data prepare` leaves bad records out and lists them");
    }
  }
  std::erase_if(texts, [](const std::string& text) { return text.empty(); });
  return texts;
}

Documents open_documents(const LmDataConfig& config) {
  const auto list = [&](const std::string& text, const char* key) {
    std::vector<SourceConfig> source(1);
    source[0].path = source_path(text, key);
    source[0].text = config.text_field;
    auto inputs = list_inputs(source);
    return std::pair(source, inputs);
  };
  Documents documents;
  auto [source, inputs] = list(config.text, "text");
  const auto is_text = [](const InputFile& input) { return input.format == TextFormat::Text; };
  // A public set's one .txt is the text; what else lies beside it describes it.
  const auto is_txt = [](const InputFile& input) { return input.path.extension() == ".txt"; };
  if (std::all_of(inputs.begin(), inputs.end(), is_text) && std::count_if(inputs.begin(), inputs.end(), is_txt) == 1)
    std::erase_if(inputs, [&](const InputFile& input) { return !is_txt(input); });
  documents.one_text = inputs.size() == 1 && is_text(inputs[0]) && config.validation_text.empty();
  if (documents.one_text) {
    documents.train = {read_file(inputs[0].path)};
    return documents;
  }
  if (config.validation_text.empty()) {
    for (auto& text : read_documents(source, inputs))
      (is_validation(text, 0, config.validation) ? documents.validation : documents.train).push_back(std::move(text));
  } else {
    const auto [held_source, held] = list(config.validation_text, "validation_text");
    std::erase_if(inputs, [&](const InputFile& input) {
      return std::any_of(held.begin(), held.end(), [&](const auto& h) { return fs::equivalent(h.path, input.path); });
    });
    documents.train = read_documents(source, inputs);
    documents.validation = read_documents(held_source, held);
  }
  for (const auto& [texts, name] : {std::pair(&documents.train, "training"), {&documents.validation, "validation"}})
    require("data", !texts->empty(), "the ", name, " part of ", config.text,
            " has no document; set data.validation or data.validation_text");
  return documents;
}

// Characters are those of all of the text: which exist is known, how often is not. A BPE learns from the training part.
std::shared_ptr<const Tokenizer> tokenizer_for(const LmDataConfig& config, const Documents& documents) {
  if (config.tokenizer != "char" && config.tokenizer != "bpe") return load_tokenizer(config.tokenizer);
  TokenizerTrainConfig how;
  how.kind = config.tokenizer;
  how.vocab_size = config.vocab_size;
  how.pattern = config.pattern;
  how.special_tokens.emplace();
  if (!documents.one_text) how.special_tokens->push_back("<|endoftext|>");
  auto texts = documents.train;
  if (config.tokenizer == "char")
    texts.insert(texts.end(), documents.validation.begin(), documents.validation.end());
  else if (documents.one_text)
    texts[0].resize(size_t(double(texts[0].size()) * (1 - config.validation)));
  size_t next = 0;
  return train_tokenizer(how, [&](std::string& out) { return next < texts.size() && (out = texts[next++], true); });
}

std::string tokenizer_name(const LmDataConfig& config) {
  if (config.tokenizer != "bpe") return config.tokenizer;
  return "bpe " + std::to_string(config.vocab_size) + (config.pattern == "gpt2" ? "" : " " + config.pattern);
}

std::string identity_of(const Documents& documents, const LmDataConfig& config) {
  Json all = {tokenizer_name(config)};
  for (const auto* texts : {&documents.train, &documents.validation}) {
    all.push_back(texts->size());
    for (const auto& text : *texts) all.push_back(sha256_hex(text));
  }
  return sha256_hex(to_text(all));
}

TokenStream tokens_of(const std::vector<std::string>& documents, const Tokenizer& tokenizer) {
  const auto end = tokenizer.end_of_text();
  std::vector<int32_t> tokens;
  std::vector<int64_t> starts;
  if (end) tokens.push_back(*end);
  for (const auto& text : documents) {
    starts.push_back(int64_t(tokens.size()));
    tokenizer.encode(text, tokens);
    if (end) tokens.push_back(*end);
  }
  return TokenStream(std::move(tokens), std::move(starts), end);
}

std::optional<TokenStream> open_split(const fs::path& folder, const std::string& split, const Tokenizer& tokenizer) {
  const auto manifest = read_manifest(folder);
  if (!manifest.contains("splits") || !manifest["splits"].contains(split)) return std::nullopt;
  return TokenStream(TokenDataset(folder, split), tokenizer.end_of_text());
}

}  // namespace

Problems LmDataConfig::validate() const {
  Problems problems;
  if (dataset.empty() == text.empty())
    problems.push_back("dataset: got '" + dataset + "' with text '" + text + "', expected one of the two");
  if (!(validation > 0 && validation < 1))
    problems.push_back(detail::join_parts("validation: got ", validation, ", expected between 0 and 1"));
  if (!validation_text.empty() && text.empty())
    problems.push_back("validation_text: got '" + validation_text + "' without text, expected both");
  const LmDataConfig defaults;
  const auto of_bpe = [&](const char* key, const auto& value, const auto& by_default) {
    if (tokenizer != "bpe" && value != by_default)
      problems.push_back(detail::join_parts(key, ": got ", value, " with tokenizer '", tokenizer,
                                            "', expected tokenizer = \"bpe\", which is learned, or no such key"));
  };
  of_bpe("vocab_size", vocab_size, defaults.vocab_size);
  of_bpe("pattern", pattern, defaults.pattern);
  for (const auto& [key, value] : {std::pair{"eval_stride", eval_stride}, {"samples.count", samples.count}})
    if (value < 0) problems.push_back(detail::join_parts(key, ": got ", value, ", expected 0 or more"));
  if (kneser_ney < 0 || kneser_ney > 16)
    problems.push_back(detail::join_parts("kneser_ney: got ", kneser_ney, ", expected an order of 1 to 16, or 0"));
  if (samples.count == 0 && !samples.metre.empty())
    problems.push_back("samples.metre: given without samples.count, expected how many texts to write");
  if (!(samples.temperature > 0 && samples.temperature <= 100))
    problems.push_back(detail::join_parts("samples.temperature: got ", samples.temperature, ", expected 0 < x <= 100"));
  return problems;
}

TokenStream::TokenStream(std::vector<int32_t> tokens, std::vector<int64_t> starts, std::optional<int32_t> end_of_text)
    : tokens_(std::move(tokens)), starts_(std::move(starts)), end_of_text_(end_of_text) {}
TokenStream::TokenStream(TokenDataset dataset, std::optional<int32_t> end_of_text)
    : dataset_(std::move(dataset)), end_of_text_(end_of_text) {}

int64_t TokenStream::num_tokens() const { return dataset_ ? dataset_->num_tokens() : int64_t(tokens_.size()); }

void TokenStream::read(int64_t begin, int64_t count, int32_t* out) const {
  dataset_ ? dataset_->read(begin, count, out) : void(std::copy_n(tokens_.begin() + begin, count, out));
}

int64_t TokenStream::start_behind(int64_t i) const {
  if (dataset_) return dataset_->documents()[size_t(dataset_->document_of(i)) + 1];
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), i);
  return next == starts_.end() ? num_tokens() : *next;
}

int64_t TokenStream::next_document(int64_t i) const {
  for (auto start = start_behind(i);; start = start_behind(start)) {
    int32_t before = -1;
    if (start > 0) read(start - 1, 1, &before);
    const auto begin = end_of_text_ == before ? start - 1 : start;
    if (begin > i || start == num_tokens()) return std::max(begin, i + 1);
  }
}

std::vector<std::vector<int32_t>> TokenStream::documents() const {
  std::vector<std::vector<int32_t>> documents;
  for (int64_t begin = 0; begin < num_tokens();) {
    const auto end = start_behind(begin);
    auto& document = documents.emplace_back(size_t(end - begin));
    read(begin, end - begin, document.data());
    std::erase(document, end_of_text_.value_or(-1));
    if (document.empty()) documents.pop_back();
    begin = end;
  }
  return documents;
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
    data.tokenizer = load_tokenizer(folder / "tokenizer");
    data.train = open_split(folder, "train", *data.tokenizer);
    data.validation = open_split(folder, "validation", *data.tokenizer);
    data.test = open_split(folder, "test", *data.tokenizer);
    data.identity = data_identity(read_manifest(folder));
  } else {
    const auto documents = open_documents(config);
    data.tokenizer = tokenizer_for(config, documents);
    if (documents.one_text) {
      const auto& text = documents.train[0];
      auto ids = data.tokenizer->encode(text);
      const auto cut = ptrdiff_t(double(ids.size()) * (1 - config.validation));
      data.validation = TokenStream({ids.begin() + cut, ids.end()});
      ids.resize(size_t(cut));
      data.train = TokenStream(std::move(ids));
      data.identity = sha256_hex(sha256_hex(text) + " " + tokenizer_name(config) + " " + std::to_string(cut));
    } else {
      data.train = tokens_of(documents.train, *data.tokenizer);
      data.validation = tokens_of(documents.validation, *data.tokenizer);
      data.identity = identity_of(documents, config);
    }
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
