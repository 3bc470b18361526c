// What the finance commands share: output flags, and a cap table from a ledger, an OCF folder or a company TOML.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/base/toml.h"
#include "ingot/plan/finance/view.h"

namespace CLI {
class App;
}

namespace ingot::cli {

struct FinanceFlags {
  std::string file;  // the positional argument
  bool json = false, csv = false;
  std::string html, lang = "en", as_of;
  std::vector<std::string> set;

  void add_to(CLI::App& command, const std::string& what);
  // Prints the view as the flags say; --html also writes the page and prints its path on stderr.
  void print(const finance::View& view, const std::string& title) const;

  finance::CapTable cap_table() const;
  // The TOML with the sections: the file itself, or --terms when the cap table comes from a ledger or OCF folder.
  Document terms() const;
  std::string terms_file;
};

}  // namespace ingot::cli
