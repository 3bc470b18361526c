// Any bytes either parse or give an Error; a tensor that parsed lies inside the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ingot/base/error.h"
#include "ingot/formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    for (const auto& [name, view] : ingot::parse_safetensors(bytes, "fuzz")) {
      if (view.bytes.empty()) continue;
      if (view.bytes.data() < bytes.data() || view.bytes.data() + view.bytes.size() > bytes.data() + size) std::abort();
    }
  } catch (const ingot::Error& e) {
    if (e.kind() == ingot::ErrorKind::Internal) std::abort();
  }
  return 0;
}
