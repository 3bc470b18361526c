// The [data] section of a recipe: from raw text to token shards.
#pragma once

#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/data/clean.h"
#include "ingot/data/dedup.h"
#include "ingot/data/pii.h"
#include "ingot/data/quality.h"
#include "ingot/data/reader.h"
#include "ingot/data/tokenizer_train.h"

namespace ingot {

enum class SplitRule { Document, Tail };
template <>
struct EnumNames<SplitRule> {
  static constexpr std::pair<const char*, SplitRule> kValues[] = {{"document", SplitRule::Document},
                                                                  {"tail", SplitRule::Tail}};
};

struct DataConfig {
  std::vector<SourceConfig> source = {SourceConfig{}};
  bool verbatim = false;
  CleanConfig clean;
  QualityConfig quality;
  DedupConfig dedup;
  PiiConfig pii;
  SplitRule split = SplitRule::Document;
  double validation = 0.05;
  int64_t seed = 0;
  std::string tokenizer_path;
  TokenizerTrainConfig tokenizer;
  int64_t tokenizer_sample_mb = 100;
  bool end_of_text = true;
  int64_t shard_tokens = 1 << 27;
  double max_bad = 0.01;
  int64_t max_record_bytes = 16 << 20;
  double max_ratio = 200;
  int64_t max_file_bytes = int64_t{1} << 40;
  int64_t threads = 0;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("source", self.source, "where the text comes from, [[data.source]] tables");
    v("verbatim", self.verbatim, "keep the text as it is: no cleaning, filters, deduplication or redaction");
    v("clean", self.clean, "text repair");
    v("quality", self.quality, "quality filters");
    v("dedup", self.dedup, "duplicate removal");
    v("pii", self.pii, "redaction of personal data");
    v("split", self.split, "validation part: document (by hash of the text) or tail (the end of every document)");
    v("validation", self.validation, "share of documents, or of each document's characters, kept for validation");
    v("seed", self.seed, "changes which documents are validation documents");
    v("tokenizer_path", self.tokenizer_path, "an existing tokenizer; empty: train one on the training part");
    v("tokenizer", self.tokenizer, "the tokenizer to train");
    v("tokenizer_sample_mb", self.tokenizer_sample_mb, "train the tokenizer on about this many MB at most");
    v("end_of_text", self.end_of_text, "put the tokenizer's end-of-text token behind every document, when it has one");
    v("shard_tokens", self.shard_tokens, "begin a new shard once one has this many tokens");
    v("max_bad", self.max_bad, "greatest share of unreadable records; above it nothing is published");
    v("max_record_bytes", self.max_record_bytes, "longer JSONL and CSV records are bad; longer texts are cut");
    v("max_ratio", self.max_ratio, "greatest decompression ratio of a file");
    v("max_file_bytes", self.max_file_bytes, "greatest size of a file after decompression");
    v("threads", self.threads, "0: all cores; the result does not depend on it");
  }
  Problems validate() const;
  ReadLimits read_limits() const { return {max_record_bytes, {max_ratio, max_file_bytes}}; }
};

}  // namespace ingot
