// Any bytes, read as JSONL, CSV, TSV or text in lines and paragraphs, give records or problems; cleaning what was read
// gives valid UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "ingot/data/characters.h"
#include "ingot/data/clean.h"
#include "ingot/data/pii.h"
#include "ingot/data/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  if (size == 0) return 0;
  static const fs::path path = fs::temp_directory_path() / ("ingot-fuzz-" + std::to_string(::getpid()));
  {
    FileWriter file(path);
    file.write(data + 1, size - 1);
    file.close();
  }
  constexpr TextFormat kFormats[] = {TextFormat::Jsonl, TextFormat::Csv, TextFormat::Tsv, TextFormat::Man,
                                     TextFormat::Text};
  std::vector<SourceConfig> sources(1);
  sources[0].path = path.string();
  sources[0].format = kFormats[data[0] % 5];
  sources[0].unit = DocumentUnit(data[0] / 5 % 3);
  const auto inputs = list_inputs(sources);
  ReadLimits limits;
  limits.max_record_bytes = 1024;
  RecordReader reader(sources, inputs, limits);
  Record record;
  while (reader.next(record)) {
    if (!record.problem.empty()) continue;
    if (record.bytes.size() > 1024 + (128 << 10)) std::abort();
    try {
      std::string text = record_text(record, sources[0], inputs[0].format);
      CleanCounts counts;
      clean_text({}, text, counts);
      for (size_t at = 0; at < text.size();) {
        const auto c = decode_utf8(text, at);
        if (c.size == 0) std::abort();
        at += c.size;
      }
      PiiCounts pii{};
      redact_pii({}, text, pii);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Internal) std::abort();
    }
  }
  return 0;
}
