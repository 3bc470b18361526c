#include <cstring>
#include <memory>

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include "ingot/data/datasets.h"

namespace ingot {
namespace {

struct Transfer {
  const DatasetFile& file;
  const GetProgress& progress;
  int fd;
  int64_t offset;       // bytes that were there before
  int64_t written = 0;  // bytes of this transfer
  CURL* curl;
  std::string failure;
};

size_t write_body(char* bytes, size_t, size_t count, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status == 200 && transfer.offset > 0 && transfer.written == 0) {  // the server ignored Range: start again
    if (::ftruncate(transfer.fd, 0) != 0) return 0;
    ::lseek(transfer.fd, 0, SEEK_SET);
    transfer.offset = 0;
  }
  // A server that sends more than the catalogue says must not fill the disk.
  if (transfer.offset + transfer.written + int64_t(count) > transfer.file.bytes) {
    transfer.failure = "sends more than the expected " + std::to_string(transfer.file.bytes) + " bytes";
    return 0;
  }
  for (size_t done = 0; done < count;) {
    const ssize_t n = ::write(transfer.fd, bytes + done, count - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      transfer.failure =
          std::string("cannot be stored: ") + std::strerror(errno) + "; free some space and run the command again";
      return 0;
    }
    done += size_t(n);
  }
  transfer.written += int64_t(count);
  if (transfer.progress) transfer.progress(transfer.file.file, transfer.offset + transfer.written, transfer.file.bytes);
  return count;
}

}  // namespace

void download(const DatasetFile& file, const fs::path& path, const GetProgress& progress) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  INGOT_INVARIANT(ready, "libcurl does not start");
  const fs::path part = path.string() + ".part";
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) fail(ErrorKind::Io, "download", "cannot create ", part.string(), ": ", std::strerror(errno));
  const struct Close {
    int fd;
    ~Close() { ::close(fd); }
  } closer{fd};
  int64_t offset = ::lseek(fd, 0, SEEK_END);
  if (offset > file.bytes) {
    if (::ftruncate(fd, 0) != 0) fail(ErrorKind::Io, "download", "cannot shorten ", part.string());
    offset = ::lseek(fd, 0, SEEK_SET);
  }
  if (offset < file.bytes || file.bytes == 0) {
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    INGOT_INVARIANT(curl, "libcurl gives no handle");
    Transfer transfer{file, progress, fd, offset, 0, curl.get(), ""};
    char error[CURL_ERROR_SIZE] = {};
    curl_easy_setopt(curl.get(), CURLOPT_URL, file.url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);  // a stalled transfer ends after a minute
    curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "ingot");
    // Not CURLOPT_RESUME_FROM: with that, libcurl gives up when the server answers 200 to a ranged request.
    const std::string range = std::to_string(offset) + "-";
    if (offset > 0) curl_easy_setopt(curl.get(), CURLOPT_RANGE, range.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, write_body);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
    const CURLcode code = curl_easy_perform(curl.get());
    if (!transfer.failure.empty()) fail(ErrorKind::Io, "download", file.url, " ", transfer.failure);
    if (code != CURLE_OK)
      fail(ErrorKind::Io, "download", file.url, ": ", error[0] ? error : curl_easy_strerror(code), "; ",
           transfer.offset + transfer.written, " of ", file.bytes, " bytes are kept, run the command again to go on");
    if (transfer.offset + transfer.written != file.bytes)
      fail(ErrorKind::Io, "download", file.url, " ended after ", transfer.offset + transfer.written, " of ", file.bytes,
           " bytes; run the command again to go on");
  }
  if (::fsync(fd) != 0) fail(ErrorKind::Io, "download", "cannot fsync ", part.string(), ": ", std::strerror(errno));
  if (const std::string sum = sha256_file(part); sum != file.sha256) {
    fs::remove(part);
    fail(ErrorKind::Io, "download", file.url, " has SHA-256 ", sum, ", expected ", file.sha256,
         "; the file at that address changed or the "
         "transfer was corrupted: run the command again, or use a mirror (INGOT_DATA)");
  }
  fs::rename(part, path);
}

}  // namespace ingot
