// The parts of `ingot market`, one file each, and the flags by which they read a market.
#pragma once

#include <string>
#include <vector>

#include "ingot/base/toml.h"
#include "ingot/cli/output.h"
#include "ingot/plan/market/industry.h"

namespace ingot::cli {

void add_market_equilibrium(CLI::App& market);
void add_market_estimate(CLI::App& market);
void add_market_forecast(CLI::App& market);
void add_market_ladder(CLI::App& market);
void add_market_race(CLI::App& market);
void add_market_scenario(CLI::App& market);

struct MarketFlags : OutputFlags {
  std::string file;
  std::vector<std::string> set;

  void add_to(CLI::App& command);
  Document document() const;          // the TOML with --set applied; empty without a file
  market::Industry industry() const;  // without a file the LLM API market of the catalogue
  market::MarketConfig config() const;
};

}  // namespace ingot::cli
