#include "ingot/cli/finance.h"

#include <CLI/CLI.hpp>

#include "ingot/base/error.h"
#include "ingot/plan/finance/company.h"
#include "ingot/plan/finance/ledger.h"

namespace ingot::cli {

void FinanceFlags::add_to(CLI::App& command, const std::string& what) {
  command.add_option("file", file, what)->required();
  command.add_option("--terms", terms_file,
                     "TOML with the sections of this command, when FILE is a ledger or OCF folder");
  command.add_option("--set", set, "change one value, as in --set round.pre_money=9000000")->take_all();
  command.add_option("--as-of", as_of, "cap table at the end of this day, YYYY-MM-DD (default: after the last event)");
  OutputFlags::add_to(command);
}

finance::CapTable FinanceFlags::cap_table() const {
  std::optional<finance::Date> day;
  if (!as_of.empty()) {
    day = finance::Date::parse(as_of);
    require("captable", day.has_value(), "--as-of is '", as_of, "', expected a date as in 2025-06-30");
  }
  if (file.ends_with(".toml")) {
    const auto document = read_toml(file, set);
    return finance::replay(finance::company_package(finance::read_company(document)), day);
  }
  return finance::replay(finance::open_package(file), day);
}

Document FinanceFlags::terms() const {
  const auto& path = terms_file.empty() ? file : terms_file;
  require("recipe", path.ends_with(".toml"), path, " holds no terms, expected a TOML file; name one with --terms");
  return read_toml(path, set);
}

}  // namespace ingot::cli
