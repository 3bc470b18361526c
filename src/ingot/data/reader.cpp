#include "ingot/data/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <sys/stat.h>

#include "ingot/base/csv.h"
#include "ingot/base/json.h"
#include "ingot/data/datasets.h"
#include "ingot/data/man_page.h"

namespace ingot {
namespace {

TextFormat format_of(const fs::path& path) {
  fs::path name = path.filename();
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  const std::string extension = name.extension().string();
  if (extension == ".json") return TextFormat::Json;
  if (extension == ".jsonl" || extension == ".ndjson") return TextFormat::Jsonl;
  if (extension == ".csv") return TextFormat::Csv;
  if (extension == ".tsv") return TextFormat::Tsv;
  return TextFormat::Text;
}

// The pages of two Debian packages, not of the whole machine: the corpus is then the same on every Debian 12.
// Half of the names are links to another page.
std::vector<fs::path> manual_pages() {
  std::vector<fs::path> pages;
  for (const char* package : {"manpages", "manpages-dev"}) {
    const fs::path list = fs::path("/var/lib/dpkg/info") / (std::string(package) + ".list");
    if (!fs::exists(list)) continue;
    const std::string text = read_file(list);
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      const std::string path = text.substr(begin, end - begin);
      begin = end + 1;
      std::error_code ignored;
      if (path.starts_with("/usr/share/man/man") && path.ends_with(".gz") && !fs::is_symlink(path, ignored) &&
          fs::is_regular_file(path, ignored))
        pages.emplace_back(path);
    }
  }
  if (pages.empty())
    fail(ErrorKind::NotFound, "data",
         "the Linux manual pages are not on this machine; `apt-get install manpages manpages-dev` "
         "(slim container images leave /usr/share/man out), or give a file or folder of text");
  return pages;
}

std::vector<fs::path> files_under(const fs::path& folder) {
  std::vector<fs::path> files;
  for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied);
       it != fs::recursive_directory_iterator(); ++it) {
    if (it->path().filename().string().starts_with('.')) {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_symlink() && it->is_regular_file()) files.push_back(it->path());
  }
  return files;
}

}  // namespace

std::vector<InputFile> list_inputs(std::vector<SourceConfig>& sources) {
  std::vector<InputFile> inputs;
  for (size_t s = 0; s < sources.size(); ++s) {
    SourceConfig& source = sources[s];
    std::vector<fs::path> files;
    TextFormat format = source.format;
    if (source.path == "manpages") {
      files = manual_pages();
      if (format == TextFormat::Auto) format = TextFormat::Man;
      if (source.name.empty()) source.name = "manpages";
      if (source.licence.empty())
        source.licence = "GPL-2.0-or-later, BSD, MIT-like and Linux-man-pages-copyleft, page by page";
    } else if (source.path.starts_with("dataset:")) {
      std::string name = source.path.substr(8);
      const size_t slash = std::min(name.find('/'), name.size());
      const std::string inner = slash < name.size() ? name.substr(slash + 1) : "";
      name.resize(slash);
      require("data", is_safe_path(inner.empty() ? "x" : inner), "source path is '", source.path,
              "', expected no '..' or absolute path in it");
      const fs::path folder = find_dataset(name);
      if (!inner.empty() && !fs::is_directory(folder / inner))
        files = {folder / inner};
      else
        files = files_under(folder / inner);
      // What describes the set is not part of it.
      std::erase_if(files, [](const fs::path& file) {
        const std::string n = file.filename().string();
        return n == "SOURCE.md" || n == "MANIFEST.sha256" || n.starts_with("README") || n.starts_with("LICEN");
      });
      if (source.name.empty()) source.name = name;
      if (source.licence.empty()) source.licence = dataset_licence(name);
    } else if (fs::is_directory(source.path)) {
      files = files_under(source.path);
    } else if (fs::exists(source.path)) {
      files = {source.path};
    }
    if (files.empty())
      fail(ErrorKind::NotFound, "data", "source '", source.path, "' ",
           fs::exists(source.path) ? "holds no files" : "does not exist",
           "; expected a file, a folder, dataset:NAME or manpages");
    if (source.name.empty()) source.name = fs::path(source.path).lexically_normal().filename().string();
    if (source.name.empty()) source.name = source.path;
    if (source.licence.empty()) source.licence = "unknown";
    std::sort(files.begin(), files.end());
    for (auto& file : files) {
      struct stat status {};
      if (::stat(file.c_str(), &status) != 0)
        fail(ErrorKind::Io, "data", "cannot read ", file.string(), ": ", std::strerror(errno));
      inputs.push_back({file, s, format == TextFormat::Auto ? format_of(file) : format, int64_t(status.st_size),
                        int64_t(status.st_mtim.tv_sec) * 1000000000 + status.st_mtim.tv_nsec});
    }
  }
  return inputs;
}

// A file being read: bytes in a window that slides as records are taken off its front.
struct RecordReader::OpenFile {
  OpenFile(const fs::path& path, const DecompressionLimits& limits) : source(path, limits) {}

  // Makes the window longer; false at the end of the file.
  bool more() {
    if (begin > 0 && begin * 2 > window.size()) {
      window.erase(0, begin);
      begin = 0;
    }
    const size_t old = window.size();
    window.resize(old + kStep);
    const size_t n = source.read(window.data() + old, kStep);
    window.resize(old + n);
    return n > 0;
  }
  std::string_view rest() const { return std::string_view(window).substr(begin); }

  // Moves to the next object of an array, or of objects one behind the other, and gives its size; 0 at the end. An
  // object over `limit` bytes is passed over in pieces, so that memory stays bounded.
  size_t next_object(size_t limit, bool& too_long) {
    for (; begin < window.size() || more(); ++begin) {
      const char c = window[begin];
      if (c == '{') break;
      if (c == '[' && records == 0 && !in_array)
        in_array = true;
      else if (c == ']' && in_array)
        in_array = false;
      else
        require("data", c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n', "the file has '", c, "' behind ",
                records, " objects, expected an array of objects");
    }
    if (begin == window.size()) {
      require("data", !in_array, "the array of objects does not end; is the file cut?");
      return 0;
    }
    int64_t depth = 0;
    bool quoted = false;
    for (size_t size = 0;;) {
      require("data", begin + size < window.size() || more(), "the last object does not end; is the file cut?");
      const char c = window[begin + size++];
      if (quoted && c == '\\') {
        require("data", begin + size < window.size() || more(), "the last object does not end; is the file cut?");
        ++size;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == '{' || c == '[')) {
        ++depth;
      } else if (!quoted && (c == '}' || c == ']') && --depth == 0) {
        return size;
      }
      if (size > limit) {
        too_long = true;
        begin += std::exchange(size, 0);
      }
    }
  }

  static constexpr size_t kStep = 128 << 10;
  ByteSource source;
  std::string window;
  size_t begin = 0;
  int64_t records = 0;
  size_t column = 0;
  bool has_header = false;
  bool in_array = false;
};

RecordReader::RecordReader(const std::vector<SourceConfig>& sources, const std::vector<InputFile>& inputs,
                           const ReadLimits& limits)
    : sources_(sources), inputs_(inputs), limits_(limits) {}
RecordReader::~RecordReader() = default;

int64_t RecordReader::bytes_read() const { return bytes_before_ + (open_ ? open_->source.bytes_in() : 0); }

namespace {

struct Cut {
  size_t size = 0;       // bytes of the record
  size_t delimiter = 0;  // bytes to skip behind it
  bool found = false;
};

// Finds the first newline from `from` on that is outside quotes; the quote state is kept between calls.
size_t find_newline(std::string_view text, size_t from, bool csv, bool& quoted) {
  if (!csv) return text.find('\n', from);
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;  // "" toggles twice
    if (text[i] == '\n' && !quoted) return i;
  }
  return std::string_view::npos;
}

// CSV as RFC 4180; TSV has no quotes (IANA text/tab-separated-values).
std::vector<std::string> cells_of(const std::string& line, bool csv) {
  std::vector<std::string> cells;
  if (csv) {
    CsvReader(line, "record").next(cells);
    return cells;
  }
  for (size_t begin = 0; begin <= line.size();) {
    const size_t end = std::min(line.find('\t', begin), line.size());
    cells.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return cells;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

bool RecordReader::next(Record& record) {
  while (file_ < inputs_.size()) {
    const InputFile& input = inputs_[file_];
    const SourceConfig& source = sources_[input.source];
    const bool csv = input.format == TextFormat::Csv;
    const bool table = csv || input.format == TextFormat::Tsv;
    const bool lines = table || input.format == TextFormat::Jsonl ||
                       (input.format == TextFormat::Text && source.unit == DocumentUnit::Line);
    const bool paragraphs = input.format == TextFormat::Text && source.unit == DocumentUnit::Paragraph;
    const auto limit = size_t(limits_.max_record_bytes);
    record.problem.clear();
    record.file = file_;
    const auto close_file = [&] {
      bytes_before_ += input.bytes;
      open_.reset();
      ++file_;
    };
    try {
      if (!open_) {
        open_ = std::make_unique<OpenFile>(input.path, limits_.decompression);
        open_->more();
        if (open_->window.starts_with("\xEF\xBB\xBF")) open_->begin = 3;  // byte order mark
      }
      OpenFile& file = *open_;
      bool ended = false, quoted = false, too_long = false;
      size_t searched = 0;
      Cut cut;
      if (input.format == TextFormat::Json) {
        cut = {file.next_object(limit, too_long), 0, true};
        ended = cut.size == 0;
      }
      while (!cut.found) {
        const std::string_view rest = file.rest();
        if (lines || paragraphs) {
          for (size_t at = searched;;) {
            const size_t newline = find_newline(rest, at, csv, quoted);
            searched = rest.size();
            if (newline == std::string_view::npos) break;
            at = newline + 1;
            if (lines) {
              cut = {newline, 1, true};
              break;
            }
            // A paragraph ends before a line of white space.
            const size_t next_end = rest.find('\n', at);
            if (next_end == std::string_view::npos) {
              searched = newline;
              break;
            }
            if (is_blank(rest.substr(at, next_end - at))) {
              cut = {newline, next_end + 1 - newline, true};
              break;
            }
          }
          if (cut.found) break;
        }
        if (rest.size() > limit) {
          if (lines) {  // drop the line in pieces, so that memory stays bounded
            too_long = true;
            file.begin = file.window.size();
            searched = 0;
          } else {
            const size_t newline = rest.rfind('\n', limit - 1);
            if (newline != std::string_view::npos) {
              cut = {newline + 1, 0, true};
            } else {  // at a character: continuation bytes are 10xxxxxx
              size_t at = limit;
              while (at > limit - 4 && (uint8_t(rest[at]) & 0xC0) == 0x80) --at;
              cut = {at, 0, true};
            }
            break;
          }
        }
        if (ended) {
          cut = {file.rest().size(), 0, true};
          break;
        }
        ended = !file.more();
      }
      const std::string_view rest = file.rest();
      if (ended && rest.empty() && !too_long) {
        close_file();
        continue;
      }
      record.bytes.assign(rest.substr(0, cut.size));
      file.begin += cut.size + cut.delimiter;
      if (lines || paragraphs) {
        if (record.bytes.ends_with('\r')) record.bytes.pop_back();
        if (!too_long && is_blank(record.bytes)) continue;
        // More than one empty line stood before the paragraph.
        if (paragraphs) record.bytes.erase(0, record.bytes.rfind('\n', record.bytes.find_first_not_of(" \t\r\n")) + 1);
      }
      if (table && !file.has_header) {
        const auto header = cells_of(record.bytes, csv);
        const auto found = std::find(header.begin(), header.end(), source.text);
        require("data", found != header.end(), "column '", source.text, "' is not in the header",
                suggest(source.text, header));
        file.column = size_t(found - header.begin());
        file.has_header = true;
        continue;
      }
      record.column = file.column;
      record.number = ++file.records;
      if (too_long) {
        record.bytes.clear();
        record.problem = "longer than data.max_record_bytes, " + std::to_string(limit) + " bytes";
      }
      return true;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Internal) throw;
      record.bytes.clear();
      record.number = open_ ? open_->records + 1 : 1;
      record.problem = error.what();
      close_file();
      return true;
    }
  }
  return false;
}

std::string record_text(const Record& record, const SourceConfig& source, TextFormat format) {
  switch (format) {
    case TextFormat::Json:
    case TextFormat::Jsonl: {
      const Json value = parse_json(record.bytes, "record");
      require("data", value.is_object(), "the record is no JSON object");
      const auto member = value.find(source.text);
      require("data", member != value.end(), "no member '", source.text,
              "' in the object; name it with data.source.text");
      if (member->is_string()) return member->get<std::string>();
      const auto is_string = [](const Json& line) { return line.is_string(); };
      require("data", member->is_array() && std::all_of(member->begin(), member->end(), is_string), "member '",
              source.text, "' is neither a string nor a list of strings");
      std::string text;
      for (const auto& line : *member) text += (&line == &member->front() ? "" : "\n") + line.get<std::string>();
      return text;
    }
    case TextFormat::Csv:
    case TextFormat::Tsv: {
      auto cells = cells_of(record.bytes, format == TextFormat::Csv);
      require("data", record.column < cells.size(), "the row has ", cells.size(), " cells, expected more than ",
              record.column);
      return std::move(cells[record.column]);
    }
    case TextFormat::Man:
      return clean_man_page(record.bytes);
    case TextFormat::Text:
    case TextFormat::Auto:
      break;
  }
  const std::string_view start = std::string_view(record.bytes).substr(0, 8192);
  const bool utf16 = start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF");
  require("data", utf16 || start.find('\0') == std::string_view::npos,
          "a NUL byte in the first 8 KiB: binary, not text");
  return record.bytes;
}

}  // namespace ingot
