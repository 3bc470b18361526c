#include "ingot/cli/commands.h"

namespace ingot::cli {

void add_torch_commands(CLI::App&) {}

}  // namespace ingot::cli
