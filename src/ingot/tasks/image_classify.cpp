// Shapes: B images, C channels, H height, W width.
#include "ingot/tasks/image_classify.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/data/permutation.h"
#include "ingot/nn/losses.h"

namespace ingot {

Problems ImageClassifyConfig::validate() const {
  auto p = LabelledImageConfig::validate();
  if (!(label_smoothing >= 0 && label_smoothing < 1))
    p.push_back(detail::join_parts("label_smoothing: got ", label_smoothing, ", expected 0 to below 1"));
  return p;
}

void ImageFormat::fill(const Image& image, float* planes) const {
  for (int64_t c = 0; c < channels; ++c) {
    const auto scale = float(1 / (255 * std[size_t(c)])), shift = float(-mean[size_t(c)] / std[size_t(c)]);
    const uint8_t* pixel = image.pixels.data() + c;
    for (int64_t i = 0; i < height * width; ++i, pixel += channels) *planes++ = float(*pixel) * scale + shift;
  }
}

Json ImageFormat::to_json() const {
  return {{"height", height}, {"width", width}, {"channels", channels}, {"mean", mean}, {"std", std}, {"names", names}};
}

ImageFormat ImageFormat::from_json(const Json& json) {
  return {json.at("height"), json.at("width"), json.at("channels"), json.at("mean"), json.at("std"), json.at("names")};
}

void measure(const LabelledImages& images, std::vector<double>& mean, std::vector<double>& std) {
  for (int64_t c = 0; c < images.channels; ++c) {
    double sum = 0, squares = 0, n = 0;
    for (size_t i = size_t(c); i < images.pixels.size(); i += size_t(images.channels), ++n) {
      const double x = images.pixels[i] / 255.0;
      sum += x;
      squares += x * x;
    }
    mean.push_back(sum / n);
    std.push_back(std::max(1e-6, std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)))));
  }
}

ImageClassifyTask::ImageClassifyTask(const ImageClassifyConfig& data, const TaskOptions& options)
    : config_(data), options_(options) {
  if (options.purpose == Purpose::Infer) {
    format_ = ImageFormat::from_json(read_json(fs::path(options.run_folder) / "assets" / "images.json"));
    return;
  }
  require("data", options.batch_size >= 2, "train.batch_size is ", options.batch_size,
          ", expected at least 2: BatchNorm has no variance over one image");
  train_ = read_labelled_images(data.train, data);
  const auto names = train_.names;
  const auto read = [&](const std::string& where) { return read_labelled_images(where, data, names); };
  if (!data.test.empty()) splits_["test"] = read(data.test);
  if (!data.validation.empty())
    splits_["validation"] = read(data.validation);
  else if (data.validation_fraction > 0)
    splits_["validation"] = split_off(train_, data.validation_fraction);
  else if (!data.test.empty())
    splits_["validation"] = splits_["test"];
  for (const auto& [name, images] : splits_)
    require("data", images.height == train_.height && images.width == train_.width, name, " images have ", images.width,
            " x ", images.height, " pixels, expected ", train_.width, " x ", train_.height,
            " as the training images; set data.size");
  require("data", train_.size() >= 2, data.train, " has ", train_.size(), " image, expected at least 2");
  for (const auto& why : train_.quarantined) log_warning("left out: " + why);

  format_ = {train_.height, train_.width, train_.channels, data.mean, data.std, names};
  if (data.mean.empty()) measure(train_, format_.mean, format_.std);
}

int64_t ImageClassifyTask::batches_per_epoch() const {
  const auto rows = train_.size(), B = options_.batch_size;
  return rows / B + (rows % B >= 2);
}

Batch ImageClassifyTask::train_batch(int64_t index) {
  const int64_t rows = train_.size(), batches = batches_per_epoch();
  const int64_t epoch = index / batches, begin = index % batches * options_.batch_size;
  const int64_t B = std::min(options_.batch_size, rows - begin), H = format_.height, W = format_.width;
  auto images = torch::empty({B, format_.channels, H, W});
  auto labels = torch::empty({B}, torch::kLong);
  for (int64_t i = 0; i < B; ++i) {
    const auto row = int64_t(shuffled(uint64_t(begin + i), uint64_t(rows), options_.seed, uint64_t(epoch)));
    auto image = train_.image(row);
    Rng rng(options_.seed, uint64_t(index * options_.batch_size + i));
    augment(image, config_.augment, rng);
    format_.fill(image, images.data_ptr<float>() + i * format_.channels * H * W);
    labels.data_ptr<int64_t>()[i] = train_.labels[size_t(row)];
  }
  Batch batch{{{"images", images}, {"labels", labels}}, double(B)};

  const auto& [crop, flip, trivial, erase, mixup, cutmix] = config_.augment;
  if (mixup > 0 || cutmix > 0) {  // with the image before, as torchvision's reference
    Rng rng(~options_.seed, uint64_t(index));
    const bool blends = mixup > 0 && (cutmix == 0 || rng.below(2));
    double lambda = symmetric_beta(blends ? mixup : cutmix, rng);
    const auto other = images.roll({1}, {0});
    if (blends) {
      images.mul_(lambda).add_(other, 1 - lambda);
    } else {
      const auto [top, left, height, width] = cutmix_box(H, W, lambda, rng);
      images.narrow(2, top, height).narrow(3, left, width).copy_(other.narrow(2, top, height).narrow(3, left, width));
      lambda = 1 - double(height * width) / double(H * W);
    }
    batch.tensors["other_labels"] = labels.roll({1}, {0});
    batch.tensors["lambda"] = torch::tensor(lambda, torch::kFloat);
  }
  return batch;
}

Tensor ImageClassifyTask::loss(const Batch& batch, const std::string&) {
  const CrossEntropyOptions options{.label_smoothing = config_.label_smoothing};
  const auto logits = model_->forward(batch["images"]);
  const auto loss = cross_entropy(logits, batch["labels"], options);
  if (!batch.tensors.contains("lambda")) return loss;
  const auto lambda = batch["lambda"];
  return lambda * loss + (1 - lambda) * cross_entropy(logits, batch["other_labels"], options);
}

ClassificationReport ImageClassifyTask::report(const LabelledImages& images, int64_t limit) {
  constexpr int64_t kRows = 256;
  const torch::NoGradGuard no_grad;
  model_->eval();
  const auto device = model_->parameters().front().device();
  ClassificationReport report(format_.names);
  int64_t batches = 0;
  for (int64_t begin = 0; begin < images.size() && (limit == 0 || batches < limit); begin += kRows, ++batches) {
    const int64_t B = std::min(kRows, images.size() - begin);
    auto x = torch::empty({B, format_.channels, format_.height, format_.width});
    for (int64_t i = 0; i < B; ++i) format_.fill(images.image(begin + i), x[i].data_ptr<float>());
    const auto log_p =
        model_->forward(x.to(device)).to(torch::kFloat).log_softmax(1).cpu().contiguous();  // [B, classes]
    const auto C = log_p.size(1);
    for (int64_t i = 0; i < B; ++i)
      report.add(images.labels[size_t(begin + i)], {log_p.data_ptr<float>() + i * C, size_t(C)});
  }
  return report;
}

Json ImageClassifyTask::evaluate(const std::string& split, int64_t limit) {
  const auto* data = find_split(splits_, split, "images");
  return data ? report(*data, limit).metrics() : Json::object();
}

void ImageClassifyTask::illustrate(const std::string& folder) {
  const auto found = splits_.find("validation");
  if (found == splits_.end()) return;
  report(found->second, 0).write_pictures(folder);
}

Json ImageClassifyTask::predict(const Json& request) {
  require("predict", request.is_object() && request.contains("file") && request["file"].is_string(),
          "the request has no string \"file\", expected {\"file\": \"image.png\"}");
  const std::string path = request["file"];
  const auto image = decode_image(read_file(path), path, format_.channels, config_.max_pixels);
  const torch::NoGradGuard no_grad;
  model_->eval();
  auto x = torch::empty({1, format_.channels, format_.height, format_.width});
  format_.fill(format_.height == format_.width ? resize_and_crop(image, format_.height)
                                               : resize(image, format_.height, format_.width),
               x.data_ptr<float>());
  const auto p = model_->forward(x.to(model_->parameters().front().device())).to(torch::kFloat).softmax(1)[0].cpu();
  const auto [scores, classes] = p.topk(std::min<int64_t>(5, p.size(0)));
  Json top = Json::array();
  for (int64_t i = 0; i < scores.size(0); ++i)
    top.push_back(
        {{"label", format_.names.at(size_t(classes[i].item<int64_t>()))}, {"score", scores[i].item<double>()}});
  return {{"label", top[0]["label"]}, {"score", top[0]["score"]}, {"top", top}};
}

void ImageClassifyTask::save_assets(const std::string& folder) const {
  fs::create_directories(folder);
  write_json(fs::path(folder) / "images.json", format_.to_json());
  if (!train_.quarantined.empty()) write_json(fs::path(folder) / "quarantined.json", train_.quarantined);
}

Json ImageClassifyTask::card() const {
  Json card = model_->card();
  card["images"] =
      std::to_string(format_.width) + " x " + std::to_string(format_.height) + " x " + std::to_string(format_.channels);
  card["classes"] = format_.names;
  if (train_.size() > 0)
    card["data"] = {{"source", config_.train}, {"train", train_.size()}, {"left_out", train_.quarantined.size()}};
  card["intended_use"] = "one of its classes for an image like the training images";
  card["limits"] = "answers with one of its classes for any image; scores are only calibrated on data like its own";
  return card;
}

}  // namespace ingot
