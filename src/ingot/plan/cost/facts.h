// The catalogue of dated, sourced facts in facts/*.csv, and what a figure's origin is called.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "ingot/base/csv.h"

namespace ingot::cost {

// Where a figure comes from. Measured beats predicted, predicted beats catalogued, and assumed is the last resort.
enum class Basis { Measured, Predicted, Catalogued, Assumed };
std::string_view to_string(Basis basis);

// One number with its origin. `source` is a place a reader can look up: a paper, a file, a flag, a formula.
struct Figure {
  double value = 0;
  Basis basis = Basis::Assumed;
  std::string source;
};

// The table `name` ("hardware.csv") of `folder` when one is given (--facts DIR), else of the copy inside the program.
// Throws NotFound, or InvalidArgument naming file and line.
using FactsFolder = std::optional<std::filesystem::path>;
CsvTable read_facts(const std::string& name, const FactsFolder& folder = {});

// A cell as a number; absent when it is empty.
std::optional<double> optional_number(const CsvTable& table, size_t row, std::string_view column);

// Whole days from `from` to `to`, both "YYYY-MM-DD". Throws InvalidArgument on a malformed date.
int days_between(std::string_view from, std::string_view to);
// Older than 12 months on the day `on`: shown with a mark, because prices move within a year.
bool is_stale(std::string_view date, std::string_view on);

}  // namespace ingot::cost
