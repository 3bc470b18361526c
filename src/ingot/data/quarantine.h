// Bad records are set aside with a reason; too many of them are an error.
#pragma once

#include "ingot/base/error.h"

namespace ingot {

// `faults` of `of` records, each with file, record and rule; `what` says so in the plural: "images failed". Throws
// InvalidArgument with the first fault when they are more than the share `budget`, the recipe's `key`.
inline void check_quarantine(const Problems& faults, size_t of, double budget, const char* what,
                             const char* key = "data.quarantine_budget") {
  require("data", double(faults.size()) <= budget * double(of), faults.empty() ? "" : faults.front(), "; ",
          faults.size(), " of ", of, " ", what, ", expected at most ", key, " = ", budget, " of them");
}

}  // namespace ingot
