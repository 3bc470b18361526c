// What `ingot demo` is made of: stages that leave JSON behind, and a report that reads nothing else.
//
// OUT/demo.json        finished stages with their seconds
// OUT/data             prepared text and tokenizer          (ingot data prepare)
// OUT/runs/<name>      the small runs of the scaling law and the main one   (ingot train)
// OUT/evaluation.json  samples.json  serving.json  economics.json  report.json  report.html
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/file.h"
#include "ingot/base/json.h"

namespace ingot::cli {

struct FundingConfig {  // [funding]: assumptions of the estimate; the report marks each as assumed
  std::string chip = "H100";
  double mfu = 0.35;
  double rd_share = 0.15;
  double compute_months = 1;
  double prepare_months = 3;
  int64_t team = 3;
  double usd_per_person_month = 18000;
  double usd_per_hour_here = 0.08;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("chip", self.chip, "rented chip, a name of `ingot cost hardware`");
    v("mfu", self.mfu, "model FLOPs utilisation on that chip");
    v("rd_share", self.rd_share, "final run / all compute of research and development (Epoch AI 2025: 0.1 to 0.3)");
    v("compute_months", self.compute_months, "months within which all compute must fit; sets the number of chips");
    v("prepare_months", self.prepare_months,
      "months of data and engineering besides, at 10 times; half as many again each further step");
    v("team", self.team, "people at 10 times; half as many again each further step");
    v("usd_per_person_month", self.usd_per_person_month, "loaded cost of a person");
    v("usd_per_hour_here", self.usd_per_hour_here, "price of an hour of a machine like this one");
  }
  Problems validate() const;
};

struct DemoPlan {
  struct Size {
    std::string name;
    int64_t n_layer, n_head, n_embd, steps;
    double lr;
  };
  std::vector<Size> ladder;  // constant learning rate: their evaluations are the points of the scaling law
  Size main;
  int64_t vocab_size;
};
DemoPlan demo_plan(bool quick);

// Scaling-law fit over the runs of `folder`, cost of what was measured, and the estimate for 10, 100 and 1000 times the
// parameters.
Json demo_economics(const fs::path& folder, const DemoPlan& plan, const FundingConfig& funding);

// The report document (docs/report.md) from the JSON files of `folder`.
Json demo_document(const fs::path& folder);

}  // namespace ingot::cli
