#include "ingot/serve/options.h"

#include <algorithm>
#include <numeric>
#include <sstream>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {

struct Question {
  std::string context;
  std::vector<std::string> options;
  size_t answer = 0;
};

Question read_question(const std::string& line, const std::string& where) {
  const auto json = parse_json(line, where);
  const auto is_text = [](const Json& value) { return value.is_string(); };
  require("options",
          json.is_object() && json.contains("context") && json["context"].is_string() && json.contains("options") &&
              json["options"].is_array() && json["options"].size() >= 2 &&
              std::all_of(json["options"].begin(), json["options"].end(), is_text) && json.contains("answer") &&
              json["answer"].is_number_unsigned() && json["answer"].get<size_t>() < json["options"].size(),
          where, R"(: expected {"context": "..", "options": ["..", ".."], "answer": 0})");
  return {json["context"], json["options"].get<std::vector<std::string>>(), json["answer"]};
}

}  // namespace

Json eval_options(Generator& generator, const fs::path& file, int64_t shots, int64_t limit) {
  std::istringstream lines(read_file(file));
  std::string line, shown;
  const auto asked_shots = shots;
  int64_t number = 0, questions = 0, right = 0, right_per_byte = 0;
  double chance = 0, answer_logprob = 0;
  while (std::getline(lines, line) && (limit == 0 || questions < limit)) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto question = read_question(line, file.string() + ":" + std::to_string(number));
    if (shots > 0) {
      --shots;
      shown += question.context + question.options[question.answer] + "\n\n";
      continue;
    }
    std::vector<double> total, per_byte;
    for (const auto& option : question.options) {
      const auto logprobs = generator.score(shown + question.context, option);
      total.push_back(std::accumulate(logprobs.begin(), logprobs.end(), 0.));
      per_byte.push_back(total.back() / double(std::max<size_t>(option.size(), 1)));
    }
    const auto best = [](const std::vector<double>& v) {
      return size_t(std::max_element(v.begin(), v.end()) - v.begin());
    };
    ++questions;
    right += best(total) == question.answer;
    right_per_byte += best(per_byte) == question.answer;
    chance += 1 / double(question.options.size());
    answer_logprob += total[question.answer];
  }
  require("options", questions > 0, file.string(), " has ", number, " lines, expected ", asked_shots,
          " to show and one more to ask");
  const auto n = double(questions);
  return {{"questions", questions},        {"shots", asked_shots},
          {"accuracy", double(right) / n}, {"accuracy_per_byte", double(right_per_byte) / n},
          {"chance", chance / n},          {"mean_logprob_of_answer", answer_logprob / n}};
}

}  // namespace ingot
