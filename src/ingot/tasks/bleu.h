// Translation scores as sacreBLEU gives them (Post 2018, version 2): BLEU (Papineni et al. 2002) over the tokens of
// mteval-v13a, mteval-v14 or single Chinese characters, and chrF (Popovic 2015). Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

// sacreBLEU's tokenizers of these names.
enum class BleuTokenizer { None, Mteval13a, Intl, Zh };
std::string tokenize_13a(const std::string& line);
std::string tokenize_intl(const std::string& line);  // marks and symbols of every script apart
std::string tokenize_zh(const std::string& line);    // Chinese characters apart, the rest as 13a

enum class BleuSmoothing { None, Exponential, Floor };
struct BleuOptions {
  BleuTokenizer tokenizer = BleuTokenizer::Mteval13a;  // None: at spaces
  bool lowercase = false;
  BleuSmoothing smoothing = BleuSmoothing::Exponential;
  double floor = 0.1;  // what a precision of zero counts, for Floor
};

constexpr int kBleuOrder = 4;
struct BleuScore {
  double score = 0;  // 0..100
  std::array<int64_t, kBleuOrder> right{}, total{};
  int64_t length = 0, reference_length = 0;
};
// `references`: streams of as many lines as there are hypotheses. Throws InvalidArgument when they differ.
BleuScore corpus_bleu(const std::vector<std::string>& hypotheses,
                      const std::vector<std::vector<std::string>>& references, const BleuOptions& options = {});
// Fills in `score` from the counts.
void score_bleu(BleuScore& counts, const BleuOptions& options = {});

struct ChrfOptions {
  int order = 6;
  double beta = 2;
  bool whitespace = false;     // count it too
  bool eps_smoothing = false;  // mean of the orders' F scores, as in chrF++.py; else F of the means
};
double corpus_chrf(const std::vector<std::string>& hypotheses, const std::vector<std::string>& references,
                   const ChrfOptions& options = {});  // 0..100

}  // namespace ingot
