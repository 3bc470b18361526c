// Proof that a kill loses nothing: the same recipe trained once in peace and once killed with SIGKILL at random moments
// and resumed must end in the same bytes. Torch-free header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ingot/base/json.h"

namespace ingot {

struct VerifyResumeOptions {
  std::filesystem::path program;  // ingot itself
  std::string recipe;
  std::vector<std::string> overrides;  // --set of both runs
  std::filesystem::path folder;        // holds whole/ and killed/; must not exist
  int kills = 3;
  uint64_t seed = 0;  // of the moments
};

// {"identical", "kills": [{"after_s", "last_logged_step"}], "files": [{"name", "whole", "killed", "identical"}], ...}.
// Throws Internal with the trainer's exit code when a child fails by itself.
Json verify_resume(const VerifyResumeOptions& options);

}  // namespace ingot
