#include "ingot/data/data_config.h"

namespace ingot {

Problems DataConfig::validate() const {
  Problems problems;
  const auto check = [&](bool ok, const char* name, auto value, const char* rule) {
    if (!ok) problems.push_back(detail::join_parts(name, ": got ", value, ", expected ", rule));
  };
  check(!source.empty(), "source", "[]", "at least one [[data.source]]");
  check(validation >= 0 && validation < 1, "validation", validation, "0 to below 1");
  check(max_bad >= 0 && max_bad <= 1, "max_bad", max_bad, "0 to 1");
  check(tokenizer_sample_mb > 0, "tokenizer_sample_mb", tokenizer_sample_mb, "more than 0");
  check(shard_tokens > 0, "shard_tokens", shard_tokens, "more than 0");
  check(max_record_bytes >= 1024 && max_record_bytes <= int64_t{1} << 30, "max_record_bytes", max_record_bytes,
        "1024 to 2^30");
  check(max_ratio >= 1, "max_ratio", max_ratio, "1 or more");
  check(max_file_bytes > 0, "max_file_bytes", max_file_bytes, "more than 0");
  check(threads >= 0 && threads <= 1024, "threads", threads, "0 to 1024");
  return problems;
}

}  // namespace ingot
