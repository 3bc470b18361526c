// The text of the Error that a call throws, "" when it throws none.
#pragma once

#include <string>

#include "ingot/base/error.h"

namespace ingot {

template <typename F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace ingot
