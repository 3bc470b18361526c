#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/interop/hugging_face.h"
#include "ingot/interop/plain_export.h"

namespace ingot::cli {

void add_export(CLI::App& app) {
  struct Options {
    std::string run, out, to = "hf", checkpoint = "best";
    bool json = false;
  };
  auto* command = add_command(app, "export", "Write a trained model in another program's format",
                              "ingot export runs/shakespeare shakespeare-hf\n"
                              "ingot export runs/shakespeare shakespeare-hf --to hf --checkpoint latest\n"
                              "ingot export runs/cells cells --to plain");
  auto options = std::make_shared<Options>();
  command->add_option("run", options->run, "run folder")->required();
  command->add_option("out", options->out, "folder to write; must not exist")->required();
  command
      ->add_option(
          "--to", options->to,
          "hf: Hugging Face (config.json, model.safetensors, tokenizer.json); plain: any family under its own names")
      ->check(CLI::IsMember({"hf", "plain"}));
  command->add_option("--checkpoint", options->checkpoint, "best, latest, average or a step (default best)");
  command->add_flag("--json", options->json, "print one JSON object");
  on_run(command, [options] {
    const auto summary = options->to == "plain" ? export_plain(options->run, options->out, options->checkpoint)
                                                : export_hugging_face(options->run, options->out, options->checkpoint);
    if (options->json) {
      fmt::print("{}\n", to_text(summary, 2));
      return 0;
    }
    fmt::print("wrote {} ({}, {} parameters)\n", options->out, summary["architecture"].get<std::string>(),
               summary["parameters"].get<int64_t>());
    for (const auto& file : summary["files"])
      fmt::print("  {:<20} {:>12} bytes  sha256 {:.12}...\n", file["file"].get<std::string>(),
                 file["bytes"].get<int64_t>(), file["sha256"].get<std::string>());
    return 0;
  });
}

}  // namespace ingot::cli
