#include "ingot/plan/cost/hardware.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "ingot/base/ascii.h"
#include "ingot/base/error.h"

namespace ingot::cost {
namespace {

std::optional<double> scaled(const CsvTable& t, size_t row, const char* column, double scale) {
  const auto value = optional_number(t, row, column);
  if (value) require("facts", *value > 0, t.origin, ":", t.lines[row], ": ", column, " is ", *value, ", expected > 0");
  return value ? std::optional(*value * scale) : std::nullopt;
}

std::optional<double> rate(const Quote& quote, Contract contract) {
  switch (contract) {
    case Contract::OnDemand:
      return quote.on_demand;
    case Contract::OneYear:
      return quote.one_year;
    case Contract::ThreeYear:
      return quote.three_year;
    case Contract::Purchase:
      return quote.purchase;
  }
  return {};
}

}  // namespace

double bytes_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::Fp32:
      return 4;
    case Dtype::Bf16:
      return 2;
    case Dtype::Fp8:
    case Dtype::Int8:
      return 1;
    case Dtype::Int4:
      return 0.5;
  }
  return 2;
}

double Chip::peak_flops(Dtype dtype) const {
  const auto found = dtype == Dtype::Fp32   ? fp32_flops
                     : dtype == Dtype::Fp8  ? fp8_flops
                     : dtype == Dtype::Int8 ? int8_flops
                                            : bf16_flops;
  if (!found)
    fail(ErrorKind::Unsupported, "cost", "chip ", id, " has no catalogued rate for ", enum_name(dtype),
         ", expected one of", bf16_flops ? " bf16" : "", fp8_flops ? " fp8" : "", int8_flops ? " int8" : "",
         fp32_flops ? " fp32" : "");
  return *found;
}

HardwareCatalogue HardwareCatalogue::load(const FactsFolder& folder) {
  HardwareCatalogue catalogue;
  const CsvTable t = read_facts("hardware.csv", folder);
  for (size_t i = 0; i < t.rows.size(); ++i) {
    Chip chip{.id = t.text(i, "id"),
              .name = t.text(i, "name"),
              .vendor = t.text(i, "vendor"),
              .kind = t.text(i, "kind"),
              .release_date = t.text(i, "release_date")};
    chip.fp32_flops = scaled(t, i, "fp32_tflops", 1e12);
    chip.bf16_flops = scaled(t, i, "bf16_tflops", 1e12);
    chip.fp8_flops = scaled(t, i, "fp8_tflops", 1e12);
    chip.int8_flops = scaled(t, i, "int8_tops", 1e12);
    chip.memory_bytes = t.number(i, "memory_gb") * 0x1p30;  // a vendor's GB of memory is a GiB
    chip.memory_bandwidth = t.number(i, "bandwidth_gb_per_s") * 1e9;
    chip.tdp_w = scaled(t, i, "tdp_w", 1).value_or(0);
    // Vendors print the sum of both directions for the link inside a node, one direction for network cards.
    chip.link_bandwidth = scaled(t, i, "link_gb_per_s", 0.5e9).value_or(0);
    chip.nic_bandwidth = scaled(t, i, "nic_gb_per_s", 1e9).value_or(0);
    chip.cores = int(optional_number(t, i, "cores").value_or(0));
    chip.chips_per_node = int(t.number(i, "chips_per_node"));
    chip.measured_bf16_flops = scaled(t, i, "measured_bf16_tflops", 1e12);
    chip.measured_fp8_flops = scaled(t, i, "measured_fp8_tflops", 1e12);
    chip.source = t.text(i, "source");
    chip.source_date = t.text(i, "source_date");
    chip.note = t.text(i, "note");
    catalogue.chips_.push_back(std::move(chip));
  }
  const CsvTable q = read_facts("gpu_prices.csv", folder);
  for (size_t i = 0; i < q.rows.size(); ++i)
    catalogue.quotes_.push_back({q.text(i, "chip"), q.text(i, "date"), q.text(i, "seller"), q.text(i, "region"),
                                 q.text(i, "source"), scaled(q, i, "on_demand_usd_per_hour", 1),
                                 scaled(q, i, "one_year_usd_per_hour", 1), scaled(q, i, "three_year_usd_per_hour", 1),
                                 scaled(q, i, "purchase_usd", 1)});
  return catalogue;
}

const Chip& HardwareCatalogue::chip(std::string_view name) const {
  const std::string wanted = ascii_lower(name);
  std::vector<std::string> ids;
  for (const auto& chip : chips_) {
    if (ascii_lower(chip.id) == wanted || ascii_lower(chip.name) == wanted) return chip;
    ids.push_back(chip.id);
  }
  std::string hint = suggest(name, ids), several;
  int count = 0;
  for (const auto& id : ids)  // "A100" names several: say which
    if (ascii_lower(id).starts_with(wanted)) several += (count++ ? ", " : "") + id;
  if (count > 1) hint += (hint.empty() ? "; " : " There are ") + ("several, such as " + several);
  fail(ErrorKind::NotFound, "cost", "chip is '", name, "', expected a name from `ingot cost hardware`", hint);
}

std::optional<Price> HardwareCatalogue::find_price(const Chip& chip, Contract contract) const {
  std::vector<const Quote*> found;
  std::string newest;
  for (const auto& quote : quotes_)
    if (quote.chip == chip.id && rate(quote, contract)) {
      found.push_back(&quote);
      newest = std::max(newest, quote.date);
    }
  if (found.empty()) return {};
  std::erase_if(found, [&](const Quote* quote) { return days_between(quote->date, newest) > 180; });
  const auto value = [&](const Quote* quote) { return *rate(*quote, contract); };
  std::sort(found.begin(), found.end(), [&](auto* a, auto* b) { return value(a) < value(b); });
  const size_t n = found.size();
  return Price{(value(found[(n - 1) / 2]) + value(found[n / 2])) / 2,
               value(found.front()),
               value(found.back()),
               int(n),
               newest,
               found[(n - 1) / 2]->source};
}

Price HardwareCatalogue::price(const Chip& chip, Contract contract) const {
  if (auto found = find_price(chip, contract)) return *found;
  fail(ErrorKind::NotFound, "cost", "price of ", chip.id, " (", enum_name(contract),
       ") is not in the catalogue, expected a quote in facts/gpu_prices.csv; give one with ",
       contract == Contract::Purchase ? "--purchase-usd" : "--rental-usd-per-hour",
       "; `ingot cost train` also does without it: --bases");
}

}  // namespace ingot::cost
