// Any bytes either are a recipe or give an Error. One that was read survives being written, and its sections being
// read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ingot/base/error.h"
#include "ingot/base/toml.h"
#include "ingot/data/prepare.h"

namespace {

template <typename Call>
void expect_error_or_success(Call&& call) {
  try {
    call();
  } catch (const ingot::Error& e) {
    if (e.kind() == ingot::ErrorKind::Internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  expect_error_or_success([&] {
    auto document = ingot::parse_toml(text, "fuzz");
    const std::string written = ingot::to_toml(document.root);
    if (ingot::to_toml(ingot::parse_toml(written, "written").root) != written) std::abort();
    expect_error_or_success([&] { ingot::read_config<ingot::DataConfig>(document, "data"); });
    expect_error_or_success([&] { document.set(text.substr(0, text.find('\n'))); });
  });
  return 0;
}
