// What is wrong with a report document, before a browser would find out.
#pragma once

#include "ingot/base/error.h"
#include "ingot/base/json.h"

namespace ingot::report {

// Every problem, each with its place: "sections[1].blocks[0].series[2].data: missing".
Problems check(const Json& document);

}  // namespace ingot::report
