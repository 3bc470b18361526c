// Average precision of boxes: Pascal VOC's (Everingham et al. 2010) and COCO's (Lin et al. 2014). Equal to the
// published figures of github.com/rafaelpadilla/Object-Detection-Metrics and to pycocotools' accumulation.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "ingot/base/json.h"

namespace ingot {

struct ScoredBox {
  std::array<float, 4> corners{};
  int64_t label = 0;
  double score = 0;
};
struct TrueBox {
  std::array<float, 4> corners{};
  int64_t label = 0;
  bool ignore = false;  // a crowd or a difficult object: neither hit nor miss
};
struct JudgedImage {
  std::vector<ScoredBox> found;
  std::vector<TrueBox> truth;
};

double iou(const std::array<float, 4>& a, const std::array<float, 4>& b);

enum class Interpolation { EveryPoint, ElevenPoints };

// One class, VOC's rule: a found box is judged by the true box it overlaps most, and is a hit when that is by `iou` or
// more and no better box took it. NaN when there is nothing to find.
double voc_average_precision(const std::vector<JudgedImage>& images, int64_t label, double iou,
                             Interpolation interpolation = Interpolation::EveryPoint);

// One class, COCO's rule: each found box, best first, takes the free true box that it overlaps most; 100 boxes an image
// at most; precision at 101 recalls. NaN when there is nothing to find. `recall`, when given, takes the final recall.
double coco_average_precision(const std::vector<JudgedImage>& images, int64_t label, double iou,
                              double* recall = nullptr);

// Precision from hits in order of falling score: at 101 recalls, made monotone from the right.
double precision_at_101(const std::vector<bool>& hits, int64_t positives);

// {"map50": VOC, every point; "coco_map": mean over IoU 0.5 .. 0.95; "coco_map50", "coco_map75", "coco_recall": of 100
// boxes, over the same; "ap50": {class: ..}, "coco_ap": {class: ..}}. Classes without boxes are left out of the means.
Json detection_metrics(const std::vector<JudgedImage>& images, const std::vector<std::string>& names);

}  // namespace ingot
