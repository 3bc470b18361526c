// SQuAD's JSON and its official scores: Rajpurkar et al. 2016 and 2018 (evaluate-v2.0.py). Torch-free.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/file.h"
#include "ingot/base/json.h"

namespace ingot {

struct SquadAnswer {
  std::string text;
  size_t begin = 0, end = 0;  // bytes of the context
};

struct SquadQuestion {
  std::string id, question;
  size_t context = 0, article = 0;   // indices
  std::vector<SquadAnswer> answers;  // empty: unanswerable (version 2)
};

struct SquadData {
  std::vector<std::string> contexts, articles;  // articles: titles, with the file in front
  std::vector<SquadQuestion> questions;
  // Answers whose text does not stand at their offset but exactly once elsewhere in the context (moved there), and
  // those that are nowhere to be found (left out; a question without any other answer goes too).
  int64_t moved_answers = 0, lost_answers = 0;
  std::string hash;
};

// Appends the file to `data`. Throws InvalidArgument naming file and question for what is no SQuAD, has an answer
// beyond its context, or an id that is there already.
void read_squad(const fs::path& path, SquadData& data);

// Lower case, without ASCII punctuation, articles and extra spaces.
std::string normalize_answer(const std::string& text);

// Words: as the official script cuts them, at spaces. Characters: Chinese characters stand alone, as in CMRC 2018's
// script (Cui et al. 2019).
enum class AnswerUnit { Words, Characters };
template <>
struct EnumNames<AnswerUnit> {
  static constexpr std::pair<const char*, AnswerUnit> kValues[] = {{"words", AnswerUnit::Words},
                                                                   {"characters", AnswerUnit::Characters}};
};
double exact_match(const std::string& gold, const std::string& guess, AnswerUnit unit = AnswerUnit::Words);
double answer_f1(const std::string& gold, const std::string& guess, AnswerUnit unit = AnswerUnit::Words);

struct AnswerScore {
  double exact = 0, f1 = 0;  // the best over all gold answers, 0..1
};
AnswerScore answer_score(const SquadQuestion& question, const std::string& guess, AnswerUnit unit = AnswerUnit::Words);

// {"exact", "f1", "total"} in percent, with HasAns_ and NoAns_ parts when there are unanswerable questions.
// `guesses`: id -> text, "" for no answer; a question without a guess counts as wrong.
Json squad_scores(const std::vector<SquadQuestion>& questions, const std::map<std::string, std::string>& guesses,
                  AnswerUnit unit = AnswerUnit::Words);

// The threshold over `null_odds` (id -> how much "no answer" is better than the best span) at which answering with
// `spans` below it, and with nothing above, scores best: {"f1", "f1_threshold", "exact", "exact_threshold"}, scores in
// percent. The official script's find_best_thresh.
Json best_null_threshold(const std::vector<SquadQuestion>& questions, const std::map<std::string, std::string>& spans,
                         const std::map<std::string, double>& null_odds, AnswerUnit unit = AnswerUnit::Words);

// The sliding-window baseline without a model: Richardson et al. 2013, "MCTest", algorithm 1, on spans of the context.
// The window with the greatest sum of inverse word counts of the question's words; the answer is its longest run of
// words that the question does not have.
std::string lexical_answer(const std::string& context, const std::string& question);

// Words of a text with their bytes: runs of letters and digits; Chinese characters and other marks stand alone.
struct TextSpan {
  size_t begin, end;
};
std::vector<TextSpan> text_words(const std::string& text);

}  // namespace ingot
