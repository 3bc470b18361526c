#include "ingot/plan/finance/investors.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ingot/base/ascii.h"
#include "ingot/base/csv.h"
#include "ingot/base/error.h"

namespace ingot::finance {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('|', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty()) parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

bool has(const std::vector<std::string>& list, const std::string& value) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& x) { return ascii_lower(x) == ascii_lower(value); });
}

// Points of each question; they sum to 100.
constexpr double kStage = 30, kCheque = 25, kSector = 25, kGeography = 10, kRole = 10;

}  // namespace

std::vector<Investor> read_investors(const std::filesystem::path& csv) {
  const auto table = read_csv(csv);
  std::vector<Investor> investors;
  Problems problems;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    Investor v;
    v.line = table.lines[i];
    const auto where = table.origin + ":" + std::to_string(v.line) + ": ";
    v.name = table.text(i, "name");
    v.stages = split(table.text(i, "stages")), v.sectors = split(table.text(i, "sectors"));
    v.geographies = split(table.text(i, "geographies")), v.portfolio = split(table.text(i, "portfolio"));
    v.smallest = table.number(i, "min_cheque"), v.largest = table.number(i, "max_cheque");
    v.role = ascii_lower(table.text(i, "role"));
    if (v.name.empty()) problems.push_back(where + "name is empty, expected a name");
    if (v.smallest < 0 || v.largest < v.smallest)
      problems.push_back(
          where + fmt::format("cheques are {} to {}, expected 0 <= min_cheque <= max_cheque", v.smallest, v.largest));
    if (v.role != "lead" && v.role != "follow" && v.role != "both")
      problems.push_back(where + "role is '" + v.role + "', expected lead, follow or both");
    investors.push_back(std::move(v));
  }
  throw_if_any("investors", problems);
  return investors;
}

std::vector<Match> rank_investors(const std::vector<Investor>& investors, const InvestorSearch& s) {
  const double amount = s.amount.value.to_double();
  require("investors", amount > 0, "investors.amount is ", s.amount.value.decimal(), ", expected > 0");
  std::vector<Match> matches;
  for (const auto& v : investors) {
    Match m;
    m.investor = v;
    const auto add = [&](double points, double of, const std::string& why) {
      m.score += points;
      m.reasons.push_back(fmt::format("{:+.0f}/{:.0f} {}", points, of, why));
    };
    if (has(v.stages, s.stage))
      add(kStage, kStage, "invests at " + s.stage);
    else
      add(0, kStage, "does not list " + s.stage);
    if (amount >= v.smallest && amount <= v.largest) {
      add(kCheque, kCheque, fmt::format("writes {:.3g}m to {:.3g}m", v.smallest / 1e6, v.largest / 1e6));
    } else {
      // Half the points at twice too much or too little, none beyond four times.
      const double ratio = amount < v.smallest ? v.smallest / amount : amount / std::max(1.0, v.largest);
      add(std::max(0.0, kCheque * (1 - std::log2(ratio) / 2)), kCheque,
          fmt::format("cheque of {:.3g}m is outside {:.3g}m to {:.3g}m", amount / 1e6, v.smallest / 1e6,
                      v.largest / 1e6));
    }
    std::string shared;
    double common = 0;
    for (const auto& sector : s.sectors)
      if (has(v.sectors, sector)) common += 1, shared += (shared.empty() ? "" : ", ") + sector;
    const double part = s.sectors.empty() ? 1 : std::min(1.0, common / std::min<double>(2, double(s.sectors.size())));
    add(kSector * part, kSector, shared.empty() ? "no sector in common" : "knows " + shared);
    if (has(v.geographies, s.geography) || has(v.geographies, "global"))
      add(kGeography, kGeography, "invests in " + s.geography);
    else
      add(0, kGeography, "does not invest in " + s.geography);
    if (!s.need_lead || v.role != "follow")
      add(kRole, kRole, s.need_lead ? "leads rounds" : "joins rounds");
    else
      add(0, kRole, "follows only, and the round needs a lead");
    for (const auto& c : s.competitors)
      if (has(v.portfolio, c)) m.conflicts.push_back(c);
    matches.push_back(std::move(m));
  }
  std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    if (a.conflicts.empty() != b.conflicts.empty()) return a.conflicts.empty();
    return a.score > b.score;
  });
  return matches;
}

Problems Advantage::validate() const {
  Problems problems;
  for (const auto& [name, line] : {std::pair<const char*, const AdvantageLine*>{"technology", &technology},
                                   {"data", &data},
                                   {"team", &team},
                                   {"market", &market},
                                   {"cost", &cost}}) {
    if (!(line->score >= 1 && line->score <= 5))
      problems.push_back(fmt::format("{}.score: got {}, expected 1 to 5", name, line->score));
    if (!(line->weight >= 0)) problems.push_back(fmt::format("{}.weight: got {}, expected >= 0", name, line->weight));
    if (line->evidence.empty())
      problems.push_back(fmt::format("{}.evidence: missing, expected what an investor can check", name));
  }
  return problems;
}

AdvantageResult score_advantage(const Advantage& a) {
  AdvantageResult r;
  r.rows = {{"technology", "技术", a.technology.evidence, a.technology.score, a.technology.weight},
            {"data", "数据", a.data.evidence, a.data.score, a.data.weight},
            {"team", "团队", a.team.evidence, a.team.score, a.team.weight},
            {"market", "市场", a.market.evidence, a.market.score, a.market.weight},
            {"cost", "成本", a.cost.evidence, a.cost.score, a.cost.weight}};
  double weights = 0;
  for (const auto& row : r.rows) r.score += row.score * row.weight, weights += row.weight;
  require("advantage", weights > 0, "the weights sum to 0, expected a positive weight");
  r.score /= weights;
  std::stable_sort(r.rows.begin(), r.rows.end(), [](const AdvantageRow& x, const AdvantageRow& y) {
    return x.score * x.weight > y.score * y.weight;
  });
  r.story.push_back("Why us: " + r.rows[0].evidence + ".");
  r.story.push_back("And: " + r.rows[1].evidence + ".");
  r.story.push_back("To prove next (" + r.rows.back().area + ", " + fmt::format("{:.1f}", r.rows.back().score) +
                    " of 5): " + r.rows.back().evidence + ".");
  return r;
}

}  // namespace ingot::finance
