// Few-shot evaluation by likelihood: of several continuations, the model chooses the one that it finds likeliest
// (Brown et al. 2020, 2.4). Torch-free.
#pragma once

#include <filesystem>

#include "ingot/base/json.h"
#include "ingot/serve/generator.h"

namespace ingot {

// `file` is JSONL: {"context": "2 + 2 =", "options": [" 4", " 5"], "answer": 0}. The first `shots` lines are shown
// solved before each question and not scored. `limit`: at most so many questions, 0 = all. Returns {"questions",
// "shots", "accuracy" (by total log-likelihood), "accuracy_per_byte" (by log-likelihood per byte of the option),
// "chance", "mean_logprob_of_answer"}. Throws InvalidArgument naming file and line.
Json eval_options(Generator& generator, const std::filesystem::path& file, int64_t shots = 0, int64_t limit = 0);

}  // namespace ingot
