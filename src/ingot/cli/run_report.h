// The report document of one training run: curves, metrics, pictures, speed and cost, recipe.
#pragma once

#include <filesystem>

#include "ingot/base/json.h"

namespace ingot::cli {

// At most `most` of the points [[x, y], ..] of a curve, first and last among them.
Json thinned(const Json& points, size_t most);

// Reads run.json, metrics.jsonl, recipe.toml and pictures/ of a run folder of any family.
Json run_report(const std::filesystem::path& run_folder);

}  // namespace ingot::cli
