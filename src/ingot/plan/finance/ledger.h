// The cap table's file: an append-only SQLite log of OCF objects and transactions. The state is never stored, only
// replayed, so any date can be asked for and an export gives back what was imported.
#pragma once

#include <filesystem>
#include <optional>

#include "ingot/base/sqlite.h"
#include "ingot/plan/finance/captable.h"

namespace ingot::finance {

class Ledger {
 public:
  // Makes `path` from a package. Refuses an existing file. Unless `archive`, the package is replayed first and nothing
  // is written when an event breaks a rule; an archive keeps documents that are not one company's history.
  static void create(const std::filesystem::path& path, const OcfPackage& package, bool archive = false);

  explicit Ledger(const std::filesystem::path& path);  // throws NotFound, or InvalidArgument when it is no ledger

  OcfPackage package();
  // Adds transactions (OCF objects) after replaying the whole log with them. All or nothing.
  void append(const std::vector<Json>& transactions);

 private:
  std::filesystem::path path_;
  Database database_;
};

// A ledger (.db), an OCF folder or a company TOML, by what `path` is.
OcfPackage open_package(const std::filesystem::path& path);

}  // namespace ingot::finance
