#include "ingot/plan/cost/facts.h"

#include <chrono>
#include <cstdio>

#include "ingot/base/embedded.h"
#include "ingot/base/error.h"

namespace ingot {
std::span<const EmbeddedFile> cost_facts();
}

namespace ingot::cost {

std::string_view to_string(Basis basis) {
  switch (basis) {
    case Basis::Measured:
      return "measured";
    case Basis::Predicted:
      return "predicted";
    case Basis::Catalogued:
      return "catalogued";
    case Basis::Assumed:
      return "assumed";
  }
  return "?";
}

CsvTable read_facts(const std::string& name, const FactsFolder& folder) {
  if (folder) return read_csv(*folder / name);
  const EmbeddedFile* file = find_embedded(cost_facts(), name);
  INGOT_INVARIANT(file, "the program holds no facts/", name);
  return parse_csv(file->bytes, "facts/" + name);
}

std::optional<double> optional_number(const CsvTable& table, size_t row, std::string_view column) {
  if (table.text(row, column).empty()) return {};
  return table.number(row, column);
}

namespace {
std::chrono::sys_days parse_date(std::string_view date) {
  int y = 0, m = 0, d = 0;
  char rest = 0;
  const std::string text(date);
  const bool read = std::sscanf(text.c_str(), "%4d-%2d-%2d%c", &y, &m, &d, &rest) == 3;
  const std::chrono::year_month_day day{std::chrono::year(y), std::chrono::month(m), std::chrono::day(d)};
  require("facts", read && day.ok(), "date is '", date, "', expected YYYY-MM-DD");
  return day;
}
}  // namespace

int days_between(std::string_view from, std::string_view to) {
  return int((parse_date(to) - parse_date(from)).count());
}

bool is_stale(std::string_view date, std::string_view on) { return days_between(date, on) > 365; }

}  // namespace ingot::cost
