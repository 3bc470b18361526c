// The bytes of a file as a stream: plain, gzip (all members) or zstd (all frames), told apart by their first bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ingot/base/file.h"

namespace ingot {

// A small archive can hold a large bomb: 1 MiB of gzip becomes 1 GiB, of zstd more. Text compresses 3 to 20 times.
struct DecompressionLimits {
  double max_ratio = 200;                // output over input, judged after the first 16 MiB of output
  int64_t max_bytes = int64_t{1} << 40;  // output of one file
};

class ByteSource {
 public:
  // Throws NotFound, Io, or InvalidArgument when `path` is not a regular file.
  explicit ByteSource(const fs::path& path, const DecompressionLimits& limits = {});
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Fills up to `count` bytes; 0 at the end. Throws InvalidArgument when the stream is cut, corrupt or over a limit.
  size_t read(char* out, size_t count);
  int64_t bytes_in() const { return bytes_in_; }  // of the file, for progress

 private:
  struct Decoder;
  size_t fill();  // more of the file into input_

  fs::path path_;
  DecompressionLimits limits_;
  int fd_ = -1;
  std::string input_;
  size_t at_ = 0, end_ = 0;  // unread part of input_
  int64_t bytes_in_ = 0;
  int64_t bytes_out_ = 0;
  std::unique_ptr<Decoder> decoder_;  // null: plain
};

}  // namespace ingot
