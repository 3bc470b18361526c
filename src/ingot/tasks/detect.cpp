// Shapes: B images, C channels, H height, W width, N boxes.
#include "ingot/tasks/detect.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/data/augment.h"
#include "ingot/data/permutation.h"
#include "ingot/tasks/svg.h"

namespace ingot {
namespace {

constexpr int64_t kStride = 32;  // sides of a batch are multiples of it
constexpr const char* kColors[] = {"#e6194b", "#0f7bd0", "#f58231", "#2a9d3f",
                                   "#911eb4", "#008080", "#b07a00", "#000075"};

// The interval from `low` to `high` as it is seen from the other end of `size`.
void reflect(float& low, float& high, float size) { low = size - std::exchange(high, size - low); }

void mirror(BoxedImage& boxed) {
  mirror(boxed.image);
  for (auto& box : boxed.boxes) reflect(box.corners[0], box.corners[2], float(boxed.width));
}

void turn_over(BoxedImage& boxed) {
  turn_over(boxed.image);
  for (auto& box : boxed.boxes) reflect(box.corners[1], box.corners[3], float(boxed.height));
}

PaddedImages pad(const std::vector<const Image*>& images, const ImageFormat& format) {
  PaddedImages result;
  int64_t H = kStride, W = kStride;
  for (const auto* image : images) {
    H = std::max(H, (image->height + kStride - 1) / kStride * kStride);
    W = std::max(W, (image->width + kStride - 1) / kStride * kStride);
  }
  result.pixels = torch::zeros({int64_t(images.size()), 3, H, W});
  for (size_t i = 0; i < images.size(); ++i) {
    const auto h = images[i]->height, w = images[i]->width;
    auto one = format;
    one.height = h;
    one.width = w;
    auto planes = torch::empty({3, h, w});
    one.fill(*images[i], planes.data_ptr<float>());
    result.pixels[int64_t(i)].narrow(1, 0, h).narrow(2, 0, w).copy_(planes);
    result.sizes.push_back({h, w});
  }
  return result;
}

}  // namespace

Problems DetectConfig::validate() const {
  auto p = BoxedImageConfig::validate();
  if (!(scale_low > 0 && scale_low <= scale_high && scale_high <= 4))
    p.push_back(detail::join_parts("scale_low: got ", scale_low, " and scale_high ", scale_high,
                                   ", expected 0 < scale_low <= scale_high <= 4"));
  if (!(count_score > 0 && count_score < 1))
    p.push_back(detail::join_parts("count_score: got ", count_score, ", expected above 0 and below 1"));
  return p;
}

DetectTask::DetectTask(const DetectConfig& data, const TaskOptions& options) : config_(data), options_(options) {
  if (options.purpose == Purpose::Infer) {
    format_ = ImageFormat::from_json(read_json(fs::path(options.run_folder) / "assets" / "images.json"));
    return;
  }
  train_ = read_boxed_images(data.train, data);
  require("data", !train_.images.empty(), data.train, " has no image left, expected at least one");
  for (const auto& [name, where] : {std::pair{"validation", data.validation}, {"test", data.test}})
    if (!where.empty()) splits_[name] = read_boxed_images(where, data, train_.names);
  for (const auto& why : train_.quarantined) log_warning("left out: " + why);
  format_ = {0, 0, 3, data.mean, data.std, train_.names};
  if (data.mean.empty()) {
    LabelledImages pixels{.channels = 3};
    for (const auto& image : train_.images)
      pixels.pixels.insert(pixels.pixels.end(), image.image.pixels.begin(), image.image.pixels.end());
    measure(pixels, format_.mean, format_.std);
  }
}

int64_t DetectTask::batches_per_epoch() const {
  return (int64_t(train_.images.size()) + options_.batch_size - 1) / options_.batch_size;
}

Batch DetectTask::train_batch(int64_t index) {
  const auto rows = int64_t(train_.images.size()), batches = batches_per_epoch();
  const int64_t epoch = index / batches, begin = index % batches * options_.batch_size;
  const int64_t B = std::min(options_.batch_size, rows - begin);
  std::vector<BoxedImage> images;
  std::vector<const Image*> pointers;
  std::vector<float> corners;
  std::vector<int64_t> labels, counts, sizes;
  for (int64_t i = 0; i < B; ++i) {
    const auto row = shuffled(uint64_t(begin + i), uint64_t(rows), options_.seed, uint64_t(epoch));
    auto image = train_.images[row];
    Rng rng(options_.seed, uint64_t(index * options_.batch_size + i));
    if (config_.flip && rng.below(2)) mirror(image);
    if (config_.flip_vertical && rng.below(2)) turn_over(image);
    if (config_.scale_high > config_.scale_low) {
      const double factor = config_.scale_low + (config_.scale_high - config_.scale_low) * rng.uniform();
      const auto side = [&](int64_t n) { return std::max<int64_t>(kStride, std::lround(double(n) * factor)); };
      image.image = resize(image.image, side(image.image.height), side(image.image.width));
    }
    const auto x = float(image.image.width) / float(image.width), y = float(image.image.height) / float(image.height);
    counts.push_back(0);
    for (const auto& box : image.boxes) {
      if (box.ignore) continue;
      for (size_t k = 0; k < 4; ++k) corners.push_back(box.corners[k] * (k % 2 ? y : x));
      labels.push_back(box.label);
      counts.back() += 1;
    }
    images.push_back(std::move(image));
  }
  for (const auto& image : images) pointers.push_back(&image.image);
  const auto padded = pad(pointers, format_);
  for (const auto& [h, w] : padded.sizes) sizes.insert(sizes.end(), {h, w});
  return {{{"images", padded.pixels},
           {"sizes", torch::tensor(sizes, torch::kLong).view({B, 2})},
           {"boxes", torch::tensor(corners, torch::kFloat).view({-1, 4})},
           {"labels", torch::tensor(labels, torch::kLong)},
           {"counts", torch::tensor(counts, torch::kLong)},
           {"draw", torch::tensor(index, torch::kLong)}},
          double(B)};
}

Tensor DetectTask::loss(const Batch& batch, const std::string&) {
  PaddedImages images{batch["images"], {}};
  const auto sizes = batch["sizes"].cpu(), counts = batch["counts"].cpu();
  std::vector<Regions> truth;
  int64_t begin = 0;
  for (int64_t i = 0; i < sizes.size(0); ++i) {
    const auto count = counts[i].item<int64_t>();
    images.sizes.push_back({sizes[i][0].item<int64_t>(), sizes[i][1].item<int64_t>()});
    truth.push_back({batch["boxes"].narrow(0, begin, count), batch["labels"].narrow(0, begin, count), {}});
    begin += count;
  }
  const auto draw = options_.seed + uint64_t(batch["draw"].item<int64_t>());
  return model_->loss(images, truth, draw) * double(sizes.size(0));
}

// Found boxes in pixels of the images' files.
std::vector<std::vector<ScoredBox>> DetectTask::detect(const std::vector<const BoxedImage*>& images) {
  const torch::NoGradGuard no_grad;
  model_->eval();
  std::vector<const Image*> pointers;
  for (const auto* image : images) pointers.push_back(&image->image);
  auto padded = pad(pointers, format_);
  padded.pixels = padded.pixels.to(model_->parameters().front().device());
  std::vector<std::vector<ScoredBox>> result;
  for (const auto& [boxes, labels, scores] : model_->detect(padded)) {
    const auto& image = *images[result.size()];
    const auto x = float(image.width) / float(image.image.width), y = float(image.height) / float(image.image.height);
    const auto b = boxes.cpu().contiguous(), l = labels.cpu(), s = scores.cpu();
    std::vector<ScoredBox> found;
    for (int64_t i = 0; i < b.size(0); ++i) {
      const float* c = b.data_ptr<float>() + 4 * i;
      found.push_back({{c[0] * x, c[1] * y, c[2] * x, c[3] * y}, l[i].item<int64_t>(), double(s[i].item<float>())});
    }
    result.push_back(std::move(found));
  }
  return result;
}

Json DetectTask::evaluate(const std::string& split, int64_t limit) {
  constexpr int64_t kRows = 8;
  const auto* data = find_split(splits_, split, "images");
  if (!data) return Json::object();
  std::vector<JudgedImage> judged;
  const auto N = int64_t(data->images.size());
  const auto K = format_.names.size();
  std::vector<double> error(K), annotated(K), counted(K);
  for (int64_t begin = 0; begin < N && (limit == 0 || begin < limit * kRows); begin += kRows) {
    std::vector<const BoxedImage*> images;
    for (int64_t i = begin; i < std::min(N, begin + kRows); ++i) images.push_back(&data->images[size_t(i)]);
    auto found = detect(images);
    for (size_t i = 0; i < images.size(); ++i) {
      judged.push_back({std::move(found[i]), {}});
      std::vector<double> balance(K);
      for (const auto& box : images[i]->boxes) {
        judged.back().truth.push_back({box.corners, box.label, box.ignore});
        if (!box.ignore) annotated[size_t(box.label)] += 1, balance[size_t(box.label)] -= 1;
      }
      for (const auto& box : judged.back().found)
        if (box.score >= config_.count_score) counted[size_t(box.label)] += 1, balance[size_t(box.label)] += 1;
      for (size_t k = 0; k < K; ++k) error[k] += std::abs(balance[k]);
    }
  }
  auto metrics = detection_metrics(judged, format_.names);
  const double n = double(judged.size());
  for (size_t k = 0; k < K; ++k)
    metrics["counts"][format_.names[k]] = {
        {"annotated", annotated[k] / n}, {"counted", counted[k] / n}, {"mean_absolute_error", error[k] / n}};
  metrics["images"] = judged.size();
  return metrics;
}

// The image with a frame around each box of count_score or more.
std::string DetectTask::drawing(const BoxedImage& image, const std::vector<ScoredBox>& found) const {
  const auto W = image.image.width, H = image.image.height;
  const double x = double(W) / double(image.width), y = double(H) / double(image.height);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{2}\" height=\"{3}\" "
      "font-family=\"sans-serif\" font-size=\"9\"><image width=\"{0}\" height=\"{1}\" "
      "href=\"data:image/png;base64,{4}\"/>\n",
      W, H, 2 * W, 2 * H, base64(encode_png(image.image)));
  for (const auto& box : found) {
    if (box.score < config_.count_score) continue;
    const auto& [x1, y1, x2, y2] = box.corners;
    const char* color = kColors[size_t(box.label) % std::size(kColors)];
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" stroke=\"{}\" "
        "stroke-width=\"1.5\"/><text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\" stroke=\"#fff\" stroke-width=\"2\" "
        "paint-order=\"stroke\">{} {:.2f}</text>\n",
        x1 * x, y1 * y, (x2 - x1) * x, (y2 - y1) * y, color, x1 * x + 2, std::max(9.0, y1 * y + 9), color,
        xml_text(format_.names[size_t(box.label)]), box.score);
  }
  return svg + "</svg>\n";
}

void DetectTask::illustrate(const std::string& folder) {
  constexpr size_t kPictures = 4;
  const auto split = splits_.contains("validation") ? splits_.find("validation") : splits_.find("test");
  if (split == splits_.end()) return;
  const auto& images = split->second.images;
  for (size_t i = 0; i < std::min(images.size(), kPictures); ++i)
    write_file_atomic(fs::path(folder) / ("boxes_" + fs::path(images[i].file).stem().string() + ".svg"),
                      drawing(images[i], detect({&images[i]}).front()));
}

Json DetectTask::predict(const Json& request) {
  require("predict", request.is_object() && request.contains("file") && request["file"].is_string(),
          "the request has no string \"file\", expected {\"file\": \"image.jpg\", \"out\": \"boxes.svg\"}");
  const std::string path = request["file"], out = request.value("out", "");
  require("predict", out.empty() || out.ends_with(".svg"), "out is ", out, ", expected a name that ends with .svg");
  const auto file = decode_image(read_file(path), path, 3, config_.max_pixels);
  const auto [height, width] = detection_size(file.height, file.width, config_.min_size, config_.max_size);
  const BoxedImage image{path, file.height, file.width, resize(file, height, width), {}};
  const auto found = detect({&image}).front();
  Json counts = Json::object(), boxes = Json::array();
  for (const auto& name : format_.names) counts[name] = 0;
  for (const auto& box : found) {
    if (box.score < config_.count_score) continue;
    const auto& name = format_.names[size_t(box.label)];
    counts[name] = counts[name].get<int64_t>() + 1;
    Json corners = Json::array();
    for (const float c : box.corners) corners.push_back(std::round(double(c) * 10) / 10);
    boxes.push_back({{"label", name}, {"score", box.score}, {"box", corners}});
  }
  Json answer = {{"counts", counts}, {"boxes", boxes}};
  if (!out.empty()) {
    write_file_atomic(out, drawing(image, found));
    answer["picture"] = out;
  }
  return answer;
}

double DetectTask::train_flops_per_unit() const {
  if (train_.images.empty()) return 0;
  const auto& image = train_.images.front().image;
  return 3 * model_->forward_flops(image.height, image.width);
}

void DetectTask::save_assets(const std::string& folder) const {
  fs::create_directories(folder);
  write_json(fs::path(folder) / "images.json", format_.to_json());
  if (!train_.quarantined.empty()) write_json(fs::path(folder) / "quarantined.json", train_.quarantined);
}

Json DetectTask::card() const {
  Json card = model_->card();
  card["classes"] = format_.names;
  if (!train_.images.empty())
    card["data"] = {{"source", config_.train},
                    {"train", train_.images.size()},
                    {"boxes", train_.num_boxes()},
                    {"left_out", train_.quarantined.size()}};
  card["intended_use"] = "boxes of its classes in images like the training images";
  card["limits"] = "objects of other kinds and scales are missed or misnamed; scores are not calibrated";
  return card;
}

}  // namespace ingot
