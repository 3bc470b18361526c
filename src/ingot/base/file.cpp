#include "ingot/base/file.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

[[noreturn]] void fail_errno(const std::string& what, const fs::path& path, int error) {
  const auto kind = error == ENOENT || error == ENOTDIR ? ErrorKind::NotFound : ErrorKind::Io;
  const char* hint = error == ENOSPC || error == EDQUOT ? "; free some space or choose another folder" : "";
  fail(kind, "file", "cannot ", what, " ", path.string(), ": ", std::strerror(error), hint);
}

void write_all(int fd, const char* bytes, size_t count, const fs::path& path) {
  while (count > 0) {
    const ssize_t n = ::write(fd, bytes, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno("write", path, errno);
    if (n == 0) fail_errno("write", path, ENOSPC);
    bytes += n;
    count -= size_t(n);
  }
}

std::string hex(const unsigned char* bytes, size_t count) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; ++i) text += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return text;
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void update(const void* bytes, size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
  std::string finish() {
    unsigned char digest[32];
    EVP_DigestFinal_ex(context_.get(), digest, nullptr);
    return hex(digest, sizeof digest);
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

std::string read_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail_errno("open", path, errno);
  std::string bytes;
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(fd);
    fail(ErrorKind::InvalidArgument, "file", path.string(), " is a folder, expected a file");
  }
  bytes.resize(size_t(std::max<off_t>(status.st_size, 0)));
  size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) bytes.resize(bytes.size() + 65536);  // grows past st_size for pipes and /proc
    const ssize_t n = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      ::close(fd);
      fail_errno("read", path, error);
    }
    if (n == 0) break;
    filled += size_t(n);
  }
  ::close(fd);
  bytes.resize(filled);
  return bytes;
}

void write_file_atomic(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = path.string() + ".tmp";
  try {
    FileWriter file(temporary);
    file.write(bytes.data(), bytes.size());
    file.sync();
    file.close();
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail_errno("rename", path, errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

LineWriter::LineWriter(const fs::path& path) : path_(path) {
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_errno("open", path, errno);
}
LineWriter::~LineWriter() { ::close(fd_); }
void LineWriter::write(std::string_view line) {
  std::string text(line);
  text += '\n';
  write_all(fd_, text.data(), text.size(), path_);
}

FileWriter::FileWriter(const fs::path& path, Mode mode) : path_(path) {
  const int how = mode == Mode::Append ? O_APPEND : O_TRUNC;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | how | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd_ < 0) fail_errno("create", path, errno);
}
FileWriter::~FileWriter() {
  if (fd_ >= 0) ::close(fd_);
}
void FileWriter::write(const void* bytes, size_t count) {
  write_all(fd_, static_cast<const char*>(bytes), count, path_);
  size_ += count;
}
void FileWriter::sync() {
  if (::fsync(fd_) != 0) fail_errno("fsync", path_, errno);
}
void FileWriter::close() {
  const int fd = std::exchange(fd_, -1);
  if (fd >= 0 && ::close(fd) != 0) fail_errno("close", path_, errno);
}

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail_errno("open", folder, errno);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0 && error != EINVAL) fail_errno("fsync", folder, error);  // EINVAL: not supported there
}

MappedFile::MappedFile(const fs::path& path, Links links) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (links == Links::Refuse ? O_NOFOLLOW : 0));
  if (fd < 0 && errno == ELOOP && links == Links::Refuse)
    fail(ErrorKind::InvalidArgument, "file", path.string(), " is a symbolic link, expected a regular file");
  if (fd < 0) fail_errno("open", path, errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    fail(ErrorKind::InvalidArgument, "file", path.string(), " is not a regular file");
  }
  size_ = size_t(status.st_size);
  if (size_ > 0) {
    void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    const int error = errno;
    ::close(fd);
    if (map == MAP_FAILED) fail_errno("map", path, error);
    data_ = static_cast<const std::byte*>(map);
  } else {
    ::close(fd);
  }
}
MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}
MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

FileLock::FileLock(const fs::path& path) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) fail_errno("open", path, errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    [[maybe_unused]] const ssize_t n = ::read(fd_, holder, sizeof holder - 1);
    ::close(fd_);
    std::string pid(holder);
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    fail(ErrorKind::Io, "lock", path.parent_path().string(), " is in use by process ", pid.empty() ? "?" : pid,
         "; wait for it, stop it, or choose another folder");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) == 0) write_all(fd_, pid.data(), pid.size(), path);
}
FileLock::~FileLock() { ::close(fd_); }  // the lock goes with the descriptor

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  out.resize(size_t(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()), int(bytes.size()))));
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.finish();
}

std::string sha256_file(const fs::path& path) {
  const MappedFile file(path);
  return sha256_hex(file.text());
}

uint64_t xxh3(const void* bytes, size_t count) { return XXH3_64bits(bytes, count); }

std::string xxh3_hex(std::string_view bytes) {
  uint64_t value = xxh3(bytes.data(), bytes.size());
  unsigned char digest[8];
  for (int i = 7; i >= 0; --i, value >>= 8) digest[i] = static_cast<unsigned char>(value);
  return hex(digest, sizeof digest);
}

}  // namespace ingot
