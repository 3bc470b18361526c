#include "ingot/plan/montecarlo/engine.h"

#include <algorithm>

namespace ingot::mc {

int default_threads() { return int(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace ingot::mc
