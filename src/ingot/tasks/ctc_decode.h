// From CTC's frame posteriors to labels: best path, and prefix beam search (Hannun et al. 2014, "First-Pass Large
// Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", algorithm 1) with an n-gram model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ingot {

// log p [T, C] of one utterance, row by row; label 0 is the blank.
struct Posteriors {
  const float* log_p;
  int64_t frames, labels;
  float at(int64_t t, int64_t c) const { return log_p[t * labels + c]; }
};

struct CtcLabels {
  std::vector<int64_t> labels;  // without blanks
  std::vector<int64_t> frames;  // best path only: where each label is likeliest
  double score = 0;             // ln p, with the language model where there is one
};

CtcLabels best_path(const Posteriors& p);

// ln weight of `label` after `prefix`; label -1: of the end. Called once for each prefix that is made.
using LabelScore = std::function<double(const std::vector<int64_t>& prefix, int64_t label)>;

struct PrefixBeamOptions {
  int64_t beam = 16;
  double least = 1e-4;  // a label less likely than this in a frame is not tried there
};
CtcLabels prefix_beam(const Posteriors& p, const PrefixBeamOptions& options, const LabelScore& score = {});

}  // namespace ingot
