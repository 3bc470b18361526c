#include "ingot/plan/venture/rounds.h"

#include <cmath>

#include "ingot/plan/finance/round_events.h"

namespace ingot::venture {
namespace {

void append(finance::OcfPackage& package, const std::vector<Json>& events) {
  for (const auto& event : events) {
    const auto type = event.at("object_type").get<std::string>();
    const char* file = type == "STAKEHOLDER"   ? "OCF_STAKEHOLDERS_FILE"
                       : type == "STOCK_CLASS" ? "OCF_STOCK_CLASSES_FILE"
                       : type == "STOCK_PLAN"  ? "OCF_STOCK_PLANS_FILE"
                                               : "OCF_TRANSACTIONS_FILE";
    finance::file_for(package, file).document["items"].push_back(event);
  }
}

// Whole thousands: a term sheet names round numbers.
finance::Amount thousands(double major) { return {finance::Rational(std::llround(major / 1000) * 1000), ""}; }

}  // namespace

Rounds play_rounds(const Venture& v, const std::vector<MonthRecord>& certain) {
  Rounds rounds;
  auto package = v.package;
  auto table = v.table;
  for (size_t m = 0; m < certain.size(); ++m) {
    const auto& closing = certain[m].closing;
    if (!closing.closed) continue;
    const auto& stage = v.financing.stages[size_t(closing.stage)];
    finance::RoundSection section;
    section.series = stage.name;
    for (const auto& c : table.classes)
      if (c.name == section.series) section.series += " (new)";
    section.close = v.operating.start.add_months(int(m));
    section.pre_money = thousands(closing.pre_money);
    section.pool = stage.pool;
    section.investors.push_back({section.series + " investors", thousands(closing.amount - closing.loan)});
    try {
      const auto input = finance::round_of(table, section);
      auto result = finance::solve_round(input);
      append(package, finance::round_events(table, input, result));
      table = finance::replay(package);
      rounds.steps.push_back({section.series, int(m) + 1, closing, std::move(result), table});
    } catch (const Error& error) {
      rounds.warnings.push_back(section.series + ": " + error.what());
      break;
    }
  }
  return rounds;
}

}  // namespace ingot::venture
