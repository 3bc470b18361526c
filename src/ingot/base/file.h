// Files that are whole or absent: atomic writes, memory maps, locks and checksums.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace ingot {

namespace fs = std::filesystem;

// Whole file as bytes. Throws NotFound or Io.
std::string read_file(const fs::path& path);

// Writes path.tmp, fsyncs it, renames it over `path`, fsyncs the folder. Throws Io ("disk full" named as such) and
// removes the temporary file; an old `path` stays as it was.
void write_file_atomic(const fs::path& path, std::string_view bytes);

// Appends one line and flushes it to the kernel. For logs: a crash leaves at most one cut line (see repair_lines).
class LineWriter {
 public:
  explicit LineWriter(const fs::path& path);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  void write(std::string_view line);

 private:
  fs::path path_;
  int fd_ = -1;
};

// A file descriptor that writes everything or throws Io; used by the checkpoint and shard writers.
class FileWriter {
 public:
  enum class Mode { Truncate, Append };
  explicit FileWriter(const fs::path& path, Mode mode = Mode::Truncate);  // refuses a symbolic link
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  void write(const void* bytes, size_t count);
  void sync();   // fsync; an EIO here is final for this file
  void close();  // throws Io where the destructor would stay silent
  uint64_t size() const { return size_; }

 private:
  fs::path path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

void sync_folder(const fs::path& folder);

// Read-only memory map; empty files map to an empty span. Throws NotFound or Io.
class MappedFile {
 public:
  enum class Links { Follow, Refuse };
  MappedFile() = default;
  explicit MappedFile(const fs::path& path, Links links = Links::Follow);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  size_t size() const { return size_; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Exclusive lock on `path` (made if absent) for the life of the object. Throws Io when another process holds it,
// naming that process.
class FileLock {
 public:
  explicit FileLock(const fs::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

std::string sha256_hex(std::string_view bytes);
std::string base64(std::string_view bytes);
std::string sha256_file(const fs::path& path);
uint64_t xxh3(const void* bytes, size_t count);
std::string xxh3_hex(std::string_view bytes);  // 16 hex digits

}  // namespace ingot
