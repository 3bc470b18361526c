#include "ingot/base/sqlite.h"

#include <utility>

#include <sqlite3.h>

#include "ingot/base/error.h"

namespace ingot {

Database::Database(const std::filesystem::path& path) : path_(path) {
  if (path.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) fail(ErrorKind::Io, "sqlite", "cannot make ", path.parent_path().string(), ": ", error.message());
  }
  if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) {
    const std::string why = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
    sqlite3_close(std::exchange(handle_, nullptr));
    fail(ErrorKind::Io, "sqlite", "cannot open ", path.string(), ": ", why);
  }
  try {
    sqlite3_busy_timeout(handle_, 5000);
    execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
    auto check = prepare("PRAGMA quick_check(1)");
    if (!check.step() || check.text(0) != "ok")
      fail(ErrorKind::Io, "sqlite", path.string(), " is damaged: ", check.text(0), "; restore it or move it away");
  } catch (...) {
    sqlite3_close_v2(std::exchange(handle_, nullptr));
    throw;
  }
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::fail_sql(std::string_view doing) const {
  if (sqlite3_errcode(handle_) == SQLITE_NOTADB)
    fail(ErrorKind::InvalidArgument, "sqlite", path_.string(),
         " is no SQLite file, expected a database that ingot made");
  fail(ErrorKind::Io, "sqlite", path_.string(), ": ", sqlite3_errmsg(handle_), " in: ", doing);
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail_sql(sql);
}

Statement Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.c_str(), int(sql.size()), &statement, nullptr) != SQLITE_OK) fail_sql(sql);
  return Statement(*this, statement);
}

int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }

Statement::~Statement() { sqlite3_finalize(statement_); }
Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::bind(int index, int64_t value) {
  if (sqlite3_bind_int64(statement_, index, value) != SQLITE_OK) database_->fail_sql(sqlite3_sql(statement_));
  return *this;
}
Statement& Statement::bind(int index, double value) {
  if (sqlite3_bind_double(statement_, index, value) != SQLITE_OK) database_->fail_sql(sqlite3_sql(statement_));
  return *this;
}
Statement& Statement::bind(int index, std::string_view value) {
  if (sqlite3_bind_text(statement_, index, value.data(), int(value.size()), SQLITE_TRANSIENT) != SQLITE_OK)
    database_->fail_sql(sqlite3_sql(statement_));
  return *this;
}
Statement& Statement::bind_null(int index) {
  if (sqlite3_bind_null(statement_, index) != SQLITE_OK) database_->fail_sql(sqlite3_sql(statement_));
  return *this;
}
bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result != SQLITE_ROW && result != SQLITE_DONE) database_->fail_sql(sqlite3_sql(statement_));
  return result == SQLITE_ROW;
}
void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  return bytes ? std::string(reinterpret_cast<const char*>(bytes), size_t(sqlite3_column_bytes(statement_, column)))
               : "";
}
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }
Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const Error&) {  // already rolled back by SQLite itself
  }
}
void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace ingot
