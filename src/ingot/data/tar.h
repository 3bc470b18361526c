// Members of a tar archive in its order, plain or compressed: POSIX ustar, long names by prefix only.
#pragma once

#include <functional>
#include <string>

#include "ingot/base/file.h"

namespace ingot {

using TakeMember = std::function<void(const std::string& name, std::string bytes)>;

// Regular files only. Throws InvalidArgument when the archive is cut, no tar, or a member is over 64 MiB.
void for_each_tar_member(const fs::path& archive, const TakeMember& take);

}  // namespace ingot
