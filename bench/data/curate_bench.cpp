// Speed of the first pass over a corpus (read, clean, filter, deduplicate, redact, split) on one thread, in CPU time.
// The corpus is the machine's manual pages, as JSONL with planted duplicates; each run checks that they were found.
#include <fstream>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "ingot/base/rng.h"
#include "ingot/data/curate.h"

namespace ingot {
namespace {

struct Corpus {
  fs::path folder = fs::temp_directory_path() / ("ingot-bench-" + std::to_string(::getpid()));
  std::vector<std::string> texts;
  int64_t bytes = 0;
  int64_t originals = 0, exact = 0, near = 0;

  Corpus() {
    std::vector<SourceConfig> sources(1);
    try {
      const auto inputs = list_inputs(sources);
      RecordReader reader(sources, inputs, {});
      for (Record record; reader.next(record);) {
        std::string text = record_text(record, sources[0], inputs[record.file].format);
        if (text.size() > 500) texts.push_back(std::move(text));
      }
    } catch (const Error&) {
      return;  // no manual pages here
    }
    fs::create_directories(folder);
    std::ofstream jsonl(folder / "corpus.jsonl");
    Rng rng(1);
    const auto put = [&](const std::string& text) {
      jsonl << Json{{"text", text}}.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
      bytes += int64_t(text.size());
    };
    for (int round = 0; round < 4; ++round)
      for (const auto& text : texts) {
        // Later rounds are other documents: every third word gets the round as an ending.
        std::string other;
        int words = 0;
        for (const char c : text) {
          if (round > 0 && c == ' ' && ++words % 3 == 0) other += char('a' + round);
          other += c;
        }
        put(other);
        ++originals;
        if (rng.below(10) == 0) put(other), ++exact;
        if (rng.below(10) == 0 && other.size() > 3000)
          put(other + "one line was added at the end of this page\n"), ++near;
      }
  }
  ~Corpus() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

const Corpus& corpus() {
  static const Corpus made;
  return made;
}

void run_curate(benchmark::State& state, DataConfig config) {
  config.threads = 1;
  auto inputs = list_inputs(config.source);
  Json result;
  for (auto _ : state) result = curate(config, inputs, corpus().folder, {});
  state.SetBytesProcessed(int64_t(state.iterations()) * result["bytes_in"].get<int64_t>());
  if (config.source[0].path != "manpages") {
    const auto dropped = result["dropped"].value("exact_duplicate", 0) + result["dropped"].value("near_duplicate", 0);
    // The quality rules come first and take about one page in twenty.
    if (dropped < 0.9 * double(corpus().exact + corpus().near))
      state.SkipWithError("planted duplicates were not found");
  }
}

void CurateJsonl(benchmark::State& state) {
  if (corpus().texts.empty()) return state.SkipWithError("no manual pages on this machine");
  DataConfig config;
  config.source[0].path = (corpus().folder / "corpus.jsonl").string();
  run_curate(state, config);
}
BENCHMARK(CurateJsonl)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void CurateManualPages(benchmark::State& state) {
  if (corpus().texts.empty()) return state.SkipWithError("no manual pages on this machine");
  run_curate(state, {});
}
BENCHMARK(CurateManualPages)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// The stages by themselves.
template <typename Stage>
void each_text(benchmark::State& state, const Stage& stage) {
  if (corpus().texts.empty()) return state.SkipWithError("no manual pages on this machine");
  int64_t bytes = 0;
  for (auto _ : state)
    for (const auto& text : corpus().texts) {
      benchmark::DoNotOptimize(stage(text));
      bytes += int64_t(text.size());
    }
  state.SetBytesProcessed(bytes);
}

void Clean(benchmark::State& state) {
  each_text(state, [](std::string text) {
    CleanCounts counts;
    clean_text({}, text, counts);
    return text.size();
  });
}
BENCHMARK(Clean)->Unit(benchmark::kMillisecond);

void Quality(benchmark::State& state) {
  each_text(state, [](const std::string& text) { return quality_problem({}, text, text_features(text)).size(); });
}
BENCHMARK(Quality)->Unit(benchmark::kMillisecond);

void FindPii(benchmark::State& state) {
  each_text(state, [](const std::string& text) { return find_pii(text).size(); });
}
BENCHMARK(FindPii)->Unit(benchmark::kMillisecond);

void MinHash(benchmark::State& state) {
  std::vector<std::vector<uint64_t>> words;
  for (const auto& text : corpus().texts) words.push_back(text_features(text).words);
  size_t i = 0;
  each_text(state, [&](const std::string&) { return minhash({}, words[i++ % words.size()]).size(); });
}
BENCHMARK(MinHash)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ingot

BENCHMARK_MAIN();
