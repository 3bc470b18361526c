#include "ingot/base/env.h"

#include <cstdlib>

#include <unistd.h>

namespace ingot {
namespace {
std::string get(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
}  // namespace

std::optional<std::filesystem::path> data_mirror() {
  const auto folder = get("INGOT_DATA");
  return folder.empty() ? std::nullopt : std::optional<std::filesystem::path>(folder);
}

std::filesystem::path home_folder() {
  if (const auto folder = get("INGOT_HOME"); !folder.empty()) return folder;
  if (const auto folder = get("XDG_DATA_HOME"); !folder.empty()) return std::filesystem::path(folder) / "ingot";
  const auto home = get("HOME");
  return std::filesystem::path(home.empty() ? "." : home) / ".local/share/ingot";
}

std::pair<int, int> launched_rank() {
  for (const auto& [rank, size] : {std::pair{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   {"PMI_RANK", "PMI_SIZE"},
                                   {"SLURM_PROCID", "SLURM_NTASKS"}})
    if (const int n = std::atoi(get(size).c_str()); n > 1) return {std::atoi(get(rank).c_str()), n};
  return {0, 1};
}

bool is_terminal() { return ::isatty(STDERR_FILENO) != 0 && get("TERM") != "dumb"; }
bool use_color() { return is_terminal() && get("NO_COLOR").empty(); }

std::vector<std::pair<std::string, std::string>> math_settings() {
  std::vector<std::pair<std::string, std::string>> set;
  for (const char* name : {"MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS"})
    if (const auto value = get(name); !value.empty()) set.emplace_back(name, value);
  return set;
}

}  // namespace ingot
