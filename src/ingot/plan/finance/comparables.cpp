#include "ingot/plan/finance/comparables.h"

#include <algorithm>
#include <cmath>

#include "ingot/base/ascii.h"
#include "ingot/base/csv.h"
#include "ingot/base/embedded.h"
#include "ingot/base/error.h"

namespace ingot {
std::span<const EmbeddedFile> finance_facts();
}

namespace ingot::finance {
namespace {

std::vector<FundingRound> rounds_of(const CsvTable& table) {
  std::vector<FundingRound> rounds;
  Problems problems;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    FundingRound r;
    r.company = table.text(i, "company"), r.round = table.text(i, "round");
    r.source = table.text(i, "source"), r.evidence = table.text(i, "evidence");
    const auto where = table.origin + ":" + std::to_string(table.lines[i]) + ": ";
    auto day = table.text(i, "date");
    if (day.size() == 4) day += "-07-01";  // a year or a month only: its middle
    if (day.size() == 7) day += "-15";
    if (const auto date = Date::parse(day))
      r.date = *date;
    else
      problems.push_back(where + "date is '" + table.text(i, "date") + "', expected " + Date::kExpected);
    if (r.source.empty()) problems.push_back(where + "source is empty, expected where the figure comes from");
    if (!table.text(i, "amount_usd").empty()) r.amount = table.number(i, "amount_usd");
    if (!table.text(i, "post_money_usd").empty()) r.post_money = table.number(i, "post_money_usd");
    rounds.push_back(std::move(r));
  }
  throw_if_any("comparables", problems);
  return rounds;
}

}  // namespace

std::vector<FundingRound> read_funding_rounds(const std::filesystem::path& csv) { return rounds_of(read_csv(csv)); }

std::vector<FundingRound> parse_funding_rounds(std::string_view text, const std::string& origin) {
  return rounds_of(parse_csv(text, origin));
}

std::vector<FundingRound> catalogued_rounds() {
  const EmbeddedFile* file = find_embedded(finance_facts(), "funding_rounds.csv");
  INGOT_INVARIANT(file, "the program holds no facts/funding_rounds.csv");
  return parse_funding_rounds(file->bytes, "facts/funding_rounds.csv");
}

Quartiles quartiles(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    const double x = q * double(values.size() - 1);
    const auto i = size_t(x);
    return i + 1 < values.size() ? values[i] + (x - double(i)) * (values[i + 1] - values[i]) : values.back();
  };
  return {values.size(), at(0.25), at(0.5), at(0.75)};
}

ComparableResult comparables(const std::vector<FundingRound>& all, const std::string& stage, const Date& since) {
  ComparableResult result;
  std::vector<double> posts, dilutions;
  for (const auto& r : all) {
    if (r.date < since || !r.post_money || ascii_lower(r.round).find(ascii_lower(stage)) == std::string::npos) continue;
    result.rounds.push_back(r);
    posts.push_back(*r.post_money);
    if (r.amount && *r.amount < *r.post_money) dilutions.push_back(*r.amount / *r.post_money);
  }
  result.post_money = quartiles(posts);
  result.dilution = quartiles(dilutions);
  return result;
}

}  // namespace ingot::finance
