#include "ingot/base/file.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "support/temp_folder.h"

namespace ingot {

TEST(File, AtomicWriteReplacesWholeAndLeavesNoTemporary) {
  const TempFolder folder;
  const auto path = folder / "a.txt";
  write_file_atomic(path, "one");
  write_file_atomic(path, "two");
  EXPECT_EQ(read_file(path), "two");
  EXPECT_FALSE(fs::exists(path.string() + ".tmp"));
}

TEST(File, MissingFileIsNotFound) {
  try {
    read_file("/nonexistent/x");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
  }
  EXPECT_THROW(MappedFile("/nonexistent/x"), Error);
  EXPECT_THROW(read_file("/tmp"), Error);
}

TEST(File, FullDiskIsNamed) {
  FileWriter full("/dev/full");
  try {
    full.write("x", 1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Io);
    EXPECT_NE(std::string(e.what()).find("free some space"), std::string::npos);
  }
}

TEST(File, LockRefusesASecondHolder) {
  const TempFolder folder;
  const FileLock first(folder / "lock");
  EXPECT_THROW(FileLock(folder / "lock"), Error);  // flock is per descriptor, so this holds within a process too
}

// FIPS 180-2 appendix B.1.
TEST(File, Sha256KnownAnswer) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(File, EmptyFileMaps) {
  const TempFolder folder;
  write_file_atomic(folder / "empty", "");
  EXPECT_EQ(MappedFile(folder / "empty").size(), 0u);
}

}  // namespace ingot
