#include "ingot/engine/verify_resume.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/file.h"
#include "ingot/cli/commands.h"

namespace ingot::cli {

void add_verify_resume(CLI::App& app) {
  struct Options : VerifyResumeOptions {
    std::string folder_text = "runs/verify-resume";
    bool json = false;
  };
  auto* command =
      add_command(app, "verify-resume", "Kill a training run at random moments and prove that nothing is lost",
                  "ingot verify-resume recipes/gpt/tiny.toml --set train.steps=60\n"
                  "ingot verify-resume recipes/gpt/tiny.toml --kills 10 --seed 7 --json");
  auto o = std::make_shared<Options>();
  command->add_option("recipe", o->recipe, "TOML recipe")->required();
  command->add_option("--set", o->overrides, "change a key of the recipe: section.key=value")->allow_extra_args(false);
  command->add_option("--kills", o->kills, "how often the run is killed with SIGKILL");
  command->add_option("--seed", o->seed, "of the moments");
  command->add_option("--folder", o->folder_text, "a new folder for the two runs");
  command->add_flag("--json", o->json, "print the certificate as JSON");
  on_run(command, [o] {
    o->program = fs::read_symlink("/proc/self/exe");
    o->folder = o->folder_text;
    const Json result = verify_resume(*o);
    const bool identical = result["identical"];
    if (o->json) {
      fmt::print("{}\n", to_text(result, 2));
      return identical ? 0 : 70;
    }
    fmt::print("resume certificate, ingot {}, {}\n", result["ingot"].get<std::string>(),
               result["date"].get<std::string>());
    fmt::print("recipe {}, {} steps\n", result["recipe"].get<std::string>(), result["step"].get<int64_t>());
    for (const auto& kill : result["kills"])
      fmt::print("  killed with SIGKILL after {:.2f} s, last logged step {}\n", kill["after_s"].get<double>(),
                 kill["last_logged_step"].get<int64_t>());
    for (const auto& file : result["files"])
      fmt::print("  {}  {}\n    uninterrupted {}\n    killed        {}\n",
                 file["identical"].get<bool>() ? "same" : "DIFFERS", file["name"].get<std::string>(),
                 file["whole"].get<std::string>(), file["killed"].get<std::string>());
    fmt::print("{}\n", identical ? "identical, bit for bit" : "NOT identical");
    return identical ? 0 : 70;
  });
}

}  // namespace ingot::cli
