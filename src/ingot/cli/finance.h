// What the finance commands share: output flags, and a cap table from a ledger, an OCF folder or a company TOML.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/base/toml.h"
#include "ingot/cli/output.h"
#include "ingot/plan/finance/view.h"

namespace ingot::cli {

struct FinanceFlags : OutputFlags {
  std::string file;  // the positional argument
  std::string as_of;
  std::vector<std::string> set;

  void add_to(CLI::App& command, const std::string& what);

  finance::CapTable cap_table() const;
  // The TOML with the sections: the file itself, or --terms when the cap table comes from a ledger or OCF folder.
  Document terms() const;
  std::string terms_file;
};

}  // namespace ingot::cli
