// Every run that trained on this machine: a SQLite table in home_folder()/runs.db. Run folders stay the truth; the
// registry finds them again.
#pragma once

#include <string>
#include <vector>

#include "ingot/base/file.h"
#include "ingot/base/json.h"

namespace ingot {

struct RegisteredRun {
  std::string id;
  fs::path folder;
  Json record;  // run.json, as the folder has it now, else as registered; status "interrupted" when its trainer is gone
};

void register_run(const fs::path& run_folder, const Json& record);
std::vector<RegisteredRun> registered_runs();  // newest first

// By run folder, id, the beginning of an id, or name (the newest of that name). Throws NotFound with what there is.
RegisteredRun find_run(const std::string& text);

}  // namespace ingot
