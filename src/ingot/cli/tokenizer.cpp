#include "ingot/data/tokenizer.h"

#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/clock.h"
#include "ingot/base/env.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/json.h"
#include "ingot/base/progress.h"
#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/data/bpe.h"
#include "ingot/data/tokenizer_parts.h"
#include "ingot/data/tokenizer_train.h"

namespace ingot::cli {
namespace {

std::string stdin_bytes() {
  std::string bytes;
  for (size_t size = 0, got = 1; got > 0; size += got) {
    bytes.resize(size + (size_t{1} << 16));
    got = std::fread(bytes.data() + size, 1, bytes.size() - size, stdin);
    bytes.resize(size + got);
  }
  return bytes;
}

// All regular files under `paths`, sorted, so that the order is the same everywhere.
std::vector<fs::path> text_files(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const auto& path : paths) {
    if (!fs::exists(path))
      fail(ErrorKind::NotFound, "tokenizer", path, " does not exist, expected a text file or folder");
    if (!fs::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin() + ptrdiff_t(before), files.end());
  }
  require("tokenizer", !files.empty(), "the given folders hold no file, expected at least one text file");
  return files;
}

// Parts of about a megabyte that end at a line's end.
class FileTexts {
 public:
  explicit FileTexts(std::vector<fs::path> files) : files_(std::move(files)) {
    for (const auto& file : files_) total_ += int64_t(fs::file_size(file));
  }
  bool operator()(std::string& text) {
    while (begin_ >= file_.size()) {
      if (at_ == files_.size()) return false;
      file_ = MappedFile(files_[at_++]);
      begin_ = 0;
    }
    size_t end = std::min(begin_ + (size_t{1} << 20), file_.size());
    if (end < file_.size())
      if (const size_t line = file_.text().rfind('\n', end); line != std::string_view::npos && line > begin_)
        end = line + 1;
    text.assign(file_.text().substr(begin_, end - begin_));
    begin_ = end;
    return true;
  }
  int64_t total() const { return total_; }

 private:
  std::vector<fs::path> files_;
  MappedFile file_;
  size_t at_ = 0, begin_ = 0;
  int64_t total_ = 0;
};

Json info(const Tokenizer& tokenizer) {
  Json control = Json::array();
  for (const auto& token : tokenizer.added_tokens()) control.push_back({{"text", token.text}, {"id", token.id}});
  Json out = {{"kind", tokenizer.kind()}, {"vocab_size", tokenizer.vocab_size()}};
  if (const auto* bpe = dynamic_cast<const Bpe*>(&tokenizer)) out["merges"] = bpe->parts().merges.size();
  out["end_of_text"] = tokenizer.end_of_text() ? Json(*tokenizer.end_of_text()) : Json();
  out["added_tokens"] = control;
  return out;
}

void print_info(const Json& values) {
  TextTable table({"what", "value"});
  for (const auto& [name, value] : values.items())
    if (!value.is_array())
      table.add({name, value.is_string()         ? value.get<std::string>()
                       : value.is_number_float() ? fmt::format("{:.2f}", value.get<double>())
                                                 : to_text(value)});
  fmt::print("{}", table.to_string());
  for (const auto& token : values["added_tokens"])
    fmt::print("added {} {}\n", token["id"].get<int64_t>(), token["text"].get<std::string>());
}

void add_train(CLI::App& parent) {
  auto* command = add_command(parent, "train", "learn a vocabulary from text files",
                              "ingot tokenizer train corpus.txt --vocab-size 16000 --out tok\n"
                              "ingot tokenizer train texts/ --kind wordpiece --lowercase --out tok-bert\n"
                              "ingot tokenizer train input.txt --kind char --out tok-char");
  struct Options {
    TokenizerTrainConfig config;
    std::vector<std::string> files, special;
    std::string out;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto& config = options->config;
  command->add_option("files", options->files, "text files, or folders of them")->required();
  command->add_option("--out", options->out, "folder for tokenizer.json")->required();
  command->add_option("--kind", config.kind, "bpe, wordpiece, sentencepiece, char or word")->capture_default_str();
  command->add_option("--vocab-size", config.vocab_size, "tokens at most")->capture_default_str();
  command->add_option("--min-frequency", config.min_frequency, "seen less often: not learned")->capture_default_str();
  command->add_option("--special", options->special, "control tokens, instead of the kind's own");
  command->add_option("--pattern", config.pattern, "bpe: gpt2, cl100k, o200k or a regular expression")
      ->capture_default_str();
  command->add_flag("--lowercase", config.lowercase, "wordpiece and word: uncased");
  command->add_option("--threads", config.threads, "0: all cores")->capture_default_str();
  command->add_flag("--json", options->json, "print the result as JSON");
  on_run(command, [options] {
    if (!options->special.empty()) options->config.special_tokens = options->special;
    throw_if_any("tokenizer", options->config.validate());
    auto texts = std::make_shared<FileTexts>(text_files(options->files));
    const double start = now_s();
    const double start_cpu = cpu_time_s();
    std::unique_ptr<Progress> bar;
    std::string shown;
    const auto tokenizer = train_tokenizer(
        options->config, [texts](std::string& text) { return (*texts)(text); },
        [&](std::string_view stage, int64_t done, int64_t total) {
          if (stage != shown) {
            if (bar) bar->finish();
            bar = std::make_unique<Progress>(stage, total ? total : texts->total());
            shown = stage;
          }
          bar->update(done);
        });
    if (bar) bar->finish();
    tokenizer->save(options->out);
    Json result = info(*tokenizer);
    result["bytes"] = texts->total();
    result["seconds"] = now_s() - start;
    result["cpu_seconds"] = cpu_time_s() - start_cpu;
    result["out"] = options->out;
    if (options->json)
      fmt::print("{}\n", to_text(result, 2));
    else
      print_info(result);
    return 0;
  });
}

void add_encode(CLI::App& parent) {
  auto* command = add_command(parent, "encode", "turn text into token ids",
                              "ingot tokenizer encode tok --text \"hello world\"\n"
                              "ingot tokenizer encode tok --json < file.txt");
  struct Options {
    std::string tokenizer, text;
    bool json = false, special = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("tokenizer", options->tokenizer, "tokenizer file or folder")->required();
  auto* text = command->add_option("--text", options->text, "the text; without it, standard input");
  command->add_flag("--special", options->special, "turn the text of control tokens into their ids");
  command->add_flag("--json", options->json, "one JSON object with ids, tokens, bytes and cpu_seconds");
  on_run(command, [options, text] {
    const auto tokenizer = load_tokenizer(options->tokenizer);
    const std::string input = text->count() ? options->text : stdin_bytes();
    std::vector<int32_t> ids;
    const double start = thread_time_s();
    options->special ? tokenizer->encode_with_special(input, ids) : tokenizer->encode(input, ids);
    const double seconds = thread_time_s() - start;
    if (!options->json) {
      fmt::print("{}\n", fmt::join(ids, " "));
      return 0;
    }
    Json tokens = Json::array();
    if (ids.size() <= 1000)
      for (const int32_t id : ids) tokens.push_back(tokenizer->token_bytes(id));
    // The ids as text: a Json of each would take longer than encoding.
    fmt::print("{{\"ids\":[{}],\"tokens\":{},\"bytes\":{},\"cpu_seconds\":{}}}\n", fmt::join(ids, ","), to_text(tokens),
               input.size(), seconds);
    return 0;
  });
}

void add_decode(CLI::App& parent) {
  auto* command = add_command(parent, "decode", "turn token ids into text",
                              "ingot tokenizer decode tok 31373 995\n"
                              "ingot tokenizer encode tok --text hello | ingot tokenizer decode tok");
  struct Options {
    std::string tokenizer;
    std::vector<int32_t> ids;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("tokenizer", options->tokenizer, "tokenizer file or folder")->required();
  command->add_option("ids", options->ids, "token ids; without them, standard input");
  command->add_flag("--json", options->json, "print the text as a JSON string (invalid UTF-8 becomes U+FFFD)");
  on_run(command, [options] {
    const auto tokenizer = load_tokenizer(options->tokenizer);
    auto ids = options->ids;
    if (ids.empty()) {
      int64_t id = 0;
      while (std::cin >> id) {
        require("tokenizer", std::in_range<int32_t>(id), "token id is ", id, ", expected below ",
                tokenizer->vocab_size());
        ids.push_back(int32_t(id));
      }
      require("tokenizer", std::cin.eof(), "standard input holds something that is no number behind ", ids.size(),
              " ids, expected ids with white space between");
    }
    const std::string text = tokenizer->decode(ids);
    if (options->json)
      fmt::print("{}\n", to_text({{"text", text}, {"ids", ids.size()}}));
    else
      std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  });
}

void add_info(CLI::App& parent) {
  auto* command = add_command(parent, "info", "say what a tokenizer is, or write it in another form",
                              "ingot tokenizer info tok\n"
                              "ingot tokenizer info cl100k_base.tiktoken --json\n"
                              "ingot tokenizer info gpt2/encoder.json --write tok --form tokenizer.json");
  struct Options {
    std::string tokenizer, write, form = "tokenizer.json";
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("tokenizer", options->tokenizer, "tokenizer file or folder")->required();
  command->add_option("--write", options->write, "folder to write the tokenizer into");
  command->add_option("--form", options->form, "tokenizer.json, gpt2 (vocab.json, merges.txt) or tiktoken")
      ->capture_default_str()
      ->check(CLI::IsMember({"tokenizer.json", "gpt2", "tiktoken"}));
  command->add_flag("--json", options->json, "print as JSON");
  on_run(command, [options] {
    const auto tokenizer = load_tokenizer(options->tokenizer);
    const Json values = info(*tokenizer);
    if (options->json)
      fmt::print("{}\n", to_text(values, 2));
    else
      print_info(values);
    if (options->write.empty()) return 0;
    const auto* bpe = dynamic_cast<const Bpe*>(tokenizer.get());
    require("tokenizer", bpe || options->form == "tokenizer.json", "form is ", options->form, ", expected ",
            "tokenizer.json: only a bpe has the other forms");
    if (options->form == "tokenizer.json")
      tokenizer->save(options->write);
    else if (options->form == "gpt2")
      write_gpt2_files(bpe->parts(), options->write);
    else
      write_tiktoken(bpe->parts(), fs::path(options->write) / "tokenizer.tiktoken");
    return 0;
  });
}

}  // namespace

void add_tokenizer(CLI::App& app) {
  auto* command = add_command(app, "tokenizer", "train and use tokenizers",
                              "ingot tokenizer train corpus.txt --vocab-size 16000 --out tok\n"
                              "ingot tokenizer encode tok --text \"hello world\"");
  command->require_subcommand(1);
  add_train(*command);
  add_encode(*command);
  add_decode(*command);
  add_info(*command);
}

}  // namespace ingot::cli
