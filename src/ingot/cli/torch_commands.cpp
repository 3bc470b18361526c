#include "ingot/cli/commands.h"

namespace ingot::cli {

// Each in its own file, sorted by name.
void add_doctor(CLI::App& app);

void add_torch_commands(CLI::App& app) {  // one line a command
  add_doctor(app);
}

}  // namespace ingot::cli
