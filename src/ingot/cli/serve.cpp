// ingot serve: a trained model behind OpenAI's completion API.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/clock.h"
#include "ingot/base/config.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/generator_model.h"
#include "ingot/server/server.h"

namespace ingot::cli {
namespace {

struct ServerFlags {
  std::string folder, config, host, name, device = "cpu", checkpoint = "best";
  int port = -1;
  std::vector<std::string> set;
};

ServerConfig read_settings(const ServerFlags& options) {
  Document document;
  document.origin = "--set";
  if (!options.config.empty()) document = read_toml(options.config);
  for (const auto& assignment : options.set) document.set(assignment);
  auto config = read_config<ServerConfig>(document, "");
  if (!options.host.empty()) config.http.host = options.host;
  if (options.port >= 0) config.http.port = options.port;
  return config;
}

int run_serve(const ServerFlags& options) {
  if (!fs::exists(options.folder))
    fail(ErrorKind::NotFound, "serve", options.folder,
         " does not exist, expected a run folder or a Hugging Face GPT-2 folder; `ingot runs` lists the runs");
  const double began = now_s();
  const auto settings = read_settings(options);
  Server server(settings, [&]() -> std::unique_ptr<TextModel> {
    auto model = load_generator_model(options.folder, options.device, options.checkpoint, options.name);
    log_info(fmt::format("model '{}' is ready after {}, context {} tokens", model->name(),
                         format_duration(now_s() - began), model->context_length()));
    return model;
  });
  const auto host = settings.http.host;
  fmt::print("listening on http://{}:{}\n", host.find(':') == std::string::npos ? host : "[" + host + "]",
             server.port());
  std::fflush(stdout);
  server.run(true);
  const auto totals = server.totals();
  log_info(
      fmt::format("served {} requests ({} failed, {} cancelled, {} turned away), {} prompt and {} completion tokens in "
                  "{:.1f} s of the model",
                  totals.requests, totals.failed, totals.cancelled, totals.rejected, totals.prompt_tokens,
                  totals.completion_tokens, totals.model_seconds));
  return 0;
}

}  // namespace

void add_serve(CLI::App& app) {
  auto* command = add_command(app, "serve", "Serve a model over HTTP in the form of OpenAI's completion API",
                              "ingot serve runs/demo\n"
                              "ingot serve ./gpt2 --port 0 --name gpt2\n"
                              "ingot serve runs/demo --set queue=100 --set http.max_body_bytes=65536\n"
                              "curl -s http://127.0.0.1:8080/v1/completions -H 'Content-Type: application/json' -d "
                              "'{\"model\": \"demo\", \"prompt\": \"The\"}'");
  auto options = std::make_shared<ServerFlags>();
  command->add_option("folder", options->folder, "run folder, or a folder with a Hugging Face GPT-2")->required();
  command->add_option("--host", options->host,
                      "address to listen on (default 127.0.0.1; 0.0.0.0 lets other machines in)");
  command->add_option("--port", options->port, "port (default 8080; 0 takes a free one and prints it)")
      ->check(CLI::Range(0, 65535));
  command->add_option("--name", options->name, "name of the model (default: that of the folder)");
  command->add_option("--device", options->device, "cpu, cuda or auto");
  command->add_option("--checkpoint", options->checkpoint, "of a run: best (default), latest, average or a step");
  command->add_option("--config", options->config, "TOML file with the settings of docs/serve.md");
  command->add_option("--set", options->set, "one setting, as in http.max_body_bytes=65536");
  on_run(command, [options] { return run_serve(*options); });
}

}  // namespace ingot::cli
