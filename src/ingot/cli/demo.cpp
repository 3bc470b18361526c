// ingot demo: from raw text to a trained, evaluated, served and costed GPT, and one report. Each stage leaves files
// behind and is skipped when it has finished before.
#include "ingot/cli/demo.h"

#include <functional>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/clock.h"
#include "ingot/base/embedded.h"
#include "ingot/base/error.h"
#include "ingot/base/progress.h"
#include "ingot/base/text_table.h"
#include "ingot/base/version.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/demo_http.h"
#include "ingot/cli/generator_model.h"
#include "ingot/cli/openmp_wait.h"
#include "ingot/data/prepare.h"
#include "ingot/engine/machine.h"
#include "ingot/engine/train.h"
#include "ingot/plan/report/report.h"
#include "ingot/plan/venture/from_run.h"
#include "ingot/serve/generator.h"
#include "ingot/server/server.h"

namespace ingot {
std::span<const EmbeddedFile> demo_recipes();
}

namespace ingot::cli {
namespace {

constexpr const char* kPrompts[] = {"The open() system call", "RETURN VALUE\n", "The following example shows how to"};
constexpr const char* kQuestion = "The read() function returns";

struct DemoFlags {
  std::string out = "runs/demo", lang = "en", source = "manpages";
  bool fresh = false, quick = false;
  std::vector<std::string> set;
};

// The stages that have finished, and the settings that they were run with.
class Stages {
 public:
  Stages(const fs::path& folder, const Json& settings) : file_(folder / "demo.json") {
    state_ = {{"settings", settings}, {"stages", Json::object()}};
    if (!fs::exists(file_)) return;
    Json earlier = read_json(file_);
    if (earlier.value("settings", Json()) != settings)
      fail(ErrorKind::InvalidArgument, "demo", file_.string(), " is of a demo with other settings (",
           to_text(earlier.value("settings", Json())), "); use --fresh to begin anew, or another --out");
    state_ = std::move(earlier);
  }

  void run(const std::string& name, const std::string& title, const std::string& command,
           const std::function<void()>& work) {
    auto& done = state_["stages"];
    if (done.contains(name)) {
      fmt::print("{:<12}done earlier in {}, skipped\n", name, format_duration(done[name]["seconds"].get<double>()));
      std::fflush(stdout);
      return;
    }
    fmt::print("{:<12}{}\n", name, title);
    std::fflush(stdout);
    const double began = now_s(), cpu = cpu_time_s();
    work();
    done[name] = {{"title", title},
                  {"command", command},
                  {"seconds", now_s() - began},
                  {"cpu_seconds", cpu_time_s() - cpu},
                  {"finished", utc_timestamp()}};
    write_json(file_, state_);
  }

 private:
  fs::path file_;
  Json state_;
};

Document recipe_of(const DemoPlan::Size& size, bool ladder, const fs::path& folder) {
  const auto* file = find_embedded(demo_recipes(), "demo.toml");
  INGOT_INVARIANT(file, "recipes/gpt/demo.toml is embedded");
  Document recipe = parse_toml(file->bytes, "recipes/gpt/demo.toml");
  const auto set = [&](const std::string& key, const auto& value) { recipe.set(detail::join_parts(key, "=", value)); };
  set("data.dataset", Json((folder / "data").string()).dump());
  set("train.name", Json(size.name).dump());
  set("train.steps", size.steps);
  set("model.n_layer", size.n_layer);
  set("model.n_head", size.n_head);
  set("model.n_embd", size.n_embd);
  set("optimizer.lr", size.lr);
  if (ladder) {  // points on one curve: the rate stays, and the evaluations of a run are at 1/4, 1/2, 3/4 and the end
    set("schedule.name", "constant");
    set("train.eval_every", size.steps / 4);
    set("checkpoint.every", size.steps);
    set("checkpoint.keep_best", "false");
  } else {
    set("train.eval_every", std::max<int64_t>(1, size.steps / 6));
  }
  return recipe;
}

void train_one(const Document& recipe, const fs::path& run_folder) {
  TrainOptions options;
  options.run_folder = run_folder;
  options.resume = fs::exists(run_folder / "recipe.toml");
  const auto result = train(recipe, options);
  if (result.status == "interrupted")
    fail(ErrorKind::Io, "demo", "interrupted in step ", result.step, " of ", run_folder.string(),
         "; run `ingot demo` again to go on");
}

void generate_samples(const fs::path& run_folder, const fs::path& out) {
  auto generator = Generator::load(run_folder, "cpu", "best");
  Json samples = Json::array();
  for (const char* prompt : kPrompts) {
    GenerateRequest request;
    request.prompt = prompt;
    request.max_tokens = 80;
    request.sampling.temperature = 0.7;
    request.sampling.top_p = 0.95;
    request.sampling.seed = 1;
    const auto result = generator.generate(request);
    samples.push_back({{"prompt", prompt},
                       {"text", result.text},
                       {"tokens", result.completion_tokens},
                       {"prompt_seconds", result.prompt_seconds},
                       {"seconds", result.completion_seconds}});
  }
  write_json(out,
             {{"temperature", 0.7}, {"top_p", 0.95}, {"seed", 1}, {"card", generator.card()}, {"samples", samples}});
}

// Serves the model on a free port, asks it one question as a client would, times a few more, and stops.
void serve_once(const fs::path& run_folder, const fs::path& out) {
  ServerConfig config;
  config.http.port = 0;
  Server server(config, [&] { return load_generator_model(run_folder, "cpu", "best", "demo"); });
  std::exception_ptr failure;
  std::thread thread([&] {
    try {
      server.run(false);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  Json result;
  try {
    const std::string url = fmt::format("http://127.0.0.1:{}", server.port());
    const double began = now_s();
    while (ask(url + "/healthz").status != 200) {
      require("demo", now_s() - began < 60, "the server is not ready after 60 s; see its messages above");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const auto complete = [&](const std::string& prompt, int64_t max_tokens, int seed) {
      const Json request = {{"model", "demo"},    {"prompt", prompt}, {"max_tokens", max_tokens},
                            {"temperature", 0.7}, {"top_p", 0.95},    {"seed", seed}};
      const auto answer = ask(url + "/v1/completions", request.dump());
      if (answer.status != 200)
        fail(ErrorKind::Internal, "demo", "the server answered ", answer.status, ": ", answer.body);
      Json made = {{"request", request}, {"answer", parse_json(answer.body, "answer")}, {"seconds", answer.seconds}};
      return made;
    };
    complete(kQuestion, 8, 0);  // warms up
    result = complete(kQuestion, 64, 1);
    std::vector<double> rates;
    for (int i = 0; i < 5; ++i) {
      const auto timed = complete(kQuestion, 64, 2 + i);
      rates.push_back(timed["answer"]["usage"]["completion_tokens"].get<double>() / timed["seconds"].get<double>());
    }
    std::sort(rates.begin(), rates.end());
    result["url"] = url + "/v1/completions";
    result["tokens_per_s"] = rates[rates.size() / 2];
    result["tokens_per_s_low"] = rates.front();
    result["tokens_per_s_high"] = rates.back();
  } catch (...) {
    server.drain();
    thread.join();
    throw;
  }
  server.drain();
  thread.join();
  if (failure) std::rethrow_exception(failure);
  write_json(out, result);
  fmt::print("  asked     {}\n  answered  {}\n", kQuestion, to_text(result["answer"]["choices"][0]["text"]));
}

int run_demo(const DemoFlags& options) {
  restart_with_short_spin();
  const fs::path out = options.out;
  if (options.fresh) {
    if (fs::exists(out) && !fs::exists(out / "demo.json") && !fs::is_empty(out))
      fail(ErrorKind::InvalidArgument, "demo", out.string(),
           " holds something that no demo wrote, expected a folder of `ingot demo`; choose another --out");
    fs::remove_all(out);
  }
  fs::create_directories(out);
  Document settings;
  settings.origin = "--set";
  for (const auto& assignment : options.set) settings.set(assignment);
  for (const auto& [key, value] : settings.root.items())
    if (key != "funding")
      fail(ErrorKind::InvalidArgument, "demo", "--set ", key, ": unknown section", suggest(key, {"funding"}));
  const auto funding = read_config<FundingConfig>(settings, "funding");
  const auto plan = demo_plan(options.quick);
  Stages stages(out, {{"quick", options.quick}, {"source", options.source}});
  const double began = now_s();

  // 1. Text and tokenizer
  stages.run("data", "clean, deduplicate, redact and tokenise the Linux manual pages; train the tokenizer",
             fmt::format("ingot data prepare {} --out {}/data --set data.tokenizer.vocab_size={}", options.source,
                         options.out, plan.vocab_size),
             [&] {
               DataConfig config;
               config.source.front().path = options.source;
               config.tokenizer.vocab_size = plan.vocab_size;
               prepare_data(config, out / "data", {});
             });
  // 2. Models
  for (const auto& size : plan.ladder)
    stages.run(size.name,
               fmt::format("train a GPT of {} layers, {} wide, for the scaling law", size.n_layer, size.n_embd),
               fmt::format("ingot train {}/runs/{}/recipe.toml", options.out, size.name),
               [&] { train_one(recipe_of(size, true, out), out / "runs" / size.name); });
  const fs::path main = out / "runs" / plan.main.name;
  stages.run(plan.main.name, fmt::format("train the GPT of {} layers, {} wide", plan.main.n_layer, plan.main.n_embd),
             fmt::format("ingot train {}/recipe.toml", main.string()),
             [&] { train_one(recipe_of(plan.main, false, out), main); });
  // 3. What it can do
  stages.run("evaluate", "loss over the whole validation part", fmt::format("ingot eval {}", main.string()),
             [&] { write_json(out / "evaluation.json", evaluate_run(main, "validation", "best")); });
  stages.run("generate", "continue three prompts",
             fmt::format("ingot generate {} --prompt \"{}\"", main.string(), kPrompts[0]),
             [&] { generate_samples(main, out / "samples.json"); });
  stages.run("serve", "serve it, ask one question over HTTP, stop", fmt::format("ingot serve {}", main.string()),
             [&] { serve_once(main, out / "serving.json"); });
  // 4. What it costs. Cheap, and dependent on the assumptions: never skipped.
  write_json(out / "machine.json", to_json(describe_machine()));
  write_json(out / "economics.json", demo_economics(out, plan, funding));
  const Json document = demo_document(out);
  write_json(out / "report.json", document);
  write_report(out / "report.html", document, options.lang);
  // 5. The plan that these measurements feed.
  fmt::print("{:<12}{}\n", "plan", "close the loop: measured run and server -> cost, market, rivals, rounds");
  std::fflush(stdout);
  const auto venture = venture::plan_from_run({.run = main,
                                               .serving = out / "serving.json",
                                               .card = out / "data/card.json",
                                               .usd_per_hour = funding.usd_per_hour_here},
                                              out / "plan", options.lang);
  const auto absolute = [](const fs::path& path) { return fs::absolute(path).lexically_normal().string(); };
  fmt::print("  {}\n{:<12}{} since the start of this command\nreport: {}\nplan:   {}\n", venture.verdict, "done",
             format_duration(now_s() - began), absolute(out / "report.html"), absolute(venture.page));
  return 0;
}

}  // namespace

DemoPlan demo_plan(bool quick) {
  if (quick)
    return {{{"scale-1", 1, 2, 16, 12, 0.006}, {"scale-2", 1, 2, 24, 12, 0.006}, {"scale-3", 2, 2, 32, 12, 0.006}},
            {"main", 2, 2, 48, 16, 0.004},
            512};
  return {{{"scale-1", 2, 1, 32, 400, 0.006},  // heads of 32: BLAS is twice as slow with 24
           {"scale-2", 2, 2, 64, 400, 0.005},
           {"scale-3", 4, 2, 64, 400, 0.005},
           {"scale-4", 4, 3, 96, 400, 0.004}},
          {"main", 4, 4, 128, 900, 0.003},
          2048};
}

void add_demo(CLI::App& app) {
  auto* command =
      add_command(app, "demo", "Text -> tokenizer -> GPT -> evaluation -> server -> cost -> one HTML report",
                  "ingot demo\n"
                  "ingot demo --out /tmp/demo --lang zh\n"
                  "ingot demo --fresh --quick\n"
                  "ingot demo --set funding.team=5 --set funding.chip=H200");
  auto options = std::make_shared<DemoFlags>();
  command->add_option("--out", options->out,
                      "folder of the demo (default runs/demo); finished stages in it are skipped");
  command->add_option("--source", options->source,
                      "text to train on: a file, a folder, dataset:NAME or manpages (default)");
  command->add_option("--lang", options->lang, "language in which the report opens: en or zh")
      ->check(CLI::IsMember({"en", "zh"}));
  command->add_flag("--fresh", options->fresh, "begin anew");
  command->add_flag("--quick", options->quick, "tiny models: a minute for a look at all stages, with poor numbers");
  command->add_option("--set", options->set, "an assumption of the funding estimate, as in funding.team=5");
  on_run(command, [options] { return run_demo(*options); });
}

}  // namespace ingot::cli
