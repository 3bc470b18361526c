#include "ingot/plan/finance/ledger.h"

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/plan/finance/company.h"

namespace ingot::finance {
namespace {

constexpr const char* kSchema = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE file(position INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, frame TEXT NOT NULL);
CREATE TABLE entry(seq INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES file(position), object_type TEXT NOT NULL,
  object_id TEXT NOT NULL, date TEXT, body TEXT NOT NULL);
CREATE INDEX entry_by_object ON entry(object_id);
CREATE TRIGGER entry_is_final BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
)";

void insert(Database& db, int64_t file, const Json& item) {
  auto statement = db.prepare("INSERT INTO entry(file, object_type, object_id, date, body) VALUES(?, ?, ?, ?, ?)");
  statement.bind(1, file).bind(2, item.at("object_type").get<std::string>()).bind(3, item.at("id").get<std::string>());
  if (item.contains("date"))
    statement.bind(4, item["date"].get<std::string>());
  else
    statement.bind_null(4);
  statement.bind(5, to_text(item));
  statement.step();
}

void insert_file(Database& db, int64_t position, const OcfFile& file) {
  Json frame = file.document;
  frame["items"] = Json::array();  // keeps the place of the key
  auto statement = db.prepare("INSERT INTO file(position, path, frame) VALUES(?, ?, ?)");
  statement.bind(1, position).bind(2, file.path).bind(3, to_text(frame));
  statement.step();
  for (const auto& item : file.document.at("items")) insert(db, position, item);
}

void set_meta(Database& db, const std::string& key, const std::string& value) {
  auto statement =
      db.prepare("INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value");
  statement.bind(1, key).bind(2, value);
  statement.step();
}

const fs::path& existing(const fs::path& path) {
  if (!fs::exists(path))
    fail(ErrorKind::NotFound, "ledger", path.string(), " does not exist; make it with `ingot captable init`");
  return path;
}

}  // namespace

void Ledger::create(const fs::path& path, const OcfPackage& package, bool archive) {
  require("ledger", !fs::exists(path), path.string(), " exists, expected a new file; choose another name");
  if (!archive) replay(package);
  const fs::path partial = path.string() + ".tmp";
  fs::remove(partial);
  try {
    Database db(partial);
    // One file without a write-ahead log beside it, so that the rename below moves everything.
    db.execute("PRAGMA journal_mode=DELETE");
    Transaction transaction(db);
    db.execute(kSchema);
    set_meta(db, "format", "ingot-ledger-1");
    set_meta(db, "manifest", to_text(package.manifest));
    set_meta(db, "manifest_path", package.manifest_path);
    set_meta(db, "archive", archive ? "1" : "0");
    for (size_t i = 0; i < package.files.size(); ++i) insert_file(db, int64_t(i), package.files[i]);
    transaction.commit();
  } catch (...) {
    fs::remove(partial);
    throw;
  }
  fs::rename(partial, path);
  sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

Ledger::Ledger(const fs::path& path) : path_(path), database_(existing(path)) {
  auto statement = database_.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'entry'");
  require("ledger", statement.step() && statement.integer(0) == 1, path.string(),
          " is a SQLite file but no Ingot ledger");
}

OcfPackage Ledger::package() {
  OcfPackage package;
  auto meta = database_.prepare("SELECT key, value FROM meta");
  while (meta.step()) {
    if (meta.text(0) == "manifest") package.manifest = parse_json(meta.text(1), path_.string());
    if (meta.text(0) == "manifest_path") package.manifest_path = meta.text(1);
  }
  auto files = database_.prepare("SELECT path, frame FROM file ORDER BY position");
  while (files.step()) package.files.push_back({files.text(0), parse_json(files.text(1), path_.string())});
  auto entries = database_.prepare("SELECT file, body FROM entry ORDER BY seq");
  while (entries.step())
    package.files.at(size_t(entries.integer(0)))
        .document["items"]
        .push_back(parse_json(entries.text(1), path_.string()));
  return package;
}

void Ledger::append(const std::vector<Json>& transactions) {
  const auto archived = [&] {
    auto statement = database_.prepare("SELECT value FROM meta WHERE key = 'archive'");
    return statement.step() && statement.text(0) == "1";
  };
  require("ledger", !archived(), path_.string(), " is an archive of documents, expected a company's ledger");
  Transaction transaction(database_);
  OcfPackage before = package();
  const size_t num_files = before.files.size();
  OcfPackage after = before;
  // OCF stakeholders and classes have files of their own; everything else that is appended is a transaction.
  for (const auto& item : transactions) {
    const auto type = item.value("object_type", std::string());
    require("ledger", !type.empty() && item.contains("id"), "an event lacks object_type or id");
    const char* file_type = type == "STAKEHOLDER"     ? "OCF_STAKEHOLDERS_FILE"
                            : type == "STOCK_CLASS"   ? "OCF_STOCK_CLASSES_FILE"
                            : type == "STOCK_PLAN"    ? "OCF_STOCK_PLANS_FILE"
                            : type == "VESTING_TERMS" ? "OCF_VESTING_TERMS_FILE"
                            : type == "VALUATION"     ? "OCF_VALUATIONS_FILE"
                            : type == "FINANCING"     ? "OCF_FINANCINGS_FILE"
                                                      : "OCF_TRANSACTIONS_FILE";
    OcfFile& file = file_for(after, file_type);
    const auto position = int64_t(&file - after.files.data());
    if (after.files.size() > num_files && size_t(position) >= num_files && file.document["items"].empty())
      insert_file(database_, position, file);
    file.document["items"].push_back(item);
    insert(database_, position, item);
  }
  const CapTable state = replay(after);
  if (Date::parse(after.manifest.value("as_of", std::string())).value_or(Date()) < state.as_of)
    after.manifest["as_of"] = state.as_of.text();
  refresh_manifest(after, utc_timestamp());
  for (size_t i = num_files; i < after.files.size(); ++i) {
    auto known = database_.prepare("SELECT 1 FROM file WHERE position = ?");
    known.bind(1, int64_t(i));
    if (!known.step()) insert_file(database_, int64_t(i), after.files[i]);
  }
  set_meta(database_, "manifest", to_text(after.manifest));
  transaction.commit();
}

OcfPackage open_package(const fs::path& path) {
  if (!fs::exists(path))
    fail(ErrorKind::NotFound, "captable", path.string(),
         " does not exist, expected a company TOML, a ledger or an OCF folder");
  if (fs::is_directory(path)) return read_ocf(path);
  if (path.extension() == ".toml") return company_package(read_company(path));
  return Ledger(path).package();
}

}  // namespace ingot::finance
