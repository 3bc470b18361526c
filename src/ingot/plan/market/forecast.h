// Market size and firm shares, month by month: the capability race moves qualities, the static equilibrium sets prices,
// adoption follows the generalised Bass model, and buyers stay with the firm of last month as far as they are loyal.
//   quality of firm f     its points gained since the start, less those of the outside option (free and self-hosted
//                         older models, which follow the frontier), times the utility of a point;
//   cost                  falls by half every `cost_halving_months`;
//   prices                Bertrand-Nash of that month: firms do not plan ahead in prices (they do not harvest loyalty);
//   adoption              F(t) of each segment, effort from the change of its mean price and of mean quality over
//   trend; loyalty               the buyers of last month are consumer types of their own; new adopters have no last
//   firm.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingot/plan/market/diffusion.h"
#include "ingot/plan/market/industry.h"
#include "ingot/plan/market/rivals.h"

namespace ingot::market {

struct AdoptionSection {
  std::string name;
  std::optional<double> adopted, p, q;
  std::string like;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "segment, as the market names it");
    v("adopted", self.adopted, "share of its potential buyers that buy at the start");
    v("p", self.p, "innovation, a year");
    v("q", self.q, "imitation, a year");
    v("like", self.like, "product of facts/market_diffusion.csv whose p and q to take");
  }
};

struct ForecastSection {
  std::optional<double> adopted, p, q;
  std::string like = "average Sultan-Farley-Lehmann 1990";
  double price_effect = -1, quality_effect = 0.05, potential_elasticity = 0;
  double usage_growth = 0;
  double cost_halving_months = 24.84;
  std::optional<double> outside_points;
  double trend_points = 15.5;
  std::optional<double> taste;
  bool settle = true;
  std::vector<AdoptionSection> segments;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("adopted", self.adopted, "share of potential buyers that buy at the start; absent: no diffusion");
    v("p", self.p, "innovation, a year");
    v("q", self.q, "imitation, a year");
    v("like", self.like, "product of facts/market_diffusion.csv whose p and q to take");
    v("price_effect", self.price_effect, "of a relative change of the mean price on the pace of adoption, <= 0");
    v("quality_effect", self.quality_effect, "of a point of mean capability over trend on the pace of adoption");
    v("potential_elasticity", self.potential_elasticity, "of the potential to the mean price, <= 0");
    v("usage_growth", self.usage_growth, "of a buyer's units, a month");
    v("cost_halving_months", self.cost_halving_months, "marginal cost of a unit halves in");
    v("outside_points", self.outside_points, "points a year that the outside option gains (default: as the frontier)");
    v("trend_points", self.trend_points, "points a year that p and q take for granted");
    v("taste", self.taste, "utility of one point (default: demand.quality where products have one)");
    v("settle", self.settle, "start with the buyers' firms of last month at which the observed market would rest");
    v("segments", self.segments, "segments that adopt at their own pace");
  }
  Problems validate() const;
};

// For the market of the catalogue: adoption and trend of facts/market_parameters.csv.
ForecastSection default_forecast();

struct ForecastMonth {
  double size = 0;              // units in the period of the market, the outside option included
  double mean_price = 0;        // of the products sold
  std::vector<double> adopted;  // [G] share of the potential
  std::vector<double> share;    // [industry firms] of all units
  std::vector<double> revenue;  // [industry firms] a month, in the market's currency
  std::vector<double> profit;   // [industry firms] before R&D
  std::vector<double> points;   // [race firms]
  double consumer_surplus = 0;  // a month
  Equilibrium equilibrium;
};

// The market of a race: give `race_market()` to simulate_race and read `months()` afterwards.
class MovingMarket {
 public:
  // Throws InvalidArgument that names every wrong value.
  MovingMarket(const Industry& given, const RaceSection& race, const ForecastSection& forecast);
  RaceMarket race_market();  // refers to this object
  const std::vector<ForecastMonth>& months() const { return months_; }
  // What was assumed, in English and Chinese.
  const std::vector<std::pair<std::string, std::string>>& notes() const { return notes_; }

 private:
  struct Group {  // buyers who differ in nothing but the firm of last month
    ConsumerType type;
    std::vector<double> last;  // [1 + firms] weight of no firm, then of each
  };
  MonthlyIncome income(int month, std::span<const double> points) const;
  MonthlyIncome advance(int month, std::span<const double> points);
  Industry at(int month, std::span<const double> points) const;
  MonthlyIncome income_of(const Industry& m, const Equilibrium& e) const;

  Industry start_, now_;            // now_: types and size of this month
  std::vector<int32_t> race_firm_;  // [industry firms] index in the race, -1: keeps pace with the frontier
  std::vector<double> start_points_;
  ForecastSection forecast_;
  double utility_of_point_ = 0, months_per_period_ = 1;
  std::vector<GeneralizedBass> bass_;       // [G], base.p and q a month
  std::vector<double> adopted_, adopted0_;  // [G]; adopted0_ 0: no diffusion
  std::vector<double> segment_weight_;      // [G] at the start
  std::vector<Group> groups_;
  std::vector<ForecastMonth> months_;
  std::vector<std::pair<std::string, std::string>> notes_;
  double first_price_ = 0;
};

// 5, 25, 50, 75 and 95 % of firm shares, of the market's size and of all revenue over `paths` futures of the race.
struct ForecastFan {
  int paths = 0;
  std::vector<std::vector<std::array<double, 5>>> share;  // [industry firms][months + 1] of the units sold
  std::vector<std::array<double, 5>> size, revenue;       // [months + 1]
};
ForecastFan fan_forecast(const Industry& industry, const RaceSection& race, const ForecastSection& forecast, int paths,
                         uint64_t seed);

}  // namespace ingot::market
