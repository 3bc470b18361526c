// Dollars of a number of chip-hours on four accounting bases that differ by up to two orders of magnitude, so that each
// figure carries its basis (Cottier et al. 2024, arXiv 2405.21015, compares the first three).
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "ingot/plan/cost/hardware.h"

namespace ingot::cost {

enum class AccountingBasis { Rental, Amortised, Capex, Energy };

}  // namespace ingot::cost

namespace ingot {
template <>
struct EnumNames<cost::AccountingBasis> {
  static constexpr std::pair<const char*, cost::AccountingBasis> kValues[] = {
      {"rental", cost::AccountingBasis::Rental},
      {"amortised", cost::AccountingBasis::Amortised},
      {"capex", cost::AccountingBasis::Capex},
      {"energy", cost::AccountingBasis::Energy}};
};
}  // namespace ingot

namespace ingot::cost {

struct Prices {
  std::vector<AccountingBasis> bases{AccountingBasis::Rental, AccountingBasis::Amortised, AccountingBasis::Capex,
                                     AccountingBasis::Energy};
  Contract contract = Contract::OnDemand;
  std::optional<double> rental_usd_per_hour, purchase_usd;  // absent: the catalogue's
  double server_multiplier = 1.25;                          // chip -> its share of server and network
  double life_years = 4;
  double capital_rate = 0.10;
  double availability = 0.9;      // share of the hours of a year that an owned chip works
  std::optional<double> power_w;  // draw of a chip with its share of the server; absent: TDP * server_power
  double server_power = 1.4;      // 980 W for a 700 W chip (DGX H100 data sheet: 10.2 kW for eight at most)
  double pue = 1.25;
  double usd_per_kwh = 0.08;      // US industrial, 2024 (EIA Electric Power Monthly, table 5.3: 8.1 cents)
  double kg_co2_per_kwh = 0.385;  // US average used by Touvron et al. 2023, sec. 6
  double rd_share = 0.15;         // final run / R&D compute: 0.1 to 0.3 (Epoch AI 2025)

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("bases", self.bases, "rental, amortised, capex, energy: those to report; each needs its price");
    v("contract", self.contract, "on-demand, one-year or three-year rental quotes");
    v("rental_usd_per_hour", self.rental_usd_per_hour, "a chip-hour; absent: the catalogue's median");
    v("purchase_usd", self.purchase_usd, "a chip; absent: the catalogue's median");
    v("server_multiplier", self.server_multiplier, "price with server and network / price of the chip");
    v("life_years", self.life_years, "years over which the purchase is paid off");
    v("capital_rate", self.capital_rate, "yearly cost of capital");
    v("availability", self.availability, "share of a year that an owned chip works");
    v("power_w", self.power_w, "watts a chip with its share of the server; absent: TDP * server_power");
    v("server_power", self.server_power, "watts with server / TDP of the chip");
    v("pue", self.pue, "power usage effectiveness of the data centre");
    v("usd_per_kwh", self.usd_per_kwh, "price of electricity");
    v("kg_co2_per_kwh", self.kg_co2_per_kwh, "carbon intensity of the grid");
    v("rd_share", self.rd_share, "final run / all compute of research and development");
  }
  Problems validate() const;
  bool reports(AccountingBasis basis) const { return std::find(bases.begin(), bases.end(), basis) != bases.end(); }
};

// Capital recovery factor r / (1 - (1 + r)^-T); 1/T without interest.
double annuity(double rate, double years);

// What an owned chip costs while it works.
struct OwnedHour {
  double capital_usd_per_year = 0, kwh_per_year = 0, energy_usd_per_year = 0;
  double usd_per_hour = 0;  // of the hours that it works
};
OwnedHour owned_hour(double purchase_usd, double power_w, const Prices& prices);

struct Energy {
  double mwh = 0, tonnes_co2 = 0, usd = 0;
};
Energy energy_of(double chip_hours, double power_w, const Prices& prices);

double power_of(const Chip& chip, const Prices& prices);

}  // namespace ingot::cost
