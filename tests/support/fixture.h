// Files of the local data mirror (INGOT_DATA), which tests use when it is there.
#pragma once

#include <filesystem>

#include <gtest/gtest.h>

#include "ingot/base/env.h"

namespace ingot {

inline std::filesystem::path fixture(const std::string& name) {
  const auto mirror = data_mirror();
  return mirror ? *mirror / name : std::filesystem::path();
}

}  // namespace ingot

// Skips the test when the mirror does not hold `name`.
#define INGOT_FIXTURE(variable, name)                   \
  const std::filesystem::path variable = fixture(name); \
  if (variable.empty() || !std::filesystem::exists(variable)) GTEST_SKIP() << "INGOT_DATA holds no " << (name)
