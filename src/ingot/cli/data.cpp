#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/env.h"
#include "ingot/base/progress.h"
#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/data/datasets.h"
#include "ingot/data/prepare.h"
#include "ingot/data/shards.h"

namespace ingot::cli {
namespace {

// One progress bar a stage, in MB.
StageProgress stage_progress() {
  struct State {
    std::string stage;
    std::unique_ptr<Progress> bar;
  };
  return
      [state = std::make_shared<State>()](std::string_view stage, int64_t done, int64_t total, std::string_view note) {
        if (state->stage != stage) {
          if (state->bar) state->bar->finish();
          state->stage = stage;
          state->bar = std::make_unique<Progress>(stage, total);
        }
        state->bar->update(done, note);
      };
}

std::string licence_lines(const Json& card) {
  std::string text;
  for (const auto& source : card["sources"])
    text += fmt::format("licence   {}: {}\n", source["name"].get<std::string>(), source["licence"].get<std::string>());
  return text;
}

void add_prepare(CLI::App& data) {
  struct Options {
    std::vector<std::string> sources, set;
    std::string recipe, out;
    bool force = false, json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(data, "prepare", "Clean, deduplicate, redact, split and tokenise text into shards",
                  "ingot data prepare manpages --out data/man\n"
                  "ingot data prepare corpus/ more.jsonl.zst --out data/mine --set data.tokenizer.vocab_size=8000\n"
                  "ingot data prepare dataset:lm-tinyshakespeare --out data/shakespeare --set data.verbatim=true "
                  "--set data.split=tail --set data.validation=0.1 --set data.tokenizer.kind=char\n"
                  "ingot data prepare --recipe recipes/gpt/demo.toml --out data/demo");
  command->add_option("sources", options->sources,
                      "Files, folders, dataset:NAME or manpages; replace the recipe's sources");
  command->add_option("--out", options->out, "Folder to make")->required();
  command->add_option("--recipe", options->recipe, "TOML file with a [data] section");
  command->add_option("--set", options->set, "Change one setting, as in data.dedup.near=false");
  command->add_flag("--force", options->force, "Replace a folder that was prepared with another configuration");
  command->add_flag("--json", options->json, "Print the data card as JSON");
  on_run(command, [options] {
    Document document;
    if (!options->recipe.empty()) document = read_toml(options->recipe);
    for (const auto& assignment : options->set) document.set(assignment);
    if (options->recipe.empty()) check_sections(document, {"data"});
    DataConfig config = read_config<DataConfig>(document, "data");
    if (!options->sources.empty()) {
      // A recipe's or --set's first source gives format, text and unit for all.
      const SourceConfig pattern = config.source.front();
      config.source.clear();
      for (const auto& path : options->sources) {
        SourceConfig source = pattern;
        source.path = path;
        source.name = source.licence = "";
        config.source.push_back(source);
      }
    }
    const auto result = prepare_data(config, options->out, {options->force, stage_progress()});
    if (options->json) {
      fmt::print("{}\n", to_text(result.card, 2));
      return 0;
    }
    if (result.was_ready) fmt::print("{} is ready: same files, same configuration; nothing to do\n", options->out);
    const Json& card = result.card;
    const auto n = [](const Json& value) { return grouped(value.get<long long>()); };
    fmt::print("kept      {} of {} documents, {} of {}\n", n(card["kept"]), n(card["records"]),
               human_bytes(card["bytes_kept"].get<double>()), human_bytes(card["bytes_in"].get<double>()));
    for (const auto& [rule, count] : card["dropped"].items()) fmt::print("dropped   {}: {}\n", rule, n(count));
    if (card["bad"] != 0) fmt::print("bad       {}, see {}/quarantine.jsonl\n", n(card["bad"]), options->out);
    for (const auto& [kind, count] : card["pii"].items())
      if (count != 0) fmt::print("redacted  {}: {}\n", kind, n(count));
    for (const auto& [name, split] : card["splits"].items())
      fmt::print("{:<10} {} tokens in {} documents\n", name, n(split["tokens"]), n(split["documents"]));
    fmt::print("{}data card {}/card.md\n", licence_lines(card), options->out);
    return 0;
  });
}

void add_stats(CLI::App& data) {
  struct Options {
    std::string folder;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(data, "stats", "Count documents, tokens, lengths and scripts of prepared data",
                                  "ingot data stats data/man\ningot data stats data/man --json");
  command->add_option("folder", options->folder, "A folder made by `ingot data prepare`")->required();
  command->add_flag("--json", options->json, "Print JSON");
  on_run(command, [options] {
    const Json stats = data_stats(options->folder);
    if (options->json) {
      fmt::print("{}\n", to_text(stats, 2));
      return 0;
    }
    const auto n = [](const Json& value) { return grouped(value.get<long long>()); };
    fmt::print("identity {}\nvocabulary {}\n\n", stats["identity"].get<std::string>(), n(stats["vocab_size"]));
    TextTable splits({"split", "documents", "bytes", "tokens", "mean", "median", "longest"});
    for (const auto& [name, s] : stats["splits"].items())
      splits.add({name, n(s["documents"]), n(s["bytes"]), n(s["tokens"]),
                  fmt::format("{:.1f}", s["mean_tokens"].get<double>()), n(s["median_tokens"]), n(s["max_tokens"])});
    fmt::print("{}\n", splits.to_string());
    for (const auto& [name, s] : stats["splits"].items()) {
      int64_t most = 1;
      for (const auto& bin : s["histogram"]) most = std::max(most, bin["documents"].get<int64_t>());
      TextTable histogram({"tokens, " + name, "documents", ""});
      for (const auto& bin : s["histogram"])
        histogram.add({fmt::format("{}-{}", bin["from"].get<int64_t>(), bin["to"].get<int64_t>()), n(bin["documents"]),
                       std::string(size_t(40 * bin["documents"].get<int64_t>() / most), '#')});
      fmt::print("{}\n", histogram.to_string());
    }
    double letters = 0;
    for (const auto& [script, count] : stats["scripts"].items()) letters += count.get<double>();
    TextTable scripts({"script", "letters", "share %"});
    for (const auto& [script, count] : stats["scripts"].items())
      scripts.add({script, n(count), fmt::format("{:.2f}", 100 * count.get<double>() / letters)});
    fmt::print("{}", scripts.to_string());
    return 0;
  });
}

void add_verify(CLI::App& data) {
  struct Options {
    std::string folder;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(data, "verify", "Check every checksum, boundary and token id of prepared data",
                                  "ingot data verify data/man");
  command->add_option("folder", options->folder, "A folder made by `ingot data prepare`")->required();
  command->add_flag("--json", options->json, "Print JSON");
  on_run(command, [options] {
    const Problems problems = verify_data(options->folder);
    if (options->json) {
      fmt::print("{}\n",
                 to_text(Json{{"folder", options->folder}, {"whole", problems.empty()}, {"problems", problems}}, 2));
      return problems.empty() ? 0 : exit_code(ErrorKind::InvalidArgument);
    }
    throw_if_any("data", problems);
    fmt::print("{} is whole\n", options->folder);
    return 0;
  });
}

void list_datasets(bool json) {
  Json list = Json::array();
  TextTable table({"name", "size", "from", "task", "licence"});
  const auto mirror = data_mirror();
  for (const auto& set : datasets()) {
    std::error_code ignored;
    std::string from = set.files.empty() ? "mirror only" : "download";
    if (mirror && fs::is_directory(*mirror / set.name, ignored))
      from = "here (mirror)";
    else if (fs::is_directory(home_folder() / "datasets" / set.name, ignored))
      from = "here";
    list.push_back({{"name", set.name},
                    {"bytes", set.bytes},
                    {"files", set.num_files},
                    {"from", from},
                    {"task", set.task},
                    {"licence", set.licence},
                    {"source", set.source}});
    // Whole texts are in --json; the terminal gets their beginning.
    const auto cut = [](const std::string& text, size_t width) {
      return text.size() <= width ? text : text.substr(0, width - 3) + "...";
    };
    table.add({set.name, human_bytes(double(set.bytes)), from, cut(set.task, 40), cut(set.licence, 40)});
  }
  if (json)
    fmt::print("{}\n", to_text(list, 2));
  else
    fmt::print("{}", table.to_string());
}

void add_get(CLI::App& data) {
  struct Options {
    std::string name;
    bool list = false, json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(data, "get", "Get a public data set: from the mirror in INGOT_DATA, else by download",
                                  "ingot data get --list\ningot data get lm-tinyshakespeare");
  command->add_option("name", options->name, "Name of the set");
  command->add_flag("--list", options->list, "List the sets with size, origin and licence");
  command->add_flag("--json", options->json, "Print JSON");
  on_run(command, [options] {
    if (options->list || options->name.empty()) {
      require("data", options->list, "no data set is named; `ingot data get --list` shows them");
      list_datasets(options->json);
      return 0;
    }
    const Dataset& set = find_catalogued(options->name);
    if (!options->json) fmt::print("{}\nlicence   {}\nsource    {}\n", set.name, set.licence, set.source);
    std::fflush(stdout);
    std::unique_ptr<Progress> bar;
    std::string current;
    const auto result = get_dataset(options->name, [&](const std::string& file, int64_t done, int64_t total) {
      if (current != file) {
        if (bar) bar->finish();
        bar = std::make_unique<Progress>(current = file, total);
      }
      bar->update(done);
    });
    if (bar) bar->finish();
    if (options->json)
      fmt::print("{}\n", to_text(Json{{"name", set.name},
                                      {"folder", result.folder.string()},
                                      {"downloaded", result.downloaded},
                                      {"licence", set.licence}},
                                 2));
    else
      fmt::print("{}    {}\n", result.downloaded ? "stored" : "is at ", result.folder.string());
    return 0;
  });
}

}  // namespace

void add_data(CLI::App& app) {
  CLI::App* data =
      add_command(app, "data", "Prepare, inspect, verify and get training data",
                  "ingot data prepare manpages --out data/man\ningot data stats data/man\ningot data get --list");
  data->require_subcommand(1);
  add_prepare(*data);
  add_stats(*data);
  add_verify(*data);
  add_get(*data);
}

}  // namespace ingot::cli
