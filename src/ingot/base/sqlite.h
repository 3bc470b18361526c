// A thin RAII cover over SQLite: every error becomes an Error that names the file and the statement.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace ingot {

class Database;

// One prepared statement. Bind from 1, read columns from 0.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& bind(int index, int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view value);
  Statement& bind_null(int index);
  bool step();   // true while there is a row
  void reset();  // ready to be bound and stepped again
  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* statement) : database_(&database), statement_(statement) {}
  Database* database_;
  sqlite3_stmt* statement_;
};

class Database {
 public:
  // WAL, synchronous=FULL, foreign keys on, 5 s busy timeout, quick_check on open. Makes the file and its folder.
  explicit Database(const std::filesystem::path& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void execute(const std::string& sql);  // one or more statements without parameters
  Statement prepare(const std::string& sql);
  int64_t last_insert_id() const;

 private:
  friend class Statement;
  [[noreturn]] void fail_sql(std::string_view doing) const;
  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
};

// Commits on commit(), rolls back when it goes out of scope without it.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace ingot
