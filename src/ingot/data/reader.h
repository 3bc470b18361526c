// Records of text from files, folders, .gz, .zst, JSON, JSONL, CSV and manual pages, one after the other in a fixed
// order. Memory is bounded by one record, so a corpus may be larger than memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/file.h"
#include "ingot/data/byte_source.h"

namespace ingot {

enum class TextFormat { Auto, Text, Json, Jsonl, Csv, Tsv, Man };
enum class DocumentUnit { File, Paragraph, Line };

template <>
struct EnumNames<TextFormat> {
  static constexpr std::pair<const char*, TextFormat> kValues[] = {
      {"auto", TextFormat::Auto}, {"text", TextFormat::Text}, {"json", TextFormat::Json}, {"jsonl", TextFormat::Jsonl},
      {"csv", TextFormat::Csv},   {"tsv", TextFormat::Tsv},   {"man", TextFormat::Man}};
};
template <>
struct EnumNames<DocumentUnit> {
  static constexpr std::pair<const char*, DocumentUnit> kValues[] = {
      {"file", DocumentUnit::File}, {"paragraph", DocumentUnit::Paragraph}, {"line", DocumentUnit::Line}};
};

struct SourceConfig {
  std::string path = "manpages";
  std::string name;
  std::string licence;
  TextFormat format = TextFormat::Auto;
  std::string text = "text";
  DocumentUnit unit = DocumentUnit::File;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("path", self.path, "a file, a folder, dataset:NAME (see `ingot data get --list`) or manpages (the Linux manual)");
    v("name", self.name, "name on the data card; default: from the path");
    v("licence", self.licence, "licence on the data card; default: that of the data set, else unknown");
    v("format", self.format,
      "auto (by extension: .json .jsonl .ndjson .csv .tsv, else text), text, json (an array of objects), jsonl, csv, "
      "tsv, man");
    v("text", self.text, "JSON member (a string, or a list of its lines) or CSV column that holds the text");
    v("unit", self.unit, "what is one document of a text file: file, paragraph (between empty lines) or line");
  }
};

struct InputFile {
  fs::path path;
  size_t source;  // index into the sources
  TextFormat format;
  int64_t bytes;
  int64_t modified;  // nanoseconds
};

// Every file of the sources, sorted by path within each. Hidden files and symbolic links inside folders are left out.
// Fills in name and licence. Throws NotFound, with what to do, for a source without files.
std::vector<InputFile> list_inputs(std::vector<SourceConfig>& sources);

// One record as it lies in the file. `problem` is set instead of `bytes` when it could not be read.
struct Record {
  std::string bytes;
  size_t file = 0;     // index into the inputs
  int64_t number = 0;  // of the record in its file, from 1
  size_t column = 0;   // CSV: which cell
  std::string problem;
};

struct ReadLimits {
  int64_t max_record_bytes = 16 << 20;
  DecompressionLimits decompression;
};

class RecordReader {
 public:
  RecordReader(const std::vector<SourceConfig>& sources, const std::vector<InputFile>& inputs,
               const ReadLimits& limits);
  ~RecordReader();
  // False at the end. Files that end in an error give one record with a problem; the reader goes on with the next file.
  // A text longer than max_record_bytes is cut at line ends; a longer line, JSON or CSV record is a problem.
  bool next(Record& record);
  int64_t bytes_read() const;

 private:
  struct OpenFile;
  const std::vector<SourceConfig>& sources_;
  const std::vector<InputFile>& inputs_;
  ReadLimits limits_;
  size_t file_ = 0;
  int64_t bytes_before_ = 0;
  std::unique_ptr<OpenFile> open_;
};

// The text of a record: the JSON member, the CSV cell, the page without troff, or the bytes themselves.
// Throws InvalidArgument with the reason when it has none. Safe to call from many threads.
std::string record_text(const Record& record, const SourceConfig& source, TextFormat format);

}  // namespace ingot
