#include "ingot/base/sqlite.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "support/temp_folder.h"

namespace ingot {

TEST(Sqlite, StoresAndRollsBack) {
  const TempFolder folder;
  Database db(folder / "t.db");
  db.execute("CREATE TABLE t(a INTEGER, b TEXT) STRICT");
  db.prepare("INSERT INTO t VALUES(?, ?)").bind(1, int64_t{1} << 60).bind(2, "x").step();
  {
    Transaction t(db);
    db.execute("DELETE FROM t");
  }
  auto row = db.prepare("SELECT a, b FROM t");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), int64_t{1} << 60);
  EXPECT_EQ(row.text(1), "x");
}

TEST(Sqlite, BadSqlAndDamagedFileAreErrors) {
  const TempFolder folder;
  Database db(folder / "t.db");
  EXPECT_THROW(db.execute("SELEC 1"), Error);
  write_file_atomic(folder / "bad.db", std::string(4096, 'x'));
  EXPECT_THROW(Database(folder / "bad.db"), Error);
}

}  // namespace ingot
