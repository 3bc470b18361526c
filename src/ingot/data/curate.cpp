#include "ingot/data/curate.h"

#include <cmath>
#include <cstring>

#include "ingot/base/text_table.h"
#include "ingot/data/parallel.h"

namespace ingot {
namespace {

constexpr size_t kBatchBytes = 8 << 20;
constexpr size_t kBatchRecords = 4096;

// A record on its way through the pass.
struct Candidate {
  Record record;
  std::string text;
  std::string problem;  // unreadable: goes to quarantine
  std::string dropped;  // a rule
  CleanCounts cleaning;
  PiiCounts pii{};
  std::array<int64_t, kNumScripts> scripts{};
  std::vector<uint32_t> signature;
};

struct SourceCounts {
  int64_t files = 0, records = 0, kept = 0, bytes_kept = 0;
};

class DocumentWriter {
 public:
  explicit DocumentWriter(const fs::path& path) : file_(path) {}
  void write(Split split, std::string_view text) {
    const auto size = uint32_t(text.size());
    buffer_.append(reinterpret_cast<const char*>(&size), sizeof size).append(1, char(split)).append(text);
    if (buffer_.size() > (1 << 20)) flush();
  }
  void close() {
    flush();
    file_.sync();
    file_.close();
  }

 private:
  void flush() {
    file_.write(buffer_.data(), buffer_.size());
    buffer_.clear();
  }
  FileWriter file_;
  std::string buffer_;
};

// The byte at which the last `share` of the characters begins.
size_t tail_begin(std::string_view text, double share) {
  const auto starts = [](char c) { return (uint8_t(c) & 0xC0) != 0x80; };
  const auto characters = std::count_if(text.begin(), text.end(), starts);
  auto keep = int64_t(double(characters) * (1 - share));  // nanoGPT: data[:int(n * 0.9)]
  size_t at = 0;
  while (at < text.size() && (!starts(text[at]) || keep-- > 0)) ++at;
  return at;
}

void check_budget(const DataConfig& config, int64_t bad, int64_t records, const fs::path& folder) {
  if (double(bad) <= config.max_bad * double(records)) return;
  fail(ErrorKind::InvalidArgument, "data", bad, " of ", records,
       " records are unreadable, expected at most a share of ", config.max_bad,
       " (data.max_bad); each is listed with its reason in ", (folder / "quarantine.jsonl").string(),
       "; nothing was published");
}

}  // namespace

bool DocumentFile::next(Item& item) {
  const std::string_view all = map_.text();
  if (at_ == all.size()) return false;
  uint32_t size;
  INGOT_INVARIANT(at_ + 5 <= all.size(), "a document's head is whole");
  std::memcpy(&size, all.data() + at_, sizeof size);
  INGOT_INVARIANT(at_ + 5 + size <= all.size(), "a document is whole");
  item = {Split(all[at_ + 4]), all.substr(at_ + 5, size)};
  at_ += 5 + size_t(size);
  return true;
}

bool is_validation(std::string_view text, int64_t seed, double share) {
  const uint64_t key[2] = {xxh3(text.data(), text.size()), uint64_t(seed)};
  return std::ldexp(double(xxh3(key, sizeof key) >> 11), -53) < share;
}

Json curate(const DataConfig& config, const std::vector<InputFile>& inputs, const fs::path& folder,
            const StageProgress& progress) {
  const size_t threads = num_threads(config.threads);
  RecordReader reader(config.source, inputs, config.read_limits());
  DocumentWriter documents(folder / "documents");
  fs::remove(folder / "quarantine.jsonl");
  LineWriter quarantine(folder / "quarantine.jsonl");
  BoilerplateFilter boilerplate(config.clean.boilerplate);
  HashSet seen;
  NearDuplicates near(config.dedup);
  std::vector<SourceCounts> per_source(config.source.size());
  std::map<std::string, int64_t> dropped;
  CleanCounts cleaning;
  PiiCounts pii{};
  std::array<int64_t, kNumScripts> scripts{};
  int64_t records = 0, bad = 0, kept = 0, bytes_in = 0, split_bytes[2] = {}, split_documents[2] = {};
  int64_t total_bytes = 0;
  for (const auto& input : inputs) total_bytes += input.bytes, ++per_source[input.source].files;

  const auto source_of = [&](const Candidate& c) { return inputs[c.record.file].source; };
  std::vector<Candidate> batch;
  for (bool more = true; more;) {
    batch.clear();
    for (size_t bytes = 0; bytes < kBatchBytes && batch.size() < kBatchRecords;) {
      Candidate candidate;
      if (!(more = reader.next(candidate.record))) break;
      bytes += candidate.record.bytes.size();
      batch.push_back(std::move(candidate));
    }
    // 1. Text out of the record, repaired.
    parallel_for(threads, batch.size(), [&](size_t i) {
      Candidate& c = batch[i];
      c.problem = c.record.problem;
      if (!c.problem.empty()) return;
      try {
        c.text = record_text(c.record, config.source[source_of(c)], inputs[c.record.file].format);
      } catch (const Error& error) {
        c.problem = error.what();
        return;
      }
      if (!config.verbatim) clean_text(config.clean, c.text, c.cleaning);
    });
    // 2. Lines shared by many documents: counted in corpus order.
    if (!config.verbatim)
      for (Candidate& c : batch) c.cleaning.boilerplate_dropped += boilerplate.apply(c.text);
    // 3. Judge, redact, sign.
    parallel_for(threads, batch.size(), [&](size_t i) {
      Candidate& c = batch[i];
      if (!c.problem.empty()) return;
      if (c.text.empty()) return void(c.dropped = "empty");
      const TextFeatures features = text_features(c.text);
      c.scripts = features.scripts;
      if (config.verbatim) return;
      c.dropped = quality_problem(config.quality, c.text, features);
      if (!c.dropped.empty()) return;
      redact_pii(config.pii, c.text, c.pii);
      if (config.dedup.near) c.signature = minhash(config.dedup, features.words);
    });
    // 4. Duplicates and output, in corpus order.
    for (Candidate& c : batch) {
      ++records;
      ++per_source[source_of(c)].records;
      bytes_in += int64_t(c.record.bytes.size());
      if (!c.problem.empty()) {
        ++bad;
        quarantine.write(to_text(
            Json{{"path", inputs[c.record.file].path.string()}, {"record", c.record.number}, {"reason", c.problem}}));
        continue;
      }
      cleaning.add(c.cleaning);
      if (c.dropped.empty() && !config.verbatim) {
        if (config.dedup.exact && !seen.insert(xxh3(c.text.data(), c.text.size())))
          c.dropped = "exact_duplicate";
        else if (near.find_or_keep(c.signature) >= 0)
          c.dropped = "near_duplicate";
      }
      if (!c.dropped.empty()) {
        ++dropped[c.dropped];
        continue;
      }
      ++kept;
      ++per_source[source_of(c)].kept;
      per_source[source_of(c)].bytes_kept += int64_t(c.text.size());
      for (size_t k = 0; k < kNumPii; ++k) pii[k] += c.pii[k];
      for (size_t k = 0; k < kNumScripts; ++k) scripts[k] += c.scripts[k];
      const auto write = [&](Split split, std::string_view text) {
        if (text.empty()) return;
        documents.write(split, text);
        split_bytes[size_t(split)] += int64_t(text.size());
        ++split_documents[size_t(split)];
      };
      if (config.split == SplitRule::Tail) {
        const size_t tail = tail_begin(c.text, config.validation);
        write(Split::Train, std::string_view(c.text).substr(0, tail));
        write(Split::Validation, std::string_view(c.text).substr(tail));
      } else {
        write(is_validation(c.text, config.seed, config.validation) ? Split::Validation : Split::Train, c.text);
      }
    }
    if (records >= 10000) check_budget(config, bad, records, folder);  // do not read a terabyte of the wrong format
    if (progress)
      progress("clean", reader.bytes_read(), total_bytes, grouped(kept) + " documents kept of " + grouped(records));
  }
  check_budget(config, bad, records, folder);
  if (kept == 0)
    fail(ErrorKind::InvalidArgument, "data", "no document of ", records, " is left",
         dropped.empty()
             ? ""
             : "; most were dropped by rule " + std::max_element(dropped.begin(), dropped.end(),
                                                                 [](auto& a, auto& b) { return a.second < b.second; })
                                                    ->first,
         "; loosen [data.quality], or set data.verbatim = true");
  if (split_documents[0] == 0 || (config.validation > 0 && split_documents[1] == 0))
    fail(ErrorKind::InvalidArgument, "data", "the ", split_documents[0] == 0 ? "training" : "validation",
         " part is empty: ", kept, " documents split at random by a share of ", config.validation,
         "; set data.split = \"tail\", or data.source.unit = \"paragraph\"");
  documents.close();

  Json result;
  for (size_t s = 0; s < config.source.size(); ++s)
    result["sources"].push_back({{"name", config.source[s].name},
                                 {"licence", config.source[s].licence},
                                 {"files", per_source[s].files},
                                 {"records", per_source[s].records},
                                 {"kept", per_source[s].kept},
                                 {"bytes_kept", per_source[s].bytes_kept}});
  result["records"] = records;
  result["bad"] = bad;
  result["dropped"] = Json::object();
  for (const auto& [rule, count] : dropped) result["dropped"][rule] = count;
  result["kept"] = kept;
  result["bytes_in"] = bytes_in;
  result["bytes_kept"] = split_bytes[0] + split_bytes[1];
  result["cleaning"] = {{"utf8_repaired", cleaning.utf8_repaired},
                        {"control_dropped", cleaning.control_dropped},
                        {"nfc_changed_lines", cleaning.nfc_changed},
                        {"boilerplate_lines", cleaning.boilerplate_dropped}};
  for (size_t k = 0; k < kNumPii; ++k) result["pii"][std::string(to_string(Pii(k)))] = pii[k];
  result["scripts"] = Json::object();
  for (size_t k = 0; k < kNumScripts; ++k)
    if (scripts[k]) result["scripts"][std::string(to_string(Script(k)))] = scripts[k];
  for (size_t k = 0; k < 2; ++k) {
    result[std::string(kSplitNames[k]) + "_documents"] = split_documents[k];
    result[std::string(kSplitNames[k]) + "_bytes"] = split_bytes[k];
  }
  return result;
}

}  // namespace ingot
