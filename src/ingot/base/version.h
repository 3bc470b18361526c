#pragma once

namespace ingot {
const char* version();  // "0.1.0"
}
