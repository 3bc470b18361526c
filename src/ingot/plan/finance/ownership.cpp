#include "ingot/plan/finance/ownership.h"

namespace ingot::finance {

Ownership ownership_of(const CapTable& table, const FinancingPolicy& policy) {
  Ownership o;
  const double all = double(table.fully_diluted());
  double stock = 0, common = double(table.promised);
  for (const auto& h : table.holdings) {
    const bool preferred = h.kind == PositionKind::Stock && table.share_class(h.class_id).preferred;
    if (!preferred) common += double(table.as_converted(h));
    if (!preferred && h.kind == PositionKind::Stock) stock += double(table.as_converted(h));
  }
  for (const auto& p : table.plans) common += double(p.available());
  o.founder = all > 0 ? stock / all : 1, o.common = all > 0 ? common / all : 1;
  for (const auto& c : capital_structure(table, table.as_of).classes)
    o.preference += double(c.claim) / double(table.currency.minor_per_major());
  if (policy.founder_share) o.founder = policy.founder_share->value.to_double();
  if (policy.common_share) o.common = policy.common_share->value.to_double();
  if (policy.preference) o.preference = policy.preference->value.to_double();
  return o;
}

std::vector<Instrument> instruments_for(const Ownership& o) {
  return {Instrument::Equity, o.preference > 0 ? Instrument::Debt : Instrument::Safe};
}

}  // namespace ingot::finance
