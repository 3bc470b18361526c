#include "ingot/engine/diagnosis.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "ingot/base/env.h"
#include "ingot/base/text_table.h"

namespace ingot {
namespace {

constexpr double kGiB = double(1 << 30);

bool has(const Machine& machine, const std::string& feature) {
  return (" " + machine.simd + " ").find(" " + feature + " ") != std::string::npos;
}

int64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (int64_t kib; file >> name >> kib; std::getline(file, unit))
    if (name == "MemAvailable:") return kib << 10;
  return 0;
}

// Whether a folder that may not exist yet could be made and written to.
bool can_write(std::filesystem::path folder) {
  std::error_code ignored;
  while (!std::filesystem::exists(folder, ignored) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  return ::access(folder.c_str(), W_OK) == 0;
}

}  // namespace

std::string_view to_string(Severity severity) {
  constexpr std::string_view kNames[] = {"good", "note", "warning", "problem"};
  return kNames[size_t(severity)];
}

Surroundings look_around() {
  Surroundings around;
  std::error_code ignored;
  const auto here = std::filesystem::current_path(ignored);
  around.disk_folder = here.string();
  const auto space = std::filesystem::space(here, ignored);
  if (!ignored) around.free_disk_bytes = int64_t(space.available);
  around.available_memory_bytes = available_memory();
  around.home_folder = home_folder().string();
  around.home_writable = can_write(home_folder());
  around.has_manual_pages = std::filesystem::exists("/usr/share/man/man2/open.2.gz", ignored);
  around.math_settings = math_settings();
  return around;
}

std::vector<Finding> diagnose(const Machine& machine, const Ceiling& single, const Ceiling& all,
                              const Surroundings& around) {
  std::vector<Finding> findings;
  const auto add = [&](Severity severity, std::string what, std::string remedy = "") {
    findings.push_back({severity, std::move(what), std::move(remedy)});
  };

  const bool arm = has(machine, "asimd");
  if (!arm && !has(machine, "avx2"))
    add(Severity::Warning,
        "the CPU has no AVX2: training is several times slower than on a machine of the last ten years",
        "use another machine, or the smallest recipes");
  const double bf16_gain = all.gflops_fp32 > 0 ? all.gflops_bf16 / all.gflops_fp32 : 0;
  if (bf16_gain > 1.2)
    add(Severity::Good, fmt::format("bf16 matrix products are {:.1f} times as fast as fp32", bf16_gain),
        "train with [train] precision = \"auto\" or \"bf16\" where the loss agrees");
  else
    add(Severity::Note,
        fmt::format(
            "bf16 is no faster than fp32 here ({:.1f} times): the CPU has no bf16 units, or LibTorch does not use them",
            bf16_gain),
        "keep fp32");
  if (machine.blas.find("slow") != std::string::npos)
    add(Severity::Problem,
        "matrix products outside oneDNN go through the reference BLAS, many times slower than OpenBLAS",
        "apt-get install libopenblas0-pthread");

  if (machine.cores == 1) {
    add(Severity::Note, "this process may use one core only",
        "check the affinity mask and the container's CPU limit, or expect half the speed of the docs");
  } else if (single.gflops_fp32 > 0) {
    const double gain = all.gflops_fp32 / single.gflops_fp32;
    if (gain < 0.6 * machine.cores)
      add(Severity::Note,
          fmt::format("{} cores multiply only {:.1f} times as fast as one: hyper-threads, or other work on the machine",
                      machine.cores, gain),
          "for steady timings, stop what else runs; `[train] threads = 1` costs little here");
  }
  for (const auto& [name, value] : around.math_settings) {
    if (name == "OPENBLAS_CORETYPE")
      add(Severity::Warning,
          "OPENBLAS_CORETYPE is " + value + ": OpenBLAS uses the kernels of that processor instead of this one's",
          "unset it, unless this OpenBLAS is known to compute wrong results here without it");
    else if (value == "1" && machine.cores > 1)
      add(Severity::Note,
          name + " is 1: other programs that share this shell run on one core; Ingot sets its threads itself",
          "unset " + name);
  }

  if (double(machine.memory_bytes) < 3.5 * kGiB)
    add(Severity::Warning,
        "memory is " + human_bytes(double(machine.memory_bytes)) + ", expected 4 GiB or more for the demo",
        "lower [train] batch_size, or use a larger machine");
  else if (double(around.available_memory_bytes) < 2 * kGiB)
    add(Severity::Warning, "only " + human_bytes(double(around.available_memory_bytes)) + " of memory are free",
        "stop other programs");
  if (double(around.free_disk_bytes) < 1 * kGiB)
    add(Severity::Problem,
        human_bytes(double(around.free_disk_bytes)) + " of disk are free in " + around.disk_folder +
            ", expected 1 GiB or more: checkpoints will fail",
        "free some space, or write runs elsewhere with --out");
  else if (double(around.free_disk_bytes) < 5 * kGiB)
    add(Severity::Warning,
        human_bytes(double(around.free_disk_bytes)) + " of disk are free in " + around.disk_folder +
            ", little for more than small runs",
        "keep fewer checkpoints: [checkpoint] keep = 1");
  if (!around.home_writable)
    add(Severity::Problem, "cannot write to " + around.home_folder + ", where downloads and the run registry are kept",
        "set INGOT_HOME to a folder of yours");
  if (!around.has_manual_pages)
    add(Severity::Warning, "the Linux manual pages, the demo's text, are not installed",
        "apt-get install manpages manpages-dev (slim containers also drop /usr/share/man: see /etc/dpkg/dpkg.cfg.d)");

  if (machine.gpu.empty())
    add(Severity::Note, "LibTorch sees no GPU; Debian's build has CPU kernels only",
        "for a GPU, configure with the preset `gpu` against a CUDA LibTorch");
  return findings;
}

}  // namespace ingot
