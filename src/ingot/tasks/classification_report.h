// How well a classifier does: accuracy, calibration, and the pictures that say where it errs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ingot/base/file.h"
#include "ingot/base/json.h"

namespace ingot {

class ClassificationReport {
 public:
  explicit ClassificationReport(std::vector<std::string> names);
  // `rank`: how many classes scored above the right one; `confidence`: probability of the guess.
  void add(int64_t label, int64_t guess, int64_t rank, double confidence, double loss);
  void add(int64_t label, std::span<const float> log_p);  // log p of each class

  // {"loss", "accuracy", "f1", "top5" (above five classes), "ece", "samples"}.
  Json metrics() const;
  // Expected calibration error over 15 equal bins of confidence, Guo et al. 2017, eq. 3.
  double ece() const;
  // F1 of each class, averaged over the classes that occur as a label or a guess.
  double macro_f1() const;
  int64_t count(int64_t label, int64_t guess) const;

  std::string confusion_svg() const;                  // rows: the label, columns: the guess, in percent of the row
  std::string reliability_svg() const;                // accuracy against confidence, a bar a bin
  void write_pictures(const fs::path& folder) const;  // confusion.svg and reliability.svg

 private:
  struct Bin {
    int64_t samples = 0, right = 0;
    double confidence = 0;
  };
  std::vector<std::string> names_;
  std::vector<int64_t> confusion_;  // [label, guess]
  std::vector<Bin> bins_;
  int64_t samples_ = 0, right_ = 0, among_five_ = 0;
  double loss_ = 0;
};

}  // namespace ingot
