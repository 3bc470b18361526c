#include "ingot/data/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

constexpr size_t kInput = 256 << 10;
constexpr int64_t kJudgeFrom = 16 << 20;

}  // namespace

// zlib or zstd, whichever the file needs.
struct ByteSource::Decoder {
  struct Step {
    size_t consumed = 0, produced = 0;
    const char* error = nullptr;
  };

  explicit Decoder(bool zstd) {
    if (zstd)
      zstd_ = ZSTD_createDStream();
    else if (inflateInit2(&zlib_, 15 + 16) == Z_OK)  // 16: gzip framing
      zlib_open_ = true;
    if (!zstd_ && !zlib_open_) throw std::bad_alloc();
  }
  ~Decoder() {
    if (zstd_) ZSTD_freeDStream(zstd_);
    if (zlib_open_) inflateEnd(&zlib_);
  }

  Step decode(const char* in, size_t in_size, char* out, size_t out_size) {
    if (zstd_) {
      ZSTD_inBuffer input{in, in_size, 0};
      ZSTD_outBuffer output{out, out_size, 0};
      const size_t left = ZSTD_decompressStream(zstd_, &output, &input);
      if (ZSTD_isError(left)) return {0, 0, ZSTD_getErrorName(left)};
      inside = left != 0;
      return {input.pos, output.pos};
    }
    if (!inside) inflateReset(&zlib_);
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in));
    zlib_.avail_in = uInt(in_size);
    zlib_.next_out = reinterpret_cast<Bytef*>(out);
    zlib_.avail_out = uInt(std::min<size_t>(out_size, 1 << 30));
    const uInt room = zlib_.avail_out;
    const int status = inflate(&zlib_, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      return {0, 0, zlib_.msg ? zlib_.msg : "corrupt data"};
    inside = status != Z_STREAM_END;
    return {in_size - zlib_.avail_in, room - zlib_.avail_out};
  }

  bool inside = false;  // between the first and the last byte of a member or frame

 private:
  z_stream zlib_{};
  bool zlib_open_ = false;
  ZSTD_DStream* zstd_ = nullptr;
};

ByteSource::ByteSource(const fs::path& path, const DecompressionLimits& limits)
    : path_(path), limits_(limits), input_(kInput, '\0') {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // O_NONBLOCK: a FIFO must not block the open
  struct stat status {};
  const int error = errno;
  if (fd_ < 0)
    fail(error == ENOENT ? ErrorKind::NotFound : ErrorKind::Io, "data", "cannot open ", path.string(), ": ",
         std::strerror(error));
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd_);
    fail(ErrorKind::InvalidArgument, "data", path.string(), " is not a regular file");
  }
  try {
    fill();
    const std::string_view start(input_.data(), end_);
    const bool zstd = start.starts_with("\x28\xB5\x2F\xFD");
    if (zstd || start.starts_with("\x1F\x8B")) decoder_ = std::make_unique<Decoder>(zstd);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

ByteSource::~ByteSource() { ::close(fd_); }

size_t ByteSource::fill() {
  at_ = 0;
  ssize_t n;
  do n = ::read(fd_, input_.data(), input_.size());
  while (n < 0 && errno == EINTR);
  if (n < 0) fail(ErrorKind::Io, "data", "cannot read ", path_.string(), ": ", std::strerror(errno));
  end_ = size_t(n);
  bytes_in_ += n;
  return end_;
}

size_t ByteSource::read(char* out, size_t count) {
  if (!decoder_) {
    if (at_ == end_ && fill() == 0) return 0;
    const size_t n = std::min(count, end_ - at_);
    std::memcpy(out, input_.data() + at_, n);
    at_ += n;
    return n;
  }
  for (;;) {
    if (at_ == end_ && fill() == 0) {
      if (decoder_->inside)
        fail(ErrorKind::InvalidArgument, "data", path_.string(), ": the compressed data ends too early");
      return 0;
    }
    const auto step = decoder_->decode(input_.data() + at_, end_ - at_, out, count);
    if (step.error) fail(ErrorKind::InvalidArgument, "data", path_.string(), ": cannot decompress: ", step.error);
    at_ += step.consumed;
    bytes_out_ += int64_t(step.produced);
    if (bytes_out_ > limits_.max_bytes)
      fail(ErrorKind::InvalidArgument, "data", path_.string(), ": more than ", limits_.max_bytes,
           " bytes after decompression, expected at most data.max_file_bytes");
    if (bytes_out_ > kJudgeFrom && double(bytes_out_) > limits_.max_ratio * double(bytes_in_))
      fail(ErrorKind::InvalidArgument, "data", path_.string(), ": decompresses to more than ", limits_.max_ratio,
           " times its size, expected at most data.max_ratio; raise it if the file is trusted");
    if (step.produced > 0) return step.produced;
  }
}

}  // namespace ingot
