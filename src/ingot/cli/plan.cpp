// ingot plan: the closed loop, from the training run to the term sheet.
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/env.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/progress.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/output.h"
#include "ingot/plan/report/report.h"
#include "ingot/plan/venture/view.h"

namespace ingot::cli {
namespace {

struct VentureFlags {
  std::string file;
  OutputFlags output;
  std::vector<std::string> set;
  std::optional<uint64_t> paths;
  std::optional<uint32_t> seed;
  int threads = 0;
  bool sweep = false, merge = false;
  std::string shard, parts;
};

volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }

// One bar a stage on a terminal; Ctrl-C ends the stage after its current chunk.
class Bars {
 public:
  Bars() { old_ = std::signal(SIGINT, on_interrupt); }
  ~Bars() { std::signal(SIGINT, old_); }
  bool operator()(const std::string& stage, uint64_t done, uint64_t total) {
    if (is_terminal()) {
      if (stage != stage_) bar_.reset(), bar_.emplace(stage, int64_t(total)), stage_ = stage;
      bar_->update(int64_t(done));
    }
    return !interrupted;
  }
  void finish() {
    if (bar_) bar_->finish();
    bar_.reset();
  }

 private:
  std::optional<Progress> bar_;
  std::string stage_;
  void (*old_)(int);
};

// --shard I/N, --merge, or the rank under mpirun.
venture::Sharding sharding_of(const VentureFlags& o) {
  using Role = venture::Sharding::Role;
  venture::Sharding s;
  const auto [rank, ranks] = launched_rank();
  if (!o.shard.empty()) {
    unsigned long long i = 0, n = 0;
    char rest = 0;
    require("plan", std::sscanf(o.shard.c_str(), "%llu/%llu%c", &i, &n, &rest) == 2 && n > 0 && i < n, "--shard is '",
            o.shard, "', expected I/N with I from 0 to N - 1, as in 0/4");
    s.role = Role::Writes, s.shard = i, s.shards = n;
  } else if (o.merge) {
    s.role = Role::Merges;
  } else if (ranks > 1) {
    s.role = rank == 0 ? Role::Adds : Role::Writes, s.shard = uint64_t(rank), s.shards = uint64_t(ranks);
  }
  return s;
}

}  // namespace

void add_plan(CLI::App& app) {
  auto* command =
      add_command(app, "plan", "one plan from the training run to the term sheet: cost, market, cash, rounds",
                  "ingot plan examples/venture_open_weights.toml\n"
                  "ingot plan examples/venture_vertical.toml --html plan.html --lang zh\n"
                  "ingot plan examples/venture_vertical.toml --sweep --set venture.paths=20000 --json");
  auto o = std::make_shared<VentureFlags>();
  command->add_option("file", o->file, "venture file (docs/plan.md)")->required();
  command->add_option("--set", o->set, "change one value, as in --set operating.cash=9000000")->take_all();
  command->add_option("--paths", o->paths, "simulated futures (default: venture.paths)")
      ->check(CLI::Range(uint64_t{16}, uint64_t{100'000'000}));
  command->add_option("--seed", o->seed, "same seed, same result, on any number of threads (default: venture.seed)");
  command->add_option("--threads", o->threads, "0: all cores")->check(CLI::Range(0, 1024))->capture_default_str();
  command->add_flag("--sweep", o->sweep, "also try decisions on a grid: R&D compute, price, raise size, hiring");
  command->add_option("--shard", o->shard, "I/N: only simulate part I of N and leave it in --parts");
  auto* merge = command->add_flag("--merge", o->merge, "add up the parts in --parts instead of simulating them");
  merge->excludes("--shard");
  command->add_option("--parts", o->parts, "folder of the parts (default: FILE.parts)");
  o->output.add_to(*command);
  on_run(command, [o] {
    const auto venture = venture::read_venture(o->file, o->set);
    const auto plan = venture::make_plan(venture);
    venture::Effort effort;
    effort.simulation = {.seed = o->seed.value_or(uint32_t(venture.section.seed)),
                         .paths = o->paths.value_or(uint64_t(venture.section.paths)),
                         .threads = o->threads};
    effort.sweep = o->sweep;
    auto& sharding = effort.sharding = sharding_of(*o);
    sharding.folder = o->parts.empty() ? o->file + ".parts" : o->parts;
    sharding.key = venture::plan_key(venture.toml, effort.simulation);
    if (sharding.role == venture::Sharding::Role::Merges) sharding.shards = venture::count_shards(sharding.folder);
    interrupted = 0;
    Bars bars;
    const auto analysis =
        venture::analyse(plan, venture, effort,
                         [&](const auto& stage, uint64_t done, uint64_t total) { return bars(stage, done, total); });
    bars.finish();
    if (sharding.role == venture::Sharding::Role::Writes) {
      if (!interrupted && !o->shard.empty())
        fmt::print(stderr, "part {} of {}: {}\n", sharding.shard, sharding.shards, sharding.folder.string());
      return interrupted ? 130 : 0;
    }
    require("plan", analysis.base.has_value(), "interrupted before the first futures were finished; nothing to show");
    const auto outcome = venture::outcome_of(venture, plan, analysis);
    if (!o->output.html.empty()) {
      write_report(o->output.html, venture::plan_document(outcome), o->output.lang);
      fmt::print(stderr, "page: {}\n", o->output.html);
    }
    auto flags = o->output;
    flags.html.clear();
    flags.print(venture::plan_view(outcome), venture.section.name);
    if (sharding.role == venture::Sharding::Role::Adds && !interrupted) fs::remove_all(sharding.folder);
    return interrupted ? 130 : 0;
  });
}

}  // namespace ingot::cli
