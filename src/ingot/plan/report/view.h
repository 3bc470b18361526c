// What a result of a planning command looks like: tables for the terminal and CSV, Json for programs, sections for a
// report page (docs/report.md). One function a result makes its View.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ingot/base/ascii.h"
#include "ingot/base/json.h"
#include "ingot/base/text_table.h"

namespace ingot::report {

struct View {
  std::vector<std::pair<std::string, TextTable>> tables;   // the first one is the CSV
  std::vector<std::pair<std::string, std::string>> plots;  // title and TextPlot, for the terminal
  std::vector<std::string> notes;
  Json json = Json::object();
  Json sections = Json::array();
};

// Building blocks of sections.
Json section(const std::string& id, Json title, Json lead, Json blocks);
Json chart(const std::string& kind, Json title, Json fields);
// A report table; `formats[i]` as in docs/report.md, "" for text. Cells are the values in `rows`.
Json report_table(Json title, const std::vector<std::pair<Json, std::string>>& columns, Json rows);

std::string percent(double share, int places = 2);  // "12.34%"

}  // namespace ingot::report
