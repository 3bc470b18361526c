#include "ingot/data/tar.h"

#include <cstdlib>
#include <cstring>

#include "ingot/base/error.h"
#include "ingot/data/byte_source.h"

namespace ingot {

void for_each_tar_member(const fs::path& archive, const TakeMember& take) {
  ByteSource source(archive);
  const auto read = [&](char* into, size_t count) {
    for (size_t done = 0; done < count;) {
      const size_t n = source.read(into + done, count - done);
      require("data", n > 0, archive.string(), " is cut short or no tar archive");
      done += n;
    }
  };
  constexpr size_t kBlock = 512, kLargest = size_t(64) << 20;
  for (char header[kBlock];;) {
    read(header, kBlock);
    if (header[0] == 0) return;
    const auto field = [&](size_t at, size_t size) { return std::string(header + at, ::strnlen(header + at, size)); };
    const std::string prefix = field(345, 155), name = (prefix.empty() ? "" : prefix + "/") + field(0, 100);
    const size_t size = std::strtoull(field(124, 12).c_str(), nullptr, 8);
    require("data", size <= kLargest, archive.string(), ": ", name, " has ", size, " bytes, expected at most ",
            kLargest);
    std::string bytes((size + kBlock - 1) / kBlock * kBlock, '\0');
    if (!bytes.empty()) read(bytes.data(), bytes.size());
    bytes.resize(size);
    if (header[156] == '0' || header[156] == 0) take(name, std::move(bytes));
  }
}

}  // namespace ingot
