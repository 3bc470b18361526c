#include "ingot/tasks/bleu.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>

#include "ingot/base/error.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

void replace_each(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// A pair of neighbours for which `pair` holds, each character in one pair at most, as re.sub takes them.
template <typename Text, typename Pair, typename Write>
Text each_pair(const Text& text, Pair pair, Write write) {
  Text out;
  for (size_t i = 0; i < text.size();) {
    if (i + 1 < text.size() && pair(text[i], text[i + 1])) {
      write(out, text[i], text[i + 1]);
      i += 2;
    } else {
      out += text[i++];
    }
  }
  return out;
}

std::vector<std::string_view> split_spaces(std::string_view text) {
  std::vector<std::string_view> words;
  const char *p = text.data(), *const end = p + text.size(), *begin = p;
  const auto flush = [&](const char* to) {
    if (to > begin) words.emplace_back(begin, size_t(to - begin));
  };
  while (p < end) {
    const char* at = p;
    if (char_class(next_code_point(p, end)) != CharClass::Space) continue;
    flush(at);
    begin = p;
  }
  flush(end);
  return words;
}

std::string one_space(const std::string& text) {
  std::string joined;
  for (const auto word : split_spaces(text)) (joined += joined.empty() ? "" : " ") += word;
  return joined;
}

// What 13a and zh share.
std::string western_tokens(const std::string& text) {
  std::string spaced;
  for (const char c : text) {  // [{-~[-` -&(-+:-@/]
    const bool mark = (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
                      (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
    mark ? ((spaced += ' ') += c) += ' ' : spaced += c;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto stop = [](char c) { return c == '.' || c == ','; };
  spaced = each_pair(
      spaced, [&](char a, char b) { return !digit(a) && stop(b); },
      [](std::string& out, char a, char b) { (((out += a) += ' ') += b) += ' '; });
  spaced = each_pair(
      spaced, [&](char a, char b) { return stop(a) && !digit(b); },
      [](std::string& out, char a, char b) { (((out += ' ') += a) += ' ') += b; });
  spaced = each_pair(
      spaced, [&](char a, char b) { return digit(a) && b == '-'; },
      [](std::string& out, char a, char b) { (((out += a) += ' ') += b) += ' '; });
  return one_space(spaced);
}

// sacreBLEU's list, with what its source makes of "\u20000" to "\u2a6d6" and "\u2f800" to "\u2fa1d": Python reads four
// digits, so that dashes, quotes and arrows count and the characters beyond U+FFFF do not.
bool counts_as_chinese(char32_t c) {
  constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x2001, 0x2A6D}, {0x2E80, 0x2FDF}, {0x2FF0, 0x303F}, {0x3100, 0x312F}, {0x31A0, 0x31BF},
      {0x31C0, 0x31EF}, {0x3200, 0x33FF}, {0x3400, 0x4DB5}, {0x4E00, 0x9FBB}, {0xF900, 0xFA2D},
      {0xFA30, 0xFA6A}, {0xFA70, 0xFAD9}, {0xFE10, 0xFE1F}, {0xFE30, 0xFE4F}, {0xFF00, 0xFFEF}};
  return std::any_of(std::begin(kRanges), std::end(kRanges),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

std::string bleu_tokens(const std::string& line, BleuTokenizer tokenizer) {
  switch (tokenizer) {
    case BleuTokenizer::None:
      return line;
    case BleuTokenizer::Mteval13a:
      return tokenize_13a(line);
    case BleuTokenizer::Intl:
      return tokenize_intl(line);
    case BleuTokenizer::Zh:
      return tokenize_zh(line);
  }
  return line;
}

using Counts = std::unordered_map<std::string, int64_t>;

Counts word_ngrams(const std::vector<std::string_view>& words, int n) {
  Counts counts;
  for (size_t i = 0; i + size_t(n) <= words.size(); ++i) {
    std::string gram(words[i]);
    for (int k = 1; k < n; ++k) (gram += ' ') += words[i + size_t(k)];
    counts[gram] += 1;
  }
  return counts;
}

}  // namespace

std::string tokenize_13a(const std::string& line) {
  std::string text = line;
  for (const auto& [from, to] : {std::pair{"<skipped>", ""},
                                 {"-\n", ""},
                                 {"\n", " "},
                                 {"&quot;", "\""},
                                 {"&amp;", "&"},
                                 {"&lt;", "<"},
                                 {"&gt;", ">"}})
    replace_each(text, from, to);
  return western_tokens(" " + text + " ");
}

std::string tokenize_intl(const std::string& line) {
  std::u32string text;  // invalid bytes as U+FFFD, as Python reads them
  for (const char *p = line.data(), *end = p + line.size(); p < end;) {
    const auto c = next_code_point(p, end);
    text += c == kInvalidByte ? U'\uFFFD' : c;
  }
  const auto number = [](char32_t c) { return char_class(c) == CharClass::Number; };
  const auto mark = [](char32_t c) { return is_punctuation(c) && !is_symbol(c); };
  text = each_pair(
      text, [&](char32_t a, char32_t b) { return !number(a) && mark(b); },
      [](std::u32string& out, char32_t a, char32_t b) { (((out += a) += U' ') += b) += U' '; });
  text = each_pair(
      text, [&](char32_t a, char32_t b) { return mark(a) && !number(b); },
      [](std::u32string& out, char32_t a, char32_t b) { (((out += U' ') += a) += U' ') += b; });
  std::string spaced;
  for (const auto c : text) {
    if (is_symbol(c)) spaced += ' ';
    append_utf8(spaced, c);
    if (is_symbol(c)) spaced += ' ';
  }
  return one_space(spaced);
}

std::string tokenize_zh(const std::string& line) {
  const auto words = split_spaces(line);
  if (words.empty()) return "";
  std::string spaced;
  for (const char *p = words.front().data(), *end = words.back().data() + words.back().size(); p < end;) {
    const char* begin = p;
    const bool chinese = counts_as_chinese(next_code_point(p, end));
    if (chinese) spaced += ' ';
    spaced.append(begin, size_t(p - begin));
    if (chinese) spaced += ' ';
  }
  return western_tokens(spaced);
}

void score_bleu(BleuScore& s, const BleuOptions& options) {
  s.score = 0;
  if (std::all_of(s.right.begin(), s.right.end(), [](int64_t n) { return n == 0; })) return;
  double smooth = 1, log_sum = 0;
  for (size_t n = 0; n < kBleuOrder; ++n) {
    if (s.total[n] == 0) return;
    double precision = double(s.right[n]) / double(s.total[n]);
    if (s.right[n] == 0 && options.smoothing == BleuSmoothing::Exponential)
      precision = 1 / ((smooth *= 2) * double(s.total[n]));
    else if (s.right[n] == 0 && options.smoothing == BleuSmoothing::Floor)
      precision = options.floor / double(s.total[n]);
    if (precision == 0) return;
    log_sum += std::log(precision);
  }
  const double brevity =
      s.length < s.reference_length ? std::exp(1 - double(s.reference_length) / double(s.length)) : 1;
  s.score = 100 * brevity * std::exp(log_sum / kBleuOrder);
}

BleuScore corpus_bleu(const std::vector<std::string>& hypotheses,
                      const std::vector<std::vector<std::string>>& references, const BleuOptions& options) {
  const auto prepare = [&](const std::string& line) {
    return bleu_tokens(options.lowercase ? lower(line) : line, options.tokenizer);
  };
  BleuScore s;
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    const auto hypothesis = prepare(hypotheses[i]);
    const auto words = split_spaces(hypothesis);
    std::vector<std::string> golds;
    for (const auto& stream : references) {
      require("bleu", stream.size() == hypotheses.size(), "a stream of references has ", stream.size(),
              " lines, expected as many as there are hypotheses, ", hypotheses.size());
      golds.push_back(prepare(stream[i]));
    }
    int64_t closest = -1;
    for (const auto& gold : golds) {
      const auto length = int64_t(split_spaces(gold).size()), own = int64_t(words.size());
      const auto off = std::abs(length - own);
      if (closest < 0 || off < std::abs(closest - own) || (off == std::abs(closest - own) && length < closest))
        closest = length;
    }
    s.length += int64_t(words.size());
    s.reference_length += std::max<int64_t>(closest, 0);
    for (int n = 1; n <= kBleuOrder; ++n) {
      Counts limit;
      for (const auto& gold : golds)
        for (const auto& [gram, count] : word_ngrams(split_spaces(gold), n)) limit[gram] = std::max(limit[gram], count);
      for (const auto& [gram, count] : word_ngrams(words, n)) {
        s.total[size_t(n - 1)] += count;
        if (const auto found = limit.find(gram); found != limit.end())
          s.right[size_t(n - 1)] += std::min(count, found->second);
      }
    }
  }
  score_bleu(s, options);
  return s;
}

double corpus_chrf(const std::vector<std::string>& hypotheses, const std::vector<std::string>& references,
                   const ChrfOptions& options) {
  require("chrf", hypotheses.size() == references.size(), "there are ", references.size(),
          " references, expected as many as hypotheses, ", hypotheses.size());
  const auto prepare = [&](const std::string& line) {
    if (options.whitespace) return line;
    std::string joined;
    for (const auto word : split_spaces(line)) joined += word;
    return joined;
  };
  const auto orders = size_t(options.order);
  std::vector<double> in_hypothesis(orders), in_reference(orders), common(orders);
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    const auto a = prepare(hypotheses[i]), b = prepare(references[i]);
    const auto x = characters(a), y = characters(b);
    for (size_t n = 1; n <= orders; ++n) {
      const auto grams = [&](const std::vector<std::string_view>& text) {
        Counts counts;
        for (size_t k = 0; k + n <= text.size(); ++k) {
          const char* begin = text[k].data();
          counts[std::string(begin, text[k + n - 1].data() + text[k + n - 1].size())] += 1;
        }
        return counts;
      };
      const auto ours = grams(x), theirs = grams(y);
      in_hypothesis[n - 1] += double(x.size() >= n ? x.size() - n + 1 : 0);
      in_reference[n - 1] += double(y.size() >= n ? y.size() - n + 1 : 0);
      for (const auto& [gram, count] : ours)
        if (const auto found = theirs.find(gram); found != theirs.end())
          common[n - 1] += double(std::min(count, found->second));
    }
  }
  const double factor = options.beta * options.beta;
  const auto f_score = [&](double precision, double recall) {
    const double below = factor * precision + recall;
    return below > 0 ? (1 + factor) * precision * recall / below : 0;
  };
  double sum = 0, precision = 0, recall = 0;
  int effective = 0;
  for (size_t n = 0; n < orders; ++n) {
    if (in_hypothesis[n] == 0 || in_reference[n] == 0) continue;
    precision += common[n] / in_hypothesis[n];
    recall += common[n] / in_reference[n];
    sum += f_score(common[n] / in_hypothesis[n], common[n] / in_reference[n]);
    effective += 1;
  }
  if (options.eps_smoothing) return 100 * sum / double(orders);
  return effective == 0 ? 0 : 100 * f_score(precision / effective, recall / effective);
}

}  // namespace ingot
