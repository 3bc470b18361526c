// Metrics of predicted probabilities of a yes: ranking, calibration, and both by group of people.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ingot/base/json.h"

namespace ingot {

struct Scored {  // one a record
  std::vector<double> probability;
  std::vector<float> label;  // 0 or 1
};

// Share of (yes, no) pairs that are in order, ties as half (Hanley & McNeil 1982); NaN with one class only.
double auc(const Scored& scored);
// Mean AUC within groups by their number of records; groups of one class only do not count (Zhu et al. 2017, eq. 2).
double grouped_auc(const Scored& scored, const std::vector<uint32_t>& groups);
double log_loss(const Scored& scored);  // natural logarithm

struct ReliabilityBin {  // of 15 of equal width, as Guo et al. 2017, "On Calibration of Modern Neural Networks"
  int64_t count = 0;
  double mean_probability = 0, observed = 0;  // share of yes
};
std::vector<ReliabilityBin> reliability(const Scored& scored);
double expected_calibration_error(const std::vector<ReliabilityBin>& bins);

// {"groups": {name: {records, base_rate, mean_probability, selected, true_positive_rate, false_positive_rate, auc,
// ece}}, "demographic_parity_gap", "equal_opportunity_gap"}: the last two are largest minus smallest selected share and
// true-positive rate (Hardt et al. 2016) of the groups with at least 100 records, selecting at 0.5.
Json audit(const Scored& scored, const std::vector<uint32_t>& groups, const std::vector<std::string>& names);

// Observed share over predicted probability, one curve a name, as a whole SVG file.
std::string reliability_svg(const std::string& title,
                            const std::vector<std::pair<std::string, std::vector<ReliabilityBin>>>& curves);

}  // namespace ingot
