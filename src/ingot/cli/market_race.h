// How `ingot market race` and `ingot market forecast` read a race and its market.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ingot/cli/market.h"
#include "ingot/plan/market/forecast.h"

namespace ingot::cli {

struct RaceFlags : OutputFlags {
  std::string file;
  std::vector<std::string> set;
  int paths = 0, every = 0;
  uint64_t seed = 1;

  struct Input {
    market::RaceSection race;
    market::ForecastSection forecast;
    std::optional<market::Industry> industry;
  };
  void add_to(CLI::App& command);
  Input read() const;
  int rows(int months) const;  // months between table rows
};

}  // namespace ingot::cli
