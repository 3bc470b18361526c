// Which compiled form of the kernels runs here. All forms give the same bits; only the speed differs.
#pragma once

#include <string_view>

namespace ingot::mc {

enum class Isa { Portable, Avx2, Avx512 };
Isa best_isa();  // of this CPU, among those built
bool available(Isa isa);
std::string_view to_string(Isa isa);

}  // namespace ingot::mc
