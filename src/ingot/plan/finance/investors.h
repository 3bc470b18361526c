// Which investors to ask first, and why; and the scorecard of a company's unique advantage.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/plan/finance/money.h"
#include "ingot/plan/report/text.h"

namespace ingot::finance {

struct Investor {
  std::string name;
  std::vector<std::string> stages, sectors, geographies, portfolio;
  double smallest = 0, largest = 0;  // cheque, in the company's currency
  std::string role;                  // lead, follow or both
  int64_t line = 0;
};
// Columns name, stages, min_cheque, max_cheque, sectors, geographies, role, portfolio; lists are separated by "|".
std::vector<Investor> read_investors(const std::filesystem::path& csv);

struct InvestorSearch {
  std::string file;
  std::string stage;
  Amount amount;
  std::vector<std::string> sectors, competitors;
  std::string geography;
  bool need_lead = true;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("file", self.file, "CSV of investors, relative to this file");
    v("stage", self.stage, "of the round, as in the CSV");
    v("amount", self.amount, "wanted from one investor");
    v("sectors", self.sectors, "what the company does");
    v("competitors", self.competitors, "companies whose investors have a conflict");
    v("geography", self.geography, "where the company is");
    v("need_lead", self.need_lead, "the round still lacks a lead");
  }
};

struct Match {
  Investor investor;
  double score = 0;                    // 0 to 100
  std::vector<report::Text> reasons;   // for and against, with the points
  std::vector<std::string> conflicts;  // competitors in the portfolio
};
// By score, conflicts last; equal scores keep the order of the file.
std::vector<Match> rank_investors(const std::vector<Investor>& investors, const InvestorSearch& search);

struct AdvantageLine {
  double score = 0;  // 1 to 5
  double weight = 1;
  std::string evidence;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("score", self.score, "1 (none) to 5 (nobody else has it)");
    v("weight", self.weight, "importance");
    v("evidence", self.evidence, "what an investor can check");
  }
};
struct Advantage {
  AdvantageLine technology, data, team, market, cost;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("technology", self.technology, "what the models do better");
    v("data", self.data, "what only this company can train on");
    v("team", self.team, "who does it");
    v("market", self.market, "who buys and why now");
    v("cost", self.cost, "what it costs less");
  }
  Problems validate() const;
};
struct AdvantageRow {
  report::Text area;
  std::string evidence;
  double score, weight;
};
struct AdvantageResult {
  std::vector<AdvantageRow> rows;   // strongest first
  double score = 0;                 // weighted mean, 1 to 5
  std::vector<report::Text> story;  // sentences of the story page
};
AdvantageResult score_advantage(const Advantage& advantage);

}  // namespace ingot::finance
