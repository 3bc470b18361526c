// ingot doctor: what this machine has, what it can do at best, and what is wrong with it.
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/json.h"
#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/engine/diagnosis.h"
#include "ingot/engine/machine.h"

namespace ingot::cli {
namespace {

struct DoctorFlags {
  bool json = false, again = false;
};

int run_doctor(const DoctorFlags& options) {
  const auto machine = describe_machine();
  std::vector<Ceiling> ceilings = {measured_ceiling(1, "cpu", options.again)};
  if (machine.cores > 1) ceilings.push_back(measured_ceiling(machine.cores, "cpu", options.again));
  if (!machine.gpu.empty()) ceilings.push_back(measured_ceiling(machine.cores, "cuda", options.again));
  const auto& all = ceilings[machine.cores > 1 ? 1 : 0];
  const auto around = look_around();
  const auto findings = diagnose(machine, ceilings[0], all, around);
  bool broken = false;
  for (const auto& finding : findings) broken |= finding.severity == Severity::Problem;

  if (options.json) {
    Json out = {{"machine", to_json(machine)}, {"ceilings", Json::array()}, {"findings", Json::array()}};
    out["machine"]["available_memory_bytes"] = around.available_memory_bytes;
    out["machine"]["free_disk_bytes"] = around.free_disk_bytes;
    for (const auto& ceiling : ceilings) out["ceilings"].push_back(to_json(ceiling));
    for (const auto& finding : findings)
      out["findings"].push_back(
          {{"severity", to_string(finding.severity)}, {"what", finding.what}, {"remedy", finding.remedy}});
    fmt::print("{}\n", to_text(out, 2));
    return broken;
  }
  const auto line = [](const char* name, const std::string& value) { fmt::print("{:<10}{}\n", name, value); };
  line("cpu", fmt::format("{}, {} core{}", machine.cpu, machine.cores, machine.cores == 1 ? "" : "s"));
  line("simd", machine.simd);
  line("memory",
       human_bytes(double(machine.memory_bytes)) + ", " + human_bytes(double(around.available_memory_bytes)) + " free");
  line("disk", human_bytes(double(around.free_disk_bytes)) + " free in " + around.disk_folder);
  line("torch", "LibTorch " + machine.torch);
  line("blas", machine.blas);
  line("gpu", machine.gpu.empty() ? "none" : machine.gpu);
  fmt::print("\nCeilings, measured:\n");
  TextTable table({"device", "threads", "fp32 GFLOP/s", "bf16 GFLOP/s", "read GB/s", "measured"});
  for (const auto& c : ceilings)
    table.add({c.device, std::to_string(c.threads), fmt::format("{:.1f}", c.gflops_fp32),
               fmt::format("{:.1f}", c.gflops_bf16), fmt::format("{:.1f}", c.read_gb_per_s), c.measured});
  fmt::print("{}\n", table.to_string());
  for (const auto& finding : findings) {
    fmt::print("{:<9}{}\n", to_string(finding.severity), finding.what);
    if (!finding.remedy.empty()) fmt::print("{:<9}-> {}\n", "", finding.remedy);
  }
  return broken;
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto* command = add_command(app, "doctor", "What this machine has, its measured ceilings, and what is wrong with it",
                              "ingot doctor\n"
                              "ingot doctor --again --json");
  auto options = std::make_shared<DoctorFlags>();
  command->add_flag("--json", options->json, "print one JSON document");
  command->add_flag("--again", options->again, "measure the ceilings anew instead of using those of an earlier day");
  on_run(command, [options] { return run_doctor(*options); });
}

}  // namespace ingot::cli
