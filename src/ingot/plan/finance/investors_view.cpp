#include <fmt/format.h>

#include "ingot/plan/finance/plan_view.h"

namespace ingot::finance {

using report::Text;

Json story_section(const AdvantageResult& advantage) {
  Json names = Json::array(), scores = Json::array(), story = Json::array();
  for (const auto& row : advantage.rows) names.push_back(both(row.area)), scores.push_back(row.score);
  for (const auto& line : advantage.story) story.push_back(both(line));
  const Json score = {{"name", both("score", "得分")}, {"data", scores}};
  return section("story", both("Why us", "我们的独特优势"), Json(),
                 Json::array({{{"type", "text"}, {"style", "lead"}, {"text", story}},
                              chart("bar", both("Unique advantage, 1 to 5", "独特优势（1 至 5 分）"),
                                    {{"categories", names}, {"horizontal", true}, {"series", Json::array({score})}})}));
}

View investors_view(const std::vector<Match>& matches, const AdvantageResult* advantage) {
  View view;
  TextTable table({"rank", "investor", "score", "why", "conflict"});
  Json list = Json::array(), rows = Json::array();
  int rank = 0;
  for (const auto& m : matches) {
    Text why, conflict;
    Json reasons = Json::array();
    for (const auto& r : m.reasons) {
      why.en += (why.en.empty() ? "" : "; ") + r.en, why.zh += (why.zh.empty() ? "" : "；") + r.zh;
      reasons.push_back(r.en);
    }
    for (const auto& c : m.conflicts) {
      conflict.en += (conflict.en.empty() ? "owns " : ", ") + c,
          conflict.zh += (conflict.zh.empty() ? "持有 " : "、") + c;
    }
    table.add({std::to_string(++rank), m.investor.name, fmt::format("{:.0f}", m.score), why.en, conflict.en});
    rows.push_back({rank, m.investor.name, m.score, both(why), both(conflict)});
    list.push_back({{"rank", rank},
                    {"name", m.investor.name},
                    {"score", m.score},
                    {"reasons", reasons},
                    {"conflicts", m.conflicts}});
  }
  view.tables.emplace_back("", table);
  view.json["investors"] = list;
  view.sections.push_back(section("investors", both("Investors", "投资人"),
                                  both("Whom to ask first, and why", "优先联系谁，为什么"),
                                  Json::array({report_table(both("Ranked", "排序"),
                                                            {{"#", "int"},
                                                             {both("Investor", "投资人"), ""},
                                                             {both("Score", "得分"), "int"},
                                                             {both("Why", "理由"), ""},
                                                             {both("Conflict", "利益冲突"), ""}},
                                                            rows)})));
  if (advantage) {
    TextTable card({"area", "score", "weight", "evidence"});
    Json areas = Json::array(), story = Json::array();
    for (const auto& row : advantage->rows) {
      card.add({row.area.en, fmt::format("{:.1f}", row.score), fmt::format("{:.1f}", row.weight), row.evidence});
      areas.push_back(
          {{"area", row.area.en}, {"score", row.score}, {"weight", row.weight}, {"evidence", row.evidence}});
    }
    view.tables.emplace_back("unique advantage", card);
    view.notes.push_back(fmt::format("unique advantage: {:.2f} of 5", advantage->score));
    for (const auto& line : advantage->story) view.notes.push_back(line.en), story.push_back(line.en);
    view.json["advantage"] = {{"score", advantage->score}, {"areas", areas}, {"story", story}};
    view.sections.insert(view.sections.begin(), story_section(*advantage));
  }
  return view;
}

}  // namespace ingot::finance
