// Comparable rounds from a catalogue of dated, sourced funding rounds (facts/funding_rounds.csv).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/finance/date.h"

namespace ingot::finance {

struct FundingRound {
  std::string company, round, source, evidence;
  Date date;
  std::optional<double> amount, post_money;  // USD
};

// Throws InvalidArgument with file and line when a row lacks a date or a source.
std::vector<FundingRound> read_funding_rounds(const std::filesystem::path& csv);
std::vector<FundingRound> parse_funding_rounds(std::string_view text, const std::string& origin);

std::vector<FundingRound> catalogued_rounds();  // the copy inside the program

struct Quartiles {
  size_t count = 0;
  double low = 0, median = 0, high = 0;  // 25%, 50%, 75%
};
Quartiles quartiles(std::vector<double> values);  // linear interpolation; count 0 when empty

struct ComparableResult {
  std::vector<FundingRound> rounds;  // those that match and have a post-money
  Quartiles post_money, dilution;
};
// Rounds whose name contains `stage` (case ignored), from `since` on.
ComparableResult comparables(const std::vector<FundingRound>& all, const std::string& stage, const Date& since);

}  // namespace ingot::finance
