#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/engine/predictor.h"
#include "ingot/engine/run_registry.h"

namespace ingot::cli {

namespace {

struct PredictFlags {
  std::string run, checkpoint = "best", text, file, request, requests;
  bool json = false;
};

Json read_request(const std::string& text, const std::string& where) {
  try {
    return parse_json(text, where);
  } catch (const Error& e) {
    fail(ErrorKind::InvalidArgument, "predict", e.what(), R"(; a request is an object, as {"text": "a fine film"})");
  }
}

void print(const Json& answer, bool json) {
  if (json || !answer.is_object()) {
    fmt::print("{}\n", to_text(answer));
    return;
  }
  TextTable table({"field", "value"});
  for (const auto& [name, value] : answer.items())
    table.add({name, value.is_string()         ? value.get<std::string>()
                     : value.is_number_float() ? fmt::format("{:.4f}", value.get<double>())
                                               : to_text(value)});
  fmt::print("{}", table.to_string());
}

int answer_all(Predictor& predict, const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) fail(ErrorKind::NotFound, "predict", "cannot read ", path);
  }
  std::istream& lines = path == "-" ? std::cin : file;
  std::string line;
  for (int64_t number = 1; std::getline(lines, line); ++number) {
    if (line.empty()) continue;
    fmt::print("{}\n", to_text(predict(read_request(line, fmt::format("{}:{}", path, number)))));
  }
  return 0;
}

}  // namespace

void add_predict(CLI::App& app) {
  auto* command = add_command(app, "predict", "Answer requests with a trained run",
                              "ingot predict sst2 --text 'a fine film'\n"
                              "ingot predict fashion --file shirt.png --json\n"
                              "ingot predict reader --request '{\"question\": \"Who?\", \"context\": \"...\"}'\n"
                              "ingot predict sst2 --requests reviews.jsonl > answers.jsonl");
  auto o = std::make_shared<PredictFlags>();
  command->add_option("run", o->run, "run folder, id or name")->required();
  auto* kinds = command->add_option_group("request", "what to answer");
  kinds->add_option("--text", o->text, "short for the request {\"text\": ...}");
  kinds->add_option("--file", o->file, "short for the request {\"file\": ...}: an image, a sound");
  kinds->add_option("--request", o->request, "one request as JSON");
  kinds->add_option("--requests", o->requests, "a JSONL file of requests, - for standard input; answers as JSONL");
  kinds->require_option(1);
  command->add_option("--checkpoint", o->checkpoint, "best, latest, average or a step");
  command->add_flag("--json", o->json, "print JSON");
  on_run(command, [o] {
    Predictor predict(find_run(o->run).folder, o->checkpoint);
    if (!o->requests.empty()) return answer_all(predict, o->requests);
    const Json request = !o->request.empty() ? read_request(o->request, "--request")
                         : !o->file.empty()  ? Json{{"file", o->file}}
                                             : Json{{"text", o->text}};
    print(predict(request), o->json);
    return 0;
  });
}

}  // namespace ingot::cli
