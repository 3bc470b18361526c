// Labelled texts as they lie about: a folder (or .tar.gz) with one sub-folder a class, lines of "label text", CSV and
// TSV. Every error names file and record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/file.h"

namespace ingot {

enum class TextLayout { Auto, Folder, Lines, Csv, Tsv };
template <>
struct EnumNames<TextLayout> {
  static constexpr std::pair<const char*, TextLayout> kValues[] = {{"auto", TextLayout::Auto},
                                                                   {"folder", TextLayout::Folder},
                                                                   {"lines", TextLayout::Lines},
                                                                   {"csv", TextLayout::Csv},
                                                                   {"tsv", TextLayout::Tsv}};
};
enum class Encoding { Utf8, Latin1 };
template <>
struct EnumNames<Encoding> {
  static constexpr std::pair<const char*, Encoding> kValues[] = {{"utf-8", Encoding::Utf8},
                                                                 {"latin-1", Encoding::Latin1}};
};

struct LabelledTextConfig {  // [data]
  std::string train, validation, test;
  TextLayout layout = TextLayout::Auto;
  Encoding encoding = Encoding::Utf8;
  std::string text_column = "text", label_column = "label";
  std::string label_until;
  double validation_fraction = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "training texts: a folder, file, or archive.tar.gz:folder; looked for in INGOT_DATA too");
    v("validation", self.validation, "validation texts; empty: a part of train, or test");
    v("test", self.test, "test texts");
    v("layout", self.layout, "folder (one sub-folder a class), lines (label text), csv, tsv; auto: by the name");
    v("encoding", self.encoding, "utf-8 or latin-1");
    v("text_column", self.text_column, "csv, tsv: column of the text");
    v("label_column", self.label_column, "csv, tsv: column of the label");
    v("label_until", self.label_until, "a label ends before this text: \":\" makes ABBR of TREC's ABBR:exp");
    v("validation_fraction", self.validation_fraction, "share of train drawn for validation, always the same texts");
  }
  Problems validate() const;
};

struct LabelledTexts {
  std::vector<std::string> texts;
  std::vector<int64_t> labels;     // index into names
  std::vector<std::string> names;  // sorted
  std::string hash;                // of labels and texts, in order
  int64_t size() const { return int64_t(texts.size()); }
};

// `names`: the classes of the training texts; another label is an error. Empty: the classes found here, at least two.
LabelledTexts read_labelled_texts(const std::string& path, const LabelledTextConfig& config,
                                  const std::vector<std::string>& names = {});

}  // namespace ingot
