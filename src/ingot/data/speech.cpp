#include "ingot/data/speech.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "ingot/base/csv.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/json.h"
#include "ingot/base/lines.h"
#include "ingot/data/datasets.h"
#include "ingot/data/parallel.h"
#include "ingot/data/quarantine.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

constexpr const char* kDigits[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

struct Clip {
  fs::path path;
  std::string text, speaker, place;  // place: the record, for errors
  int64_t number = 0;                // that a range selects by
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value)
                                                                                   : std::nullopt;
}

bool is_sound(const fs::path& path) { return path.extension() == ".wav" || path.extension() == ".flac"; }

std::vector<fs::path> sounds_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (is_sound(entry.path())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  require("data", !files.empty(), folder.string(), " holds no .wav and no .flac file, expected at least one");
  return files;
}

// {digit}_{speaker}_{number}.wav
std::optional<Clip> fsdd_clip(const fs::path& path) {
  const auto parts = split(path.stem().string(), '_');
  if (parts.size() != 3) return std::nullopt;
  const auto digit = whole_number(parts[0]), number = whole_number(parts[2]);
  if (!digit || !number || *digit < 0 || *digit > 9 || parts[1].empty() || whole_number(parts[1])) return std::nullopt;
  return Clip{path, kDigits[*digit], parts[1], "", *number};
}

// 1 = yes, 0 = no
std::optional<Clip> yesno_clip(const fs::path& path) {
  Clip clip{path};
  for (const auto& part : split(path.stem().string(), '_')) {
    if (part != "0" && part != "1") return std::nullopt;
    clip.text += (clip.text.empty() ? "" : " ") + std::string(part == "1" ? "yes" : "no");
  }
  return clip;
}

std::vector<Clip> read_folder(const fs::path& folder, SpeechLayout layout) {
  const auto files = sounds_of(folder);
  if (layout == SpeechLayout::Auto)
    layout = fsdd_clip(files.front())    ? SpeechLayout::Fsdd
             : yesno_clip(files.front()) ? SpeechLayout::YesNo
                                         : SpeechLayout::Auto;
  require("data", layout != SpeechLayout::Auto, files.front().string(),
          ": the name is no label, expected 7_jackson_32.wav or 0_1_1_0.wav; write a manifest with the columns path "
          "and text");
  std::vector<Clip> clips;
  for (const auto& file : files) {
    auto clip = layout == SpeechLayout::Fsdd ? fsdd_clip(file) : yesno_clip(file);
    require(
        "data", clip.has_value(), file.string(), ": the name is no label, expected ",
        layout == SpeechLayout::Fsdd ? "DIGIT_SPEAKER_NUMBER as 7_jackson_32.wav" : "zeros and ones as 0_1_1_0.wav");
    if (layout == SpeechLayout::YesNo) clip->number = int64_t(clips.size());
    clips.push_back(std::move(*clip));
  }
  return clips;
}

std::vector<Clip> read_jsonl(const fs::path& path) {
  std::vector<Clip> clips;
  const auto text = read_file(path);
  LineReader lines(text);
  for (std::string_view line; lines.next(line);) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto place = path.string() + ":" + std::to_string(lines.number());
    const auto record = parse_json(line, place);
    for (const char* key : {"path", "text"})
      require("data", record.is_object() && record.contains(key) && record[key].is_string(), place, " has no string \"",
              key, R"(", expected {"path": "a.wav", "text": "..."})");
    clips.push_back({path.parent_path() / record["path"].get<std::string>(), record["text"],
                     record.value("speaker", ""), place, int64_t(clips.size())});
  }
  return clips;
}

std::vector<Clip> read_table(const fs::path& path) {
  const auto text = read_file(path);
  CsvReader reader(text, path.string(), path.extension() == ".tsv" ? '\t' : ',');
  std::vector<std::string> header, cells;
  reader.next(header);
  const auto column = [&](const std::string& name) {
    const auto at = std::find(header.begin(), header.end(), name);
    return at == header.end() ? std::optional<size_t>() : size_t(at - header.begin());
  };
  const auto file = column("path"), words = column("text"), speaker = column("speaker");
  require("data", file && words, path.string(), ":1: there is no column '", file ? "text" : "path",
          "', expected a header row with path and text");
  std::vector<Clip> clips;
  while (reader.next(cells)) {
    const auto place = path.string() + ":" + std::to_string(reader.line());
    require("data", cells.size() == header.size(), place, " has ", cells.size(), " cells, expected ", header.size(),
            " as the header has");
    clips.push_back({path.parent_path() / cells[*file], cells[*words], speaker ? cells[*speaker] : "", place,
                     int64_t(clips.size())});
  }
  return clips;
}

// metadata.csv: id|text|normalised text, without quoting; wavs/ID.wav beside it.
std::vector<Clip> read_ljspeech(const fs::path& path) {
  std::vector<Clip> clips;
  const auto text = read_file(path);
  LineReader lines(text);
  for (std::string_view line; lines.next(line);) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto place = path.string() + ":" + std::to_string(lines.number());
    const auto cells = split(std::string(line), '|');
    require("data", cells.size() == 2 || cells.size() == 3, place, " has ", cells.size(),
            " cells, expected id|text|normalised text");
    clips.push_back(
        {path.parent_path() / "wavs" / (cells[0] + ".wav"), cells.back(), "", place, int64_t(clips.size())});
  }
  return clips;
}

// "x:5-44" -> {"x", 5, 44}
struct Part {
  std::string path;
  int64_t first = 0, last = INT64_MAX;
};
Part part_of(const std::string& where) {
  const auto colon = where.rfind(':');
  if (colon == std::string::npos) return {where};
  const auto bounds = split(where.substr(colon + 1), '-');
  const auto first = whole_number(bounds[0]), last = whole_number(bounds.back());
  if (bounds.size() != 2 || !first || !last) return {where};
  require("data", *first <= *last, where, ": the range is ", *first, "-", *last, ", expected FIRST-LAST in order");
  return {where.substr(0, colon), *first, *last};
}

}  // namespace

Problems SpeechConfig::validate() const {
  Problems p;
  if (train.empty()) p.emplace_back("train: got \"\", expected a path");
  if (rate < 1000 || rate > 192000) p.push_back(detail::join_parts("rate: got ", rate, ", expected 1000 to 192000"));
  if (!(quarantine_budget >= 0 && quarantine_budget < 1))
    p.push_back(detail::join_parts("quarantine_budget: got ", quarantine_budget, ", expected 0 to below 1"));
  return p;
}

void Speech::leave_out(const std::vector<std::string>& failures, double budget) {
  for (const auto& why : failures)
    if (!why.empty()) quarantined.push_back(why);
  check_quarantine(quarantined, seen, budget, "clips are unusable");
  size_t i = 0;
  std::erase_if(utterances, [&](const Utterance&) { return !failures[i++].empty(); });
}

Speech read_speech(const std::string& where, const SpeechConfig& config) {
  const auto part = part_of(where);
  const auto path = find_data(part.path);
  auto layout = config.layout;
  if (layout == SpeechLayout::Auto && path.filename() == "metadata.csv" &&
      fs::is_directory(path.parent_path() / "wavs"))
    layout = SpeechLayout::LjSpeech;
  auto clips = fs::is_directory(path)                                          ? read_folder(path, layout)
               : layout == SpeechLayout::LjSpeech                              ? read_ljspeech(path)
               : path.extension() == ".jsonl" || path.extension() == ".ndjson" ? read_jsonl(path)
                                                                               : read_table(path);
  std::erase_if(clips, [&](const Clip& c) { return c.number < part.first || c.number > part.last; });
  require("data", !clips.empty(), where, " selects no clip, expected at least one");

  Speech speech;
  speech.seen = clips.size();
  speech.utterances.resize(clips.size());
  std::vector<std::string> failures(clips.size());
  parallel_for(num_threads(0), clips.size(), [&](size_t i) {
    const auto& clip = clips[i];
    const auto place = clip.place.empty() ? "" : clip.place + ": ";
    try {
      require("data", is_valid_utf8(clip.text), place, "the text is not UTF-8, expected UTF-8");
      require("data", clip.text.find_first_not_of(" \t") != std::string::npos, place, clip.path.string(),
              " has no text, expected a transcript");
      speech.utterances[i] = {clip.path.string(), clip.text, clip.speaker, read_audio(clip.path, config.rate).samples};
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Internal) throw;
      failures[i] = place + e.what();
    }
  });
  speech.leave_out(failures, config.quarantine_budget);
  require("data", !speech.utterances.empty(), where, " holds no usable clip, expected at least one");

  std::string identity;
  for (const auto& u : speech.utterances)
    identity += u.text + '\n' + u.speaker + '\n' +
                xxh3_hex({reinterpret_cast<const char*>(u.samples.data()), u.samples.size() * sizeof(float)});
  speech.hash = sha256_hex(identity);
  return speech;
}

}  // namespace ingot
