#include "ingot/tasks/average_precision.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ingot {
namespace {

constexpr size_t kMostBoxes = 100;  // of one class in one image, COCO's maxDets

double area(const std::array<float, 4>& b) { return double(b[2] - b[0]) * double(b[3] - b[1]); }

double intersection(const std::array<float, 4>& a, const std::array<float, 4>& b) {
  const double w = double(std::min(a[2], b[2])) - double(std::max(a[0], b[0]));
  const double h = double(std::min(a[3], b[3])) - double(std::max(a[1], b[1]));
  return w > 0 && h > 0 ? w * h : 0;
}

// The boxes of a class in one image, best first.
std::vector<const ScoredBox*> best_first(const JudgedImage& image, int64_t label) {
  std::vector<const ScoredBox*> found;
  for (const auto& box : image.found)
    if (box.label == label) found.push_back(&box);
  std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->score > b->score; });
  return found;
}

struct Verdict {
  double score;
  bool hit;
};
std::vector<bool> in_order(std::vector<Verdict> verdicts) {
  std::stable_sort(verdicts.begin(), verdicts.end(),
                   [](const Verdict& a, const Verdict& b) { return a.score > b.score; });
  std::vector<bool> hits;
  for (const auto& v : verdicts) hits.push_back(v.hit);
  return hits;
}

struct Curve {
  std::vector<double> recall, precision;
};
Curve curve_of(const std::vector<bool>& hits, int64_t positives) {
  Curve curve;
  double right = 0;
  for (size_t i = 0; i < hits.size(); ++i) {
    right += hits[i];
    curve.recall.push_back(right / double(positives));
    curve.precision.push_back(right / double(i + 1));
  }
  for (size_t i = hits.size(); i-- > 1;) curve.precision[i - 1] = std::max(curve.precision[i - 1], curve.precision[i]);
  return curve;
}

// The precision where `recall` is reached first; 0 where it never is.
double precision_at(const Curve& curve, double recall) {
  const auto at = std::lower_bound(curve.recall.begin(), curve.recall.end(), recall) - curve.recall.begin();
  return size_t(at) < curve.precision.size() ? curve.precision[size_t(at)] : 0;
}

double mean_of(const Json& values) {
  double sum = 0;
  for (const auto& [name, value] : values.items()) sum += value.get<double>();
  return values.empty() ? 0 : sum / double(values.size());
}

}  // namespace

double iou(const std::array<float, 4>& a, const std::array<float, 4>& b) {
  const double inter = intersection(a, b);
  return inter > 0 ? inter / (area(a) + area(b) - inter) : 0;
}

double precision_at_101(const std::vector<bool>& hits, int64_t positives) {
  const auto curve = curve_of(hits, positives);
  double sum = 0;
  for (int k = 0; k <= 100; ++k) sum += precision_at(curve, k / 100.0);
  return sum / 101;
}

double voc_average_precision(const std::vector<JudgedImage>& images, int64_t label, double least,
                             Interpolation interpolation) {
  struct Candidate {
    double score;
    size_t image, place;  // of the true box that it overlaps most
    double overlap;
  };
  std::vector<Candidate> candidates;
  int64_t positives = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    for (const auto& box : images[i].truth) positives += box.label == label && !box.ignore;
    for (const auto& box : images[i].found) {
      if (box.label != label) continue;
      Candidate candidate{box.score, i, 0, 0};
      for (size_t k = 0; k < images[i].truth.size(); ++k)
        if (const auto& truth = images[i].truth[k]; truth.label == label)
          if (const double overlap = iou(box.corners, truth.corners); overlap > candidate.overlap)
            candidate = {box.score, i, k, overlap};
      candidates.push_back(candidate);
    }
  }
  if (positives == 0) return NAN;
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  std::vector<std::vector<bool>> taken(images.size());
  for (size_t i = 0; i < images.size(); ++i) taken[i].resize(images[i].truth.size());
  std::vector<bool> hits;
  for (const auto& c : candidates) {
    if (c.overlap < least || c.overlap == 0) {
      hits.push_back(false);
    } else if (!images[c.image].truth[c.place].ignore) {
      hits.push_back(!taken[c.image][c.place]);
      taken[c.image][c.place] = true;
    }
  }
  const auto curve = curve_of(hits, positives);
  double sum = 0;
  if (interpolation == Interpolation::ElevenPoints) {
    for (int k = 0; k <= 10; ++k) sum += precision_at(curve, k / 10.0) / 11;
    return sum;
  }
  for (size_t i = 0; i < hits.size(); ++i)  // the area under the curve
    sum += (curve.recall[i] - (i ? curve.recall[i - 1] : 0)) * curve.precision[i];
  return sum;
}

double coco_average_precision(const std::vector<JudgedImage>& images, int64_t label, double least, double* recall) {
  std::vector<Verdict> verdicts;
  int64_t positives = 0, right = 0;
  for (const auto& image : images) {
    std::vector<const TrueBox*> truth;
    for (const auto& box : image.truth)
      if (box.label == label) truth.push_back(&box);
    std::stable_sort(truth.begin(), truth.end(), [](const auto* a, const auto* b) { return a->ignore < b->ignore; });
    for (const auto* box : truth) positives += !box->ignore;
    std::vector<bool> taken(truth.size());
    auto found = best_first(image, label);
    found.resize(std::min(found.size(), kMostBoxes));
    for (const auto* box : found) {
      double best = std::min(least, 1 - 1e-10);
      int64_t at = -1;
      for (size_t k = 0; k < truth.size(); ++k) {
        if (taken[k] && !truth[k]->ignore) continue;
        if (at >= 0 && !truth[size_t(at)]->ignore && truth[k]->ignore) break;  // a real object, not a crowd
        const double overlap = truth[k]->ignore ? intersection(box->corners, truth[k]->corners) / area(box->corners)
                                                : iou(box->corners, truth[k]->corners);
        if (overlap < best) continue;
        best = overlap;
        at = int64_t(k);
      }
      if (at >= 0) taken[size_t(at)] = true;
      if (at >= 0 && truth[size_t(at)]->ignore) continue;
      verdicts.push_back({box->score, at >= 0});
      right += at >= 0;
    }
  }
  if (positives == 0) return NAN;
  if (recall) *recall = double(right) / double(positives);
  return precision_at_101(in_order(std::move(verdicts)), positives);
}

Json detection_metrics(const std::vector<JudgedImage>& images, const std::vector<std::string>& names) {
  Json ap50 = Json::object(), coco = Json::object(), coco50 = Json::object(), coco75 = Json::object(),
       recalls = Json::object();
  for (size_t k = 0; k < names.size(); ++k) {
    const double voc = voc_average_precision(images, int64_t(k), 0.5);
    if (std::isnan(voc)) continue;
    ap50[names[k]] = voc;
    double sum = 0, recall_sum = 0;
    for (int t = 0; t < 10; ++t) {
      double recall = 0;
      const double ap = coco_average_precision(images, int64_t(k), 0.5 + 0.05 * t, &recall);
      sum += ap / 10;
      recall_sum += recall / 10;
      if (t == 0) coco50[names[k]] = ap;
      if (t == 5) coco75[names[k]] = ap;
    }
    coco[names[k]] = sum;
    recalls[names[k]] = recall_sum;
  }
  return {{"map50", mean_of(ap50)},
          {"coco_map", mean_of(coco)},
          {"coco_map50", mean_of(coco50)},
          {"coco_map75", mean_of(coco75)},
          {"coco_recall", mean_of(recalls)},
          {"ap50", ap50},
          {"coco_ap", coco}};
}

}  // namespace ingot
