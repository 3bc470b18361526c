#include "ingot/plan/report/view.h"

#include <algorithm>

#include <fmt/format.h>

namespace ingot::report {

Json section(const std::string& id, Json title, Json lead, Json blocks) {
  Json s = {{"id", id}, {"title", std::move(title)}};
  if (!lead.is_null()) s["lead"] = std::move(lead);
  s["blocks"] = std::move(blocks);
  return s;
}

Json chart(const std::string& kind, Json title, Json fields) {
  Json c = {{"type", "chart"}, {"kind", kind}, {"title", std::move(title)}};
  c.update(fields);
  return c;
}

Json report_table(Json title, const std::vector<std::pair<Json, std::string>>& columns, Json rows) {
  Json t = {{"type", "table"}, {"title", std::move(title)}, {"columns", Json::array()}};
  for (const auto& [name, format] : columns) {
    Json c = {{"title", name}};
    if (!format.empty()) c["format"] = format;
    t["columns"].push_back(c);
  }
  t["rows"] = std::move(rows);
  return t;
}

std::string percent(double share, int places) { return fmt::format("{:.{}f}%", 100 * share, places); }

}  // namespace ingot::report
