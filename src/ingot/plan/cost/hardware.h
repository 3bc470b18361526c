// Chips and what an hour of them costs: facts/hardware.csv and facts/gpu_prices.csv.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/plan/cost/facts.h"

namespace ingot::cost {

enum class Dtype { Bf16, Fp8, Int8, Fp32, Int4 };  // Int4 is for stored weights only; it multiplies as bf16
double bytes_of(Dtype dtype);

enum class Contract { OnDemand, OneYear, ThreeYear, Purchase };

}  // namespace ingot::cost

namespace ingot {
template <>
struct EnumNames<cost::Dtype> {
  static constexpr std::pair<const char*, cost::Dtype> kValues[] = {{"bf16", cost::Dtype::Bf16},
                                                                    {"fp8", cost::Dtype::Fp8},
                                                                    {"int8", cost::Dtype::Int8},
                                                                    {"fp32", cost::Dtype::Fp32},
                                                                    {"int4", cost::Dtype::Int4}};
};
template <>
struct EnumNames<cost::Contract> {
  static constexpr std::pair<const char*, cost::Contract> kValues[] = {{"on-demand", cost::Contract::OnDemand},
                                                                       {"one-year", cost::Contract::OneYear},
                                                                       {"three-year", cost::Contract::ThreeYear},
                                                                       {"purchase", cost::Contract::Purchase}};
};
}  // namespace ingot

namespace ingot::cost {

// Throws InvalidArgument with the names that exist.
template <NamedEnum E>
E parse_enum(const char* what, std::string_view text) {
  std::vector<std::string> names;
  for (const auto& [name, value] : EnumNames<E>::kValues) {
    if (text == name) return value;
    names.emplace_back(name);
  }
  fail(ErrorKind::InvalidArgument, "cost", what, " is '", text, "'", suggest(text, names));
}

// Peaks are dense (vendor sheets often print sparse). Bandwidths of links are per direction, bytes/s.
struct Chip {
  std::string id, name, vendor, kind, release_date;
  std::optional<double> fp32_flops, bf16_flops, fp8_flops, int8_flops;
  double memory_bytes = 0;
  double memory_bandwidth = 0;
  double tdp_w = 0;
  double link_bandwidth = 0;  // to the other chips of its node; 0: none
  double nic_bandwidth = 0;   // to other nodes; 0: unknown
  int cores = 0;              // streaming multiprocessors, for the last wave of tiles; 0: not modelled
  int chips_per_node = 1;
  std::optional<double> measured_bf16_flops, measured_fp8_flops;  // best matmul rate somebody measured
  std::string source, source_date, note;

  // Throws Unsupported, naming what the chip has, when it has no such rate.
  double peak_flops(Dtype dtype) const;
};

struct Quote {
  std::string chip, date, seller, region, source;
  std::optional<double> on_demand, one_year, three_year, purchase;  // USD an hour, USD a chip
};

// Median and range of the quotes dated within 180 days of the newest.
struct Price {
  double median = 0, low = 0, high = 0;
  int num_quotes = 0;
  std::string date;    // of the newest quote
  std::string source;  // of the quote nearest to the median
};

class HardwareCatalogue {
 public:
  static HardwareCatalogue load(const FactsFolder& folder = {});
  const std::vector<Chip>& chips() const { return chips_; }
  const std::vector<Quote>& quotes() const { return quotes_; }
  // By id or full name, in any case. Throws NotFound with near names.
  const Chip& chip(std::string_view name) const;
  std::optional<Price> find_price(const Chip& chip, Contract contract) const;
  // Throws NotFound, naming the flag that gives a price, when no quote is known.
  Price price(const Chip& chip, Contract contract) const;

 private:
  std::vector<Chip> chips_;
  std::vector<Quote> quotes_;
};

}  // namespace ingot::cost
