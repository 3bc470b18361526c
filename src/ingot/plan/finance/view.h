// What a finance result looks like (plan/report/view.h). One function a result.
#pragma once

#include <string>
#include <vector>

#include "ingot/plan/finance/captable.h"
#include "ingot/plan/report/report.h"
#include "ingot/plan/report/view.h"

namespace ingot::finance {

using report::both;
using report::chart;
using report::percent;
using report::report_table;
using report::section;
using report::View;

double to_major(int64_t minor, const Currency& currency);        // for display only
std::string grouped_decimal(const Rational& value, int places);  // "1,234,567.5"
Json shown(const std::string& name);                             // the engine's own names ("Options") also in Chinese
Json money_json(const Money& money);                             // {"amount": "1.00", "currency": "USD"}

struct RoundResult;
View captable_view(const CapTable& table);
View round_view(const RoundResult& result, const std::string& series);
View waterfall_view(const CapitalStructure& structure, const std::vector<WaterfallResult>& results,
                    const Currency& currency);

}  // namespace ingot::finance
