#include "ingot/data/reader.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "support/temp_folder.h"

namespace ingot {
namespace {

void put_file(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string gzip(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = uInt(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = uInt(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string read_all(const fs::path& path, const DecompressionLimits& limits = {}) {
  ByteSource source(path, limits);
  std::string all, block(1 << 16, '\0');
  while (const size_t n = source.read(block.data(), block.size())) all.append(block, 0, n);
  return all;
}

// All texts of a source; a problem appears as "!" and its text.
std::vector<std::string> texts(SourceConfig source, const ReadLimits& limits = {}) {
  std::vector<SourceConfig> sources{source};
  const auto inputs = list_inputs(sources);
  RecordReader reader(sources, inputs, limits);
  Record record;
  std::vector<std::string> all;
  while (reader.next(record)) {
    if (!record.problem.empty()) {
      all.push_back("!" + record.problem);
      continue;
    }
    try {
      all.push_back(record_text(record, sources[0], inputs[record.file].format));
    } catch (const Error& error) {
      all.push_back(std::string("!") + error.what());
    }
  }
  return all;
}

SourceConfig source_at(const fs::path& path, const std::string& unit = "file") {
  SourceConfig source;
  source.path = path.string();
  source.unit = unit == "line"        ? DocumentUnit::Line
                : unit == "paragraph" ? DocumentUnit::Paragraph
                                      : DocumentUnit::File;
  return source;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST(ByteSource, ReadsPlainGzipAndZstdByContent) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 40000; ++i) text += "line " + std::to_string(i * 7919 % 10007) + "\n";
  put_file(folder / "plain.gz", text);  // the name lies; the content decides
  put_file(folder / "a", gzip(text));
  put_file(folder / "b", zstd(text));
  put_file(folder / "two", gzip(text) + gzip("more\n"));
  put_file(folder / "frames", zstd(text) + zstd("more\n"));
  put_file(folder / "empty", "");
  EXPECT_EQ(read_all(folder / "plain.gz"), text);
  EXPECT_EQ(read_all(folder / "a"), text);
  EXPECT_EQ(read_all(folder / "b"), text);
  EXPECT_EQ(read_all(folder / "two"), text + "more\n");
  EXPECT_EQ(read_all(folder / "frames"), text + "more\n");
  EXPECT_EQ(read_all(folder / "empty"), "");
}

TEST(ByteSource, CutOrCorruptStreamsAreErrors) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * i) + " ";
  for (const std::string& whole : {gzip(text), zstd(text)}) {
    for (int i = 1; i < 16; ++i) {
      put_file(folder / "cut", whole.substr(0, whole.size() * i / 16));
      EXPECT_THROW(read_all(folder / "cut"), Error) << i;
    }
    std::string flipped = whole;
    flipped[flipped.size() / 2] ^= 0x40;
    put_file(folder / "flipped", flipped);
    try {
      EXPECT_NE(read_all(folder / "flipped"), "") << "zstd without a checksum may decode to other bytes";
    } catch (const Error&) {
    }
  }
}

TEST(ByteSource, BombsHitTheCaps) {
  const TempFolder folder;
  const std::string zeros(20 << 20, 'a');
  put_file(folder / "bomb.gz", gzip(zeros));
  put_file(folder / "bomb.zst", zstd(zeros));
  for (const char* name : {"bomb.gz", "bomb.zst"}) {
    EXPECT_THROW(read_all(folder / name), Error) << name;  // ratio
    EXPECT_THROW(read_all(folder / name, {1e9, 1 << 20}), Error) << name;
    EXPECT_EQ(read_all(folder / name, {1e9, 1 << 30}).size(), zeros.size());
  }
}

TEST(ByteSource, RefusesWhatIsNoFile) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(ByteSource(folder / "pipe"), Error);  // and does not wait for a writer
  EXPECT_THROW(ByteSource(folder.path()), Error);
  EXPECT_THROW(ByteSource(folder / "missing"), Error);
}

TEST(Reader, TextUnits) {
  const TempFolder folder;
  put_file(folder / "a.txt", "one\ntwo\n\nthree\n \n\nfour");
  EXPECT_EQ(texts(source_at(folder / "a.txt")), Texts{"one\ntwo\n\nthree\n \n\nfour"});
  EXPECT_EQ(texts(source_at(folder / "a.txt", "line")), (Texts{"one", "two", "three", "four"}));
  EXPECT_EQ(texts(source_at(folder / "a.txt", "paragraph")), (Texts{"one\ntwo", "three", "four"}));
}

TEST(Reader, FoldersInOrderWithoutHiddenFilesAndLinks) {
  const TempFolder folder;
  put_file(folder / "b/2.txt.gz", gzip("second"));
  put_file(folder / "a.txt", "first");
  put_file(folder / "c.txt.zst", zstd("third"));
  put_file(folder / ".git/config", "no");
  put_file(folder / ".hidden", "no");
  fs::create_symlink("/etc/passwd", folder / "d.txt");
  fs::create_directory_symlink("/etc", folder / "e");
  EXPECT_EQ(texts(source_at(folder.path())), (Texts{"first", "second", "third"}));
}

TEST(Reader, JsonLines) {
  const TempFolder folder;
  put_file(
      folder / "a.jsonl",
      "\xEF\xBB\xBF{\"text\":\"one\\n\\u00e9\",\"n\":1}\r\n\n{\"text\":2}\n{\"x\":1}\n[1]\n{bad\n{\"text\":\"last\"}");
  const auto all = texts(source_at(folder / "a.jsonl"));
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0], "one\né");
  EXPECT_NE(all[1].find("neither a string nor a list"), std::string::npos);
  EXPECT_NE(all[2].find("no member 'text'"), std::string::npos);
  EXPECT_NE(all[3].find("no JSON object"), std::string::npos);
  EXPECT_EQ(all[4][0], '!');
  EXPECT_EQ(all[5], "last");
}

TEST(Reader, JsonArrays) {
  const TempFolder folder;
  const std::string objects[] = {R"({"text": ["a } \\", "b"], "n": {"text": 1}})", R"({"text": "\"[\u00e9"})"};
  put_file(folder / "a.json", "\xEF\xBB\xBF [\n " + objects[0] + ",\n" + objects[1] + "]\n");
  put_file(folder / "b.json.gz", gzip(objects[0] + "\n" + objects[1]));
  put_file(folder / "c.json", "[]");
  const Texts expected = {"a } \\\nb", "\"[é"};
  EXPECT_EQ(texts(source_at(folder / "a.json")), expected);
  EXPECT_EQ(texts(source_at(folder / "b.json.gz")), expected);
  EXPECT_EQ(texts(source_at(folder / "c.json")), Texts{});

  const auto problem = [&](const std::string& bytes, const ReadLimits& limits = {}) {
    put_file(folder / "bad.json", bytes);
    std::string all;
    for (const auto& text : texts(source_at(folder / "bad.json"), limits)) all += text + "\n";
    return all;
  };
  EXPECT_NE(problem("[" + objects[1] + ",").find("is the file cut?"), std::string::npos);
  EXPECT_NE(problem("[" + objects[1].substr(0, 9)).find("is the file cut?"), std::string::npos);
  EXPECT_NE(problem("[1, 2]").find("'1' behind 0 objects, expected an array of objects"), std::string::npos);
  EXPECT_NE(problem("\"text\"").find("expected an array of objects"), std::string::npos);
  EXPECT_NE(problem(R"([{"text": [1]}])").find("neither a string nor a list"), std::string::npos);
  EXPECT_NE(problem(R"([{"text": {"a": "b"]}])").find("!"), std::string::npos) << "brackets that do not match";
  ReadLimits limits;
  limits.max_record_bytes = 1024;
  const auto long_one = problem(R"([{"text": ")" + std::string(300000, 'x') + R"("}, {"text": "last"}])", limits);
  EXPECT_NE(long_one.find("max_record_bytes"), std::string::npos);
  EXPECT_NE(long_one.find("last"), std::string::npos);
}

TEST(Reader, CsvAndTsv) {
  const TempFolder folder;
  put_file(folder / "a.csv", "id,text\n1,\"two\nlines, \"\"quoted\"\"\"\n2,plain\n3\n");
  auto all = texts(source_at(folder / "a.csv"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0], "two\nlines, \"quoted\"");
  EXPECT_EQ(all[1], "plain");
  EXPECT_NE(all[2].find("1 cells"), std::string::npos);
  put_file(folder / "b.tsv.gz", gzip("label\ttext\n1\tan \"odd quote\n0\tnext\n"));
  EXPECT_EQ(texts(source_at(folder / "b.tsv.gz")), (Texts{"an \"odd quote", "next"}));
  SourceConfig wrong = source_at(folder / "a.csv");
  wrong.text = "txt";
  all = texts(wrong);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_NE(all[0].find("did you mean 'text'"), std::string::npos);
}

TEST(Reader, LongRecordsAreBoundedAndTheRestIsRead) {
  const TempFolder folder;
  ReadLimits limits;
  limits.max_record_bytes = 1024;
  const std::string big(300000, 'x');
  put_file(folder / "a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"" + big + "\"}\n{\"text\":\"b\"}\n");
  auto all = texts(source_at(folder / "a.jsonl"), limits);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0], "a");
  EXPECT_NE(all[1].find("max_record_bytes"), std::string::npos);
  EXPECT_EQ(all[2], "b");
  // A long text is cut at line ends, or between characters when it has none.
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "line " + std::to_string(i) + "\n";
  for (int i = 0; i < 2000; ++i) text += "é";
  put_file(folder / "b.txt", text);
  std::string joined;
  for (const auto& part : texts(source_at(folder / "b.txt"), limits)) {
    EXPECT_LE(part.size(), 1024u);
    EXPECT_NE(uint8_t(part[0]) & 0xC0, 0x80);
    joined += part;
  }
  EXPECT_EQ(joined, text);
}

TEST(Reader, BinaryFilesAndCutArchivesAreProblemsNotErrors) {
  const TempFolder folder;
  put_file(folder / "a.bin", std::string("MZ\0\0", 4));
  put_file(folder / "b.txt.gz", gzip(std::string(100000, 'b')).substr(0, 60));
  put_file(folder / "c.txt", "good");
  const auto all = texts(source_at(folder.path()));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_NE(all[0].find("binary"), std::string::npos);
  EXPECT_NE(all[1].find("ends too early"), std::string::npos);
  EXPECT_EQ(all[2], "good");
}

TEST(Reader, SaysWhatIsMissing) {
  const TempFolder folder;
  std::vector<SourceConfig> sources{source_at(folder / "nowhere")};
  EXPECT_THROW(list_inputs(sources), Error);
  sources = {source_at(folder.path())};
  EXPECT_THROW(list_inputs(sources), Error);  // empty folder
  sources = {source_at("dataset:lm-tinyshakespeare/../../etc/passwd")};
  EXPECT_THROW(list_inputs(sources), Error);
}

}  // namespace ingot
