// Any bytes either open as a shard whose tokens can all be read, or give an Error.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include "ingot/data/shards.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingot;
  static const fs::path path = fs::temp_directory_path() / ("ingot-fuzz-" + std::to_string(::getpid()) + ".shard");
  {
    FileWriter file(path);
    file.write(data, size);
    file.close();
  }
  try {
    const Shard shard(path);
    std::vector<int32_t> ids(size_t(shard.num_tokens()));
    shard.read(0, shard.num_tokens(), ids.data());
    shard.verify();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Internal) std::abort();
  }
  return 0;
}
