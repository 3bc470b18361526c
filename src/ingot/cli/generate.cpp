#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/json.h"
#include "ingot/base/log.h"
#include "ingot/cli/commands.h"
#include "ingot/serve/generator.h"

namespace ingot::cli {
namespace {

struct GenerateFlags {
  std::string folder, prompt, prompt_file, device = "cpu", checkpoint = "best";
  GenerateRequest request;
  int64_t samples = 1;
  bool json = false;
};

Json to_json(const GenerateResult& result) {
  Json logprobs = Json::array();
  for (const auto& token : result.logprobs) {
    Json top = Json::object();
    for (const auto& [text, logprob] : token.top) top[text] = logprob;
    logprobs.push_back({{"id", token.id}, {"token", token.token}, {"logprob", token.logprob}, {"top", top}});
  }
  Json out = {{"text", result.text},
              {"finish_reason", result.finish_reason},
              {"prompt_tokens", result.prompt_tokens},
              {"completion_tokens", result.completion_tokens},
              {"prompt_seconds", result.prompt_seconds},
              {"completion_seconds", result.completion_seconds}};
  if (!result.logprobs.empty()) out["logprobs"] = std::move(logprobs);
  return out;
}

int run_generate(GenerateFlags options) {
  auto& request = options.request;
  require("generate", options.prompt.empty() || options.prompt_file.empty(),
          "--prompt and --prompt-file are both given, expected one");
  request.prompt = options.prompt_file.empty()  ? options.prompt
                   : options.prompt_file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                                : read_file(options.prompt_file);
  auto generator = Generator::load(options.folder, options.device, options.checkpoint);
  Json results = Json::array();
  double seconds = 0;
  int64_t tokens = 0;
  for (int64_t i = 0; i < options.samples; ++i, ++request.sampling.seed) {
    if (!options.json) {
      if (i > 0) fmt::print("\n----\n");
      fmt::print("{}", request.prompt);
    }
    const auto result = generator.generate(request, [&](std::string_view piece) {
      if (options.json) return true;
      std::fwrite(piece.data(), 1, piece.size(), stdout);
      return std::fflush(stdout) == 0;  // a closed pipe cancels
    });
    results.push_back(to_json(result));
    seconds += result.completion_seconds;
    tokens += result.completion_tokens;
  }
  if (options.json) {
    fmt::print("{}\n", to_text(Json{{"model", generator.name()}, {"prompt", request.prompt}, {"samples", results}}, 2));
  } else {
    fmt::print("\n");
    log_info(fmt::format("{} tokens in {:.2f} s, {:.1f} tokens/s", tokens, seconds, double(tokens) / seconds));
  }
  return 0;
}

}  // namespace

void add_generate(CLI::App& app) {
  auto* command =
      add_command(app, "generate", "Write text with a trained language model",
                  "ingot generate runs/shakespeare --prompt \"ROMEO:\" --max-tokens 300\n"
                  "ingot generate ./gpt2 --prompt \"The meaning of life is\" --temperature 0.8 --top-p 0.95\n"
                  "ingot generate runs/demo --prompt-file - --stop \"\\n\\n\" --json < prompt.txt");
  auto options = std::make_shared<GenerateFlags>();
  auto& sampling = options->request.sampling;
  options->request.slide = true;
  command->add_option("folder", options->folder, "run folder, or a folder with a Hugging Face GPT-2")->required();
  command->add_option("-p,--prompt", options->prompt, "text to continue");
  command->add_option("--prompt-file", options->prompt_file, "file to continue; - reads standard input");
  command->add_option("-n,--max-tokens", options->request.max_tokens, "tokens to write (default 128)");
  command->add_option("--temperature", sampling.temperature, "0 takes the likeliest token always (default 1)");
  command->add_option("--top-k", sampling.top_k, "keep the k likeliest tokens (default 0: all)");
  command->add_option("--top-p", sampling.top_p, "keep the fewest tokens that reach this probability (default 1)");
  command->add_option("--min-p", sampling.min_p, "keep tokens this likely relative to the likeliest (default 0)");
  command->add_option("--repetition-penalty", sampling.repetition_penalty, "above 1: seen tokens are less likely");
  command->add_option("--seed", sampling.seed, "the same seed gives the same text (default 0)");
  command->add_option("--stop", options->request.stop, "end before this text; may be given several times");
  command->add_option("--logprobs", options->request.logprobs, "with --json: log-probabilities and n alternatives");
  command->add_option("--samples", options->samples, "texts to write, with seeds seed, seed + 1, ...")
      ->check(CLI::PositiveNumber);
  command->add_option("--device", options->device, "cpu, cuda or auto (default cpu)");
  command->add_option("--checkpoint", options->checkpoint, "best, latest, average or a step (default best)");
  command->add_flag("--json", options->json, "print one JSON object");
  on_run(command, [options] { return run_generate(*options); });
}

}  // namespace ingot::cli
