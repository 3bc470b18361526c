// Translation scores as sacreBLEU gives them (Post 2018, version 2): BLEU (Papineni et al. 2002) over mteval-v13a
// tokens, and chrF (Popovic 2015). Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

std::string tokenize_13a(const std::string& line);

enum class BleuSmoothing { None, Exponential, Floor };
struct BleuOptions {
  bool tokenize = true;  // by tokenize_13a, else at spaces
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
