#include "ingot/plan/finance/investors.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ingot/base/ascii.h"
#include "ingot/base/csv.h"
#include "ingot/base/error.h"

namespace ingot::finance {

using report::si_zh;
using report::Text;

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

std::string short_amount(double major) { return fmt::format("{:.3g}m", major / 1e6); }

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
    const auto list = [&](const char* column) {
      const auto text = table.text(i, column);
      if (text.find(';') != std::string::npos)
        problems.push_back(where + column + " is '" + text + "', expected parts between |");
      return split(text);
    };
    v.stages = list("stages"), v.sectors = list("sectors");
    v.geographies = list("geographies"), v.portfolio = list("portfolio");
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
  require("investors", !s.stage.empty(), "investors.stage is missing, expected the stage of the round as in the CSV");
  std::vector<Match> matches;
  for (const auto& v : investors) {
    Match m;
    m.investor = v;
    const auto add = [&](double points, double of, const std::string& en, const std::string& zh) {
      const auto score = fmt::format("{:+.0f}/{:.0f} ", points, of);
      m.score += points;
      m.reasons.push_back({score + en, score + zh});
    };
    if (has(v.stages, s.stage))
      add(kStage, kStage, "invests at " + s.stage, "投资 " + s.stage + " 轮");
    else
      add(0, kStage, "does not list " + s.stage, "未列出 " + s.stage + " 轮");
    const auto range = short_amount(v.smallest) + " to " + short_amount(v.largest);
    const auto range_zh = si_zh(v.smallest) + " 至 " + si_zh(v.largest);
    if (amount >= v.smallest && amount <= v.largest) {
      add(kCheque, kCheque, "writes " + range, "单笔 " + range_zh);
    } else {
      // Half the points at twice too much or too little, none beyond four times.
      const double ratio = amount < v.smallest ? v.smallest / amount : amount / std::max(1.0, v.largest);
      add(std::max(0.0, kCheque * (1 - std::log2(ratio) / 2)), kCheque,
          "cheque of " + short_amount(amount) + " is outside " + range,
          "单笔 " + si_zh(amount) + " 不在 " + range_zh + " 之内");
    }
    Text shared;
    double common = 0;
    for (const auto& sector : s.sectors)
      if (has(v.sectors, sector)) {
        common += 1;
        shared.en += (shared.en.empty() ? "knows " : ", ") + sector;
        shared.zh += (shared.zh.empty() ? "熟悉 " : "、") + sector;
      }
    const double part = s.sectors.empty() ? 1 : std::min(1.0, common / std::min<double>(2, double(s.sectors.size())));
    if (s.sectors.empty()) shared = {"no sector asked for", "未要求行业"};
    if (shared.en.empty()) shared = {"no sector in common", "无共同行业"};
    add(kSector * part, kSector, shared.en, shared.zh);
    if (s.geography.empty())
      add(kGeography, kGeography, "no geography asked for", "未要求地区");
    else if (has(v.geographies, s.geography) || has(v.geographies, "global"))
      add(kGeography, kGeography, "invests in " + s.geography, "投资 " + s.geography);
    else
      add(0, kGeography, "does not invest in " + s.geography, "不投资 " + s.geography);
    if (!s.need_lead)
      add(kRole, kRole, "joins rounds", "可参与本轮");
    else if (v.role != "follow")
      add(kRole, kRole, "leads rounds", "可领投");
    else
      add(0, kRole, "follows only, and the round needs a lead", "只跟投，而本轮需要领投");
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
  r.rows = {{{"technology", "技术"}, a.technology.evidence, a.technology.score, a.technology.weight},
            {{"data", "数据"}, a.data.evidence, a.data.score, a.data.weight},
            {{"team", "团队"}, a.team.evidence, a.team.score, a.team.weight},
            {{"market", "市场"}, a.market.evidence, a.market.score, a.market.weight},
            {{"cost", "成本"}, a.cost.evidence, a.cost.score, a.cost.weight}};
  double weights = 0;
  for (const auto& row : r.rows) r.score += row.score * row.weight, weights += row.weight;
  require("advantage", weights > 0, "the weights sum to 0, expected a positive weight");
  r.score /= weights;
  std::stable_sort(r.rows.begin(), r.rows.end(), [](const AdvantageRow& x, const AdvantageRow& y) {
    return x.score * x.weight > y.score * y.weight;
  });
  const auto say = [&](const AdvantageRow& row, const std::string& en, const std::string& zh) {
    r.story.push_back({en + ": " + row.evidence + ".", zh + "：" + row.evidence + "。"});
  };
  const auto &first = r.rows[0], &second = r.rows[1], &weakest = r.rows.back();
  say(first, "Why us", "为什么是我们（" + first.area.zh + "）");
  say(second, "And", "此外（" + second.area.zh + "）");
  say(weakest, fmt::format("To prove next ({}, {:.1f} of 5)", weakest.area.en, weakest.score),
      fmt::format("接下来要证明（{}，{:.1f}/5）", weakest.area.zh, weakest.score));
  return r;
}

}  // namespace ingot::finance
