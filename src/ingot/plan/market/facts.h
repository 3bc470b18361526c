// The market part of the catalogue: facts/market_*.csv, capability.csv and race_firms.csv, each row with its source.
#pragma once

#include <string>

#include "ingot/base/csv.h"

namespace ingot::market {

// One of those tables out of the program.
CsvTable read_market_facts(const std::string& name);

struct MarketParameter {
  double value = 0;
  std::string unit, date, evidence, source;
};
MarketParameter market_parameter(const std::string& key);  // a row of market_parameters.csv

}  // namespace ingot::market
