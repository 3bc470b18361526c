// What is wrong with this machine for training, and the way out: the findings of `ingot doctor`. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ingot/engine/machine.h"

namespace ingot {

enum class Severity { Good, Note, Warning, Problem };
std::string_view to_string(Severity severity);

struct Finding {
  Severity severity = Severity::Note;
  std::string what;
  std::string remedy;  // empty when nothing is to be done
};

// What doctor looks at besides the machine itself.
struct Surroundings {
  int64_t available_memory_bytes = 0;
  int64_t free_disk_bytes = 0;  // where runs are written
  std::string disk_folder;
  bool home_writable = true;
  std::string home_folder;
  bool has_manual_pages = true;                                    // the demo's corpus
  std::vector<std::pair<std::string, std::string>> math_settings;  // OPENBLAS_CORETYPE=.. and its like, as set
};
Surroundings look_around();

// `single` and `all`: ceilings with one thread and with every core.
std::vector<Finding> diagnose(const Machine& machine, const Ceiling& single, const Ceiling& all,
                              const Surroundings& around);

}  // namespace ingot
