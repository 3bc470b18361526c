// What a finance result looks like: tables for the terminal and CSV, Json for programs, sections for a report page
// (docs/report.md). One function a result.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ingot/base/json.h"
#include "ingot/base/text_table.h"
#include "ingot/plan/finance/captable.h"

namespace ingot::finance {

struct View {
  std::vector<std::pair<std::string, TextTable>> tables;  // the first one is the CSV
  std::vector<std::string> notes;
  Json json = Json::object();
  Json sections = Json::array();
};

// Building blocks of sections.
Json both(const std::string& en, const std::string& zh);
Json section(const std::string& id, Json title, Json lead, Json blocks);
Json chart(const std::string& kind, Json title, Json fields);

// A text table as a report table; `formats[i]` as in docs/report.md, "" for text. Cells are the values in `rows`.
Json report_table(Json title, const std::vector<std::pair<Json, std::string>>& columns, Json rows);

std::string percent(double share, int places = 2);         // "12.34%"
double to_major(int64_t minor, const Currency& currency);  // for display only
Json money_json(const Money& money);                       // {"amount": "1.00", "currency": "USD"}
std::string lower(std::string text);                       // a currency as a report format

struct RoundResult;
View captable_view(const CapTable& table);
View round_view(const RoundResult& result, const std::string& series);
View waterfall_view(const CapitalStructure& structure, const std::vector<WaterfallResult>& results,
                    const Currency& currency);

}  // namespace ingot::finance
