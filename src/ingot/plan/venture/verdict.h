// The first page: how much to raise, when, at what price and with which instrument; how likely it ends well; what it
// hangs on.
#pragma once

#include "ingot/plan/venture/analysis.h"

namespace ingot::venture {

struct Range {
  double low = 0, mid = 0, high = 0;  // quartiles
};

struct Verdict {
  bool raises = false;  // false: on most paths no round is needed
  finance::Instrument instrument = finance::Instrument::Equity;
  double trigger = 0, runway = 0;  // months
  std::string stage;
  Range amount, pre_money, closing_month;
  double start_month = 0;  // in which talks begin
  double first_share = 0;  // of paths with a closing
  Interval alive, lead;    // at the horizon, with the recommended raise
  Interval alive_as_written, lead_as_written;
  struct {
    double median = 0, q75 = 0, q90 = 0;
  } need;  // cash beyond today's with which no raise is needed
  bool limit_met = true;
  std::vector<size_t> assumptions;  // the three that matter most: indices into sensitivities
};

Verdict verdict_of(const Venture& venture, const Analysis& analysis);

// "2027-05": the month that ends `months` after the start.
std::string month_name(const Venture& venture, double months);

}  // namespace ingot::venture
