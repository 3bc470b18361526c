#include "ingot/tasks/word_errors.h"

#include <algorithm>

namespace ingot {

EditCounts& EditCounts::operator+=(const EditCounts& other) {
  hits += other.hits, substitutions += other.substitutions;
  deletions += other.deletions, insertions += other.insertions;
  return *this;
}

EditCounts count_edits(const std::vector<std::string>& reference, const std::vector<std::string>& guess) {
  const auto better = [](const EditCounts& a, const EditCounts& b) { return a.errors() < b.errors(); };
  std::vector<EditCounts> row(guess.size() + 1);  // of the first i reference words against each prefix of the guess
  for (size_t j = 0; j < guess.size(); ++j) row[j + 1].insertions = int64_t(j) + 1;
  for (const auto& word : reference) {
    EditCounts diagonal = row[0];
    row[0].deletions += 1;
    for (size_t j = 0; j < guess.size(); ++j) {
      auto swap = diagonal, drop = row[j + 1], add = row[j];
      word == guess[j] ? ++swap.hits : ++swap.substitutions;
      drop.deletions += 1, add.insertions += 1;
      diagonal = row[j + 1];
      row[j + 1] = std::min({swap, drop, add}, better);
    }
  }
  return row.back();
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const auto begin = text.find_first_not_of(" \t\r\n", at);
    if (begin == std::string_view::npos) break;
    at = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    words.emplace_back(text.substr(begin, at - begin));
  }
  return words;
}

std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> characters;
  for (const auto& word : words_of(text)) {
    if (!characters.empty()) characters.emplace_back(" ");
    for (const char c : word)
      if ((c & 0xC0) == 0x80 && !characters.empty())
        characters.back() += c;
      else
        characters.emplace_back(1, c);
  }
  return characters;
}

}  // namespace ingot
