#include "ingot/tasks/squad.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <unordered_map>

#include "ingot/base/error.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

bool is_word(char32_t c) { return char_class(c) == CharClass::Letter || char_class(c) == CharClass::Number; }

template <typename F>
void each_character(const std::string& text, F take) {  // take(code point, begin, end)
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const auto begin = size_t(p - text.data());
    const char32_t c = next_code_point(p, end);
    take(c, begin, size_t(p - text.data()));
  }
}

std::vector<std::string> answer_tokens(const std::string& normal, AnswerUnit unit) {
  std::vector<std::string> tokens;
  bool open = false;
  each_character(normal, [&](char32_t c, size_t begin, size_t end) {
    const bool alone = unit == AnswerUnit::Characters && is_chinese(c);
    if (char_class(c) == CharClass::Space || alone) open = false;
    if (char_class(c) == CharClass::Space) return;
    if (!open) tokens.emplace_back();
    tokens.back() += normal.substr(begin, end - begin);
    open = !alone;
  });
  return tokens;
}

// CMRC's script also drops the Chinese marks, which SQuAD's string.punctuation does not hold.
std::string normal_form(const std::string& text, AnswerUnit unit) {
  if (unit == AnswerUnit::Words) return normalize_answer(text);
  std::string kept;
  const auto lowered = lower(text);
  each_character(lowered, [&](char32_t c, size_t begin, size_t end) {
    if (!is_punctuation(c) && char_class(c) != CharClass::Space) kept += lowered.substr(begin, end - begin);
    if (char_class(c) == CharClass::Space) kept += ' ';
  });
  return kept;
}

// Byte offset of the `n`-th code point; npos beyond the text's end.
size_t byte_of(const std::string& text, int64_t n) {
  const char *p = text.data(), *end = p + text.size();
  for (; n > 0 && p < end; --n) next_code_point(p, end);
  return n == 0 ? size_t(p - text.data()) : std::string::npos;
}

}  // namespace

void read_squad(const fs::path& path, SquadData& data) {
  const auto root = read_json(path);
  const auto need = [&](const Json& object, const char* key, const std::string& where, bool ok) -> const Json& {
    require("squad", object.is_object() && object.contains(key) && ok, path.string(), where, " has no \"", key,
            "\", expected the SQuAD form {\"data\": [{\"paragraphs\": [{\"context\", \"qas\": [..]}]}]}");
    return object[key];
  };
  std::set<std::string> ids;
  for (const auto& question : data.questions) ids.insert(question.id);
  std::string identity = data.hash;
  const auto& articles = need(root, "data", "", root.is_object() && root.contains("data") && root["data"].is_array());
  for (const auto& article : articles) {
    const auto a = data.articles.size();
    data.articles.push_back(path.filename().string() + ":" + article.value("title", std::to_string(a)));
    for (const auto& paragraph : need(article, "paragraphs", " article " + std::to_string(a), true)) {
      const std::string context = need(paragraph, "context", " article " + data.articles[a], true);
      data.contexts.push_back(context);
      for (const auto& qa : need(paragraph, "qas", " article " + data.articles[a], true)) {
        SquadQuestion q;
        q.id = need(qa, "id", " a question of article " + data.articles[a], true).get<std::string>();
        const std::string where = path.string() + ": question " + q.id;
        q.question = need(qa, "question", " question " + q.id, true);
        q.context = data.contexts.size() - 1;
        q.article = a;
        require("squad", ids.insert(q.id).second, where, ": the id is there already, expected each id once");
        const bool impossible = qa.value("is_impossible", false);
        const auto answers = qa.value("answers", Json::array());
        require("squad", impossible || !answers.empty(), where, " has no answers, expected one or is_impossible");
        for (const auto& answer : impossible ? Json::array() : answers) {
          SquadAnswer found;
          found.text = need(answer, "text", " question " + q.id, true);
          const auto start = need(answer, "answer_start", " question " + q.id, true).get<int64_t>();
          found.begin = start < 0 ? std::string::npos : byte_of(context, start);  // code points, not bytes
          if (found.begin == std::string::npos || context.compare(found.begin, found.text.size(), found.text) != 0) {
            found.begin = found.text.empty() ? std::string::npos : context.find(found.text);
            const bool once =
                found.begin != std::string::npos && context.find(found.text, found.begin + 1) == std::string::npos;
            (once ? data.moved_answers : data.lost_answers) += 1;
            if (!once) continue;
          }
          found.end = found.begin + found.text.size();
          q.answers.push_back(std::move(found));
        }
        if (q.answers.empty() && !impossible) continue;
        identity += q.id + '\t' + xxh3_hex(context + q.question) + '\n';
        data.questions.push_back(std::move(q));
      }
    }
  }
  data.hash = sha256_hex(identity);
}

std::string normalize_answer(const std::string& text) {
  std::string kept;
  for (const char c : lower(text))
    if (!(uint8_t(c) < 0x80 && std::ispunct(uint8_t(c)))) kept += c;
  // \b(a|an|the)\b becomes a space: a run of word characters that is an article. Combining marks end a word in Python.
  std::string out, word;
  const auto flush = [&] {
    out += word == "a" || word == "an" || word == "the" ? " " : word;
    word.clear();
  };
  each_character(kept, [&](char32_t c, size_t begin, size_t end) {
    if (is_word(c)) {
      word += kept.substr(begin, end - begin);
    } else {
      flush();
      out += char_class(c) == CharClass::Space ? " " : kept.substr(begin, end - begin);
    }
  });
  flush();
  std::string joined;
  for (const auto& token : answer_tokens(out, AnswerUnit::Words)) joined += (joined.empty() ? "" : " ") + token;
  return joined;
}

double exact_match(const std::string& gold, const std::string& guess, AnswerUnit unit) {
  return normal_form(gold, unit) == normal_form(guess, unit);
}

double answer_f1(const std::string& gold, const std::string& guess, AnswerUnit unit) {
  const auto a = answer_tokens(normal_form(gold, unit), unit), b = answer_tokens(normal_form(guess, unit), unit);
  if (a.empty() || b.empty()) return a == b;
  std::unordered_map<std::string, int64_t> counts;
  for (const auto& token : a) counts[token] += 1;
  double common = 0;
  for (const auto& token : b) common += counts[token]-- > 0;
  if (common == 0) return 0;
  const double precision = common / double(b.size()), recall = common / double(a.size());
  return 2 * precision * recall / (precision + recall);
}

AnswerScore answer_score(const SquadQuestion& question, const std::string& guess, AnswerUnit unit) {
  std::vector<std::string> golds;
  for (const auto& answer : question.answers)
    if (!normalize_answer(answer.text).empty()) golds.push_back(answer.text);
  if (golds.empty()) golds.emplace_back();
  AnswerScore best;
  for (const auto& gold : golds) {
    best.exact = std::max(best.exact, exact_match(gold, guess, unit));
    best.f1 = std::max(best.f1, answer_f1(gold, guess, unit));
  }
  return best;
}

Json squad_scores(const std::vector<SquadQuestion>& questions, const std::map<std::string, std::string>& guesses,
                  AnswerUnit unit) {
  AnswerScore sum[2];  // without, with an answer
  int64_t total[2] = {};
  for (const auto& question : questions) {
    const bool has = !question.answers.empty();
    total[has] += 1;
    const auto guess = guesses.find(question.id);
    if (guess == guesses.end()) continue;
    const auto score = answer_score(question, guess->second, unit);
    sum[has].exact += score.exact;
    sum[has].f1 += score.f1;
  }
  const auto percent = [](double x, int64_t n) { return n ? 100 * x / double(n) : 0.0; };
  const auto n = total[0] + total[1];
  Json scores = {
      {"exact", percent(sum[0].exact + sum[1].exact, n)}, {"f1", percent(sum[0].f1 + sum[1].f1, n)}, {"total", n}};
  if (total[0] > 0)
    for (const int has : {1, 0}) {
      const std::string name = has ? "HasAns_" : "NoAns_";
      scores[name + "exact"] = percent(sum[has].exact, total[has]);
      scores[name + "f1"] = percent(sum[has].f1, total[has]);
      scores[name + "total"] = total[has];
    }
  return scores;
}

Json best_null_threshold(const std::vector<SquadQuestion>& questions, const std::map<std::string, std::string>& spans,
                         const std::map<std::string, double>& null_odds, AnswerUnit unit) {
  struct Gain {
    double odds, exact, f1;  // of answering instead of saying nothing
  };
  std::vector<Gain> gains;
  double none = 0;
  for (const auto& question : questions) {
    const auto& span = spans.at(question.id);
    none += question.answers.empty();
    const auto score = answer_score(question, span, unit);
    const double lost = span.empty() ? 0 : -1;
    gains.push_back({null_odds.at(question.id), question.answers.empty() ? lost : score.exact,
                     question.answers.empty() ? lost : score.f1});
  }
  std::stable_sort(gains.begin(), gains.end(), [](const Gain& a, const Gain& b) { return a.odds < b.odds; });
  Json best = Json::object();
  for (const auto& [name, gain] : {std::pair{"exact", &Gain::exact}, {"f1", &Gain::f1}}) {
    double sum = none, most = none, threshold = 0;
    for (const auto& g : gains)
      if ((sum += g.*gain) > most) most = sum, threshold = g.odds;
    best[name] = 100 * most / double(std::max<size_t>(1, questions.size()));
    best[std::string(name) + "_threshold"] = threshold;
  }
  return best;
}

std::vector<TextSpan> text_words(const std::string& text) {
  std::vector<TextSpan> words;
  bool open = false;
  each_character(text, [&](char32_t c, size_t begin, size_t end) {
    const bool space = char_class(c) == CharClass::Space || (is_control(c) && c != kInvalidByte);
    const bool alone = is_chinese(c) || is_punctuation(c);
    if (space || alone) open = false;
    if (space) return;
    if (open)
      words.back().end = end;
    else
      words.push_back({begin, end});
    open = !alone;
  });
  return words;
}

std::string lexical_answer(const std::string& context, const std::string& question) {
  std::set<std::string> asked;
  for (const auto& [begin, end] : text_words(question)) asked.insert(lower(question.substr(begin, end - begin)));
  const auto spans = text_words(context);
  std::vector<std::string> words;
  std::unordered_map<std::string, double> counts;
  for (const auto& [begin, end] : spans) counts[words.emplace_back(lower(context.substr(begin, end - begin)))] += 1;
  const auto width = std::min<size_t>(20, words.size());
  size_t best = 0;
  double best_score = -1;
  for (size_t begin = 0; begin + width <= words.size(); ++begin) {
    std::set<std::string> here;
    for (size_t i = begin; i < begin + width; ++i)
      if (asked.contains(words[i])) here.insert(words[i]);
    double score = 0;
    for (const auto& word : here) score += std::log(1 + 1 / counts[word]);
    if (score > best_score) best_score = score, best = begin;
  }
  size_t from = best, to = best;
  for (size_t i = best; i < best + width;) {
    size_t end = i;
    const auto free = [&](size_t k) {
      const char* p = words[k].data();
      return !asked.contains(words[k]) && !is_punctuation(next_code_point(p, words[k].data() + words[k].size()));
    };
    while (end < best + width && free(end)) ++end;
    if (end - i > to - from) from = i, to = end;
    i = end + 1;
  }
  return from == to ? std::string() : context.substr(spans[from].begin, spans[to - 1].end - spans[from].begin);
}

}  // namespace ingot
