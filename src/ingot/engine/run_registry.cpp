#include "ingot/engine/run_registry.h"

#include <algorithm>

#include "ingot/base/env.h"
#include "ingot/base/error.h"
#include "ingot/base/sqlite.h"
#include "ingot/engine/run_folder.h"

namespace ingot {
namespace {

Database open_registry() { return Database(home_folder() / "runs.db"); }

void make_table(Database& database) {
  database.execute(
      "CREATE TABLE IF NOT EXISTS runs(id TEXT PRIMARY KEY, name TEXT NOT NULL, folder TEXT NOT NULL, "
      "created TEXT NOT NULL, record TEXT NOT NULL)");
}

RegisteredRun refresh(std::string id, fs::path folder, Json record) {
  try {
    if (fs::exists(folder / "run.json")) record = read_json(folder / "run.json");
  } catch (const Error&) {
    // A folder that cannot be read shows what was registered.
  }
  if (!fs::exists(folder)) record["status"] = "folder removed";
  if (record.value("status", "") == "running" && !run_is_active(folder)) record["status"] = "interrupted";
  return {std::move(id), std::move(folder), std::move(record)};
}

}  // namespace

void register_run(const fs::path& run_folder, const Json& record) {
  Database database = open_registry();
  make_table(database);
  auto statement = database.prepare(
      "INSERT INTO runs(id, name, folder, created, record) VALUES(?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT(id) DO UPDATE SET name = ?2, folder = ?3, record = ?5");
  statement.bind(1, record.at("id").get<std::string>())
      .bind(2, record.at("name").get<std::string>())
      .bind(3, fs::absolute(run_folder).string())
      .bind(4, record.at("created").get<std::string>())
      .bind(5, to_text(record));
  statement.step();
}

std::vector<RegisteredRun> registered_runs() {
  std::vector<RegisteredRun> runs;
  if (!fs::exists(home_folder() / "runs.db")) return runs;
  Database database = open_registry();
  make_table(database);
  auto statement = database.prepare("SELECT id, folder, record FROM runs ORDER BY created DESC, rowid DESC");
  while (statement.step())
    runs.push_back(refresh(statement.text(0), statement.text(1), parse_json(statement.text(2), "the run registry")));
  return runs;
}

RegisteredRun find_run(const std::string& text) {
  if (fs::exists(fs::path(text) / "run.json")) {
    const Json record = read_json(fs::path(text) / "run.json");
    return refresh(record.value("id", ""), text, record);
  }
  const auto runs = registered_runs();
  std::vector<std::string> names;
  for (const auto& run : runs) {
    const std::string name = run.record.value("name", "");
    if (run.id == text || name == text || (text.size() >= 4 && run.id.starts_with(text))) return run;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  fail(ErrorKind::NotFound, "runs", "no run folder, id or name '", text, "'",
       names.empty() ? "; no run is registered yet, see `ingot train --help`"
                     : suggest(text, names) + "; see `ingot runs`");
}

}  // namespace ingot
