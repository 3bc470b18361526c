#include "ingot/engine/sweep.h"

#include <set>

#include <gtest/gtest.h>

#include "engine/tiny_task.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

Document swept(int steps = 27) {
  return parse_toml("[model]\nname = \"tiny\"\n[train]\nthreads = 1\nbatch_size = 8\neval_every = 9\nsteps = " +
                        std::to_string(steps) + "\n[optimizer]\nname = \"adam\"\n",
                    "tiny.toml");
}

SweepOptions search(const fs::path& folder, int64_t trials, int64_t halving = 0) {
  return {.axes = {parse_axis("optimizer.lr=log:1e-4..1e-1")},
          .trials = trials,
          .halving = halving,
          .folder = folder,
          .quiet = true,
          .use_home_folder = false};
}

TEST(SweepAxis, Draws) {
  const auto range = parse_axis("a.b=log:1e-4..1e-2");
  EXPECT_EQ(range.draw(0), "0.0001");
  EXPECT_EQ(range.draw(0.5), "0.001");
  const auto whole = parse_axis("a.b=2..4");
  EXPECT_EQ(whole.draw(0), "2");
  EXPECT_EQ(whole.draw(0.999), "4");
  const auto choice = parse_axis("a.b=relu,gelu");
  EXPECT_EQ(choice.draw(0.49), "relu");
  EXPECT_EQ(choice.draw(0.51), "gelu");
}

TEST(SweepAxis, WrongOnesNameTheRule) {
  for (const auto& [text, rule] : {std::pair{"lr", "expected KEY=LOW..HIGH"},
                                   {"a.b=2..1", "LOW below HIGH"},
                                   {"a.b=log:0..1", "above 0"},
                                   {"a.b=log:3", "expected LOW..HIGH"},
                                   {"a.b=1,,2", "none of them empty"}})
    EXPECT_NE(error_of([&, t = text] { parse_axis(t); }).find(rule), std::string::npos) << text;
}

TEST(Sweep, RandomSearchTrainsEveryTrialToItsEnd) {
  const TempFolder folder;
  const auto r = sweep_task(swept(), search(folder.path(), 4), tiny());
  ASSERT_EQ(r.trials.size(), 4u);
  std::set<std::string> values;
  for (const auto& t : r.trials) {
    EXPECT_EQ(t.steps, 27);
    EXPECT_EQ(t.status, "finished");
    values.insert(t.values[0]);
  }
  EXPECT_EQ(values.size(), 4u);
  for (size_t i = 1; i < r.trials.size(); ++i) EXPECT_LE(*r.trials[i - 1].best, *r.trials[i].best);
}

// 9 trials of 3 steps, 3 of 9, 1 of 27: less than half the steps of random search, and the survivor is the trial that
// a whole training gives.
TEST(Sweep, HalvingGivesStepsToTheBest) {
  const TempFolder folder, again;
  const auto r = sweep_task(swept(), search(folder.path(), 9, 3), tiny());
  int64_t steps = 0, whole = 0;
  for (const auto& t : r.trials) steps += t.steps, whole += t.steps == 27;
  EXPECT_EQ(whole, 1);
  EXPECT_EQ(steps, 6 * 4 + 2 * 10 + 27);
  auto alone = swept();
  alone.set("optimizer.lr=" + r.trials[0].values[0]);
  alone.set("train.eval_every=3");
  const auto straight =
      train_task(alone, {.run_folder = again.path(), .quiet = true, .use_home_folder = false}, tiny());
  EXPECT_EQ(straight.record["eval"]["best"]["value"].get<double>(), *r.trials[0].best);
}

TEST(Sweep, GoesOnWhereItStopped) {
  const TempFolder folder;
  const auto first = sweep_task(swept(), search(folder.path(), 3), tiny());
  fs::remove_all(folder / "trial-2");
  const auto kept = fs::last_write_time(folder / "trial-1" / "run.json");
  const auto second = sweep_task(swept(), search(folder.path(), 3), tiny());
  EXPECT_EQ(fs::last_write_time(folder / "trial-1" / "run.json"), kept);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(first.trials[i].best, second.trials[i].best);
  const auto error = error_of([&] { sweep_task(swept(), search(folder.path(), 4), tiny()); });
  EXPECT_NE(error.find("holds a sweep with other settings"), std::string::npos) << error;
}

TEST(Sweep, AnUnknownKeyIsNamedBeforeAnyTrial) {
  const TempFolder folder;
  auto options = search(folder.path(), 2);
  options.axes = {parse_axis("optimizer.lrr=1..2")};
  const auto error = error_of([&] { sweep_task(swept(), options, tiny()); });
  EXPECT_NE(error.find("optimizer.lrr: unknown key; did you mean 'optimizer.lr'"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(folder / "trial-1"));
}

}  // namespace
}  // namespace ingot
