// Speed of one tokenizer on one text: tokenizer_bench TOKENIZER TEXT [google-benchmark flags]. One thread.
#include <cstdio>

#include <benchmark/benchmark.h>

#include "ingot/base/file.h"
#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {
namespace {

void encode(benchmark::State& state, const Tokenizer& tokenizer, const std::string& text) {
  std::vector<int32_t> ids;
  for (auto _ : state) {
    ids.clear();
    tokenizer.encode(text, ids);
    benchmark::DoNotOptimize(ids.data());
  }
  if (tokenizer.kind() == "bpe" && tokenizer.decode(ids) != text) state.SkipWithError("decode(encode(text)) != text");
  state.SetBytesProcessed(int64_t(state.iterations()) * int64_t(text.size()));
  state.counters["tokens"] = double(ids.size());
}

void decode(benchmark::State& state, const Tokenizer& tokenizer, const std::string& text) {
  const auto ids = tokenizer.encode(text);
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.decode(ids));
  state.SetBytesProcessed(int64_t(state.iterations()) * int64_t(text.size()));
}

void split(benchmark::State& state, const PreTokenizer& pre_tokenizer, const std::string& text) {
  size_t pieces = 0;
  for (auto _ : state) {
    pieces = 0;
    pre_tokenizer.each(text, [&](std::string_view) { ++pieces; });
    benchmark::DoNotOptimize(pieces);
  }
  state.SetBytesProcessed(int64_t(state.iterations()) * int64_t(text.size()));
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: tokenizer_bench TOKENIZER TEXT [--benchmark_...]\n");
    return 2;
  }
  const auto tokenizer = ingot::load_tokenizer(argv[1]);
  const std::string text = ingot::read_file(argv[2]);
  const ingot::PreTokenizer gpt2(ingot::byte_level_sections(ingot::kGpt2Pattern)["pre_tokenizer"]);
  argv[2] = argv[0];
  int rest = argc - 2;
  benchmark::Initialize(&rest, argv + 2);
  benchmark::RegisterBenchmark("encode", [&](auto& state) { ingot::encode(state, *tokenizer, text); });
  benchmark::RegisterBenchmark("decode", [&](auto& state) { ingot::decode(state, *tokenizer, text); });
  benchmark::RegisterBenchmark("split_gpt2", [&](auto& state) { ingot::split(state, gpt2, text); });
  benchmark::RunSpecifiedBenchmarks();
}
