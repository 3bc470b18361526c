// Shapes: B images, C channels, H and W their size, Z latent.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/data/permutation.h"
#include "ingot/models/gan.h"
#include "ingot/models/image_judge.h"
#include "ingot/tasks/frechet.h"
#include "ingot/tasks/task.h"

namespace ingot {
namespace {

constexpr int64_t kFinalSamples = 10000;
constexpr double kCollapsed = 0.25;  // of the real images' variance

// Standard normal codes, a pure function of (seed, stream).
Tensor draw_codes(int64_t rows, int64_t latent, uint64_t seed, uint64_t stream) {
  auto z = torch::empty({rows, latent});
  Rng rng(seed, stream);
  for (int64_t i = 0; i < z.numel(); ++i)  // Box & Muller 1958
    z.data_ptr<float>()[i] =
        float(std::sqrt(-2 * std::log(1 - rng.uniform())) * std::cos(2 * std::numbers::pi * rng.uniform()));
  return z;
}

// [B, C, H, W] in -1..1 -> bytes.
std::vector<Image> to_images(const Tensor& x) {
  const auto bytes = ((x + 1) * 127.5).round().clamp(0, 255).to(torch::kByte).permute({0, 2, 3, 1}).contiguous().cpu();
  std::vector<Image> images;
  for (int64_t i = 0; i < bytes.size(0); ++i) {
    const uint8_t* begin = bytes[i].data_ptr<uint8_t>();
    images.push_back({bytes.size(1), bytes.size(2), bytes.size(3), {begin, begin + bytes[i].numel()}});
  }
  return images;
}

// Rows of `columns` images, 2 pixels apart, each enlarged `zoom` times.
Image tile(const std::vector<Image>& images, int64_t columns, int64_t zoom) {
  const auto& first = images.front();
  const int64_t rows = (int64_t(images.size()) + columns - 1) / columns;
  const int64_t h = first.height * zoom + 2, w = first.width * zoom + 2;
  Image grid{rows * h + 2, columns * w + 2, first.channels, {}};
  grid.pixels.assign(size_t(grid.height * grid.width * grid.channels), 255);
  for (size_t i = 0; i < images.size(); ++i) {
    const int64_t top = int64_t(i) / columns * h + 2, left = int64_t(i) % columns * w + 2;
    for (int64_t y = 0; y < h - 2; ++y)
      for (int64_t x = 0; x < w - 2; ++x)
        std::copy_n(images[i].at(y / zoom, x / zoom), first.channels, grid.at(top + y, left + x));
  }
  return grid;
}

class GanTask : public Task {
 public:
  GanTask(const GanConfig& config, const LabelledImageConfig& data, const TaskOptions& options)
      : config_(config), data_(data), options_(options) {
    if (options.purpose == Purpose::Infer) {
      format_ = ImageFormat::from_json(read_json(fs::path(options.run_folder) / "assets" / "images.json"));
    } else {
      train_ = read_labelled_images(data.train, data);
      require("data", train_.size() >= options.batch_size, data.train, " has ", train_.size(),
              " images, expected at least a batch of ", options.batch_size);
      if (!data.test.empty()) test_ = read_labelled_images(data.test, data, train_.names);
      format_ = {train_.height, train_.width, train_.channels, {}, {}, train_.names};
      if (!config.judge.empty()) {
        judge_.emplace(config.judge);
        require("gan", judge_->format().channels == format_.channels, "model.judge sees ", judge_->format().channels,
                " channels, expected ", format_.channels, " as the images have");
      }
    }
    gan_ = Gan(config, format_.channels, format_.height, format_.width, int64_t(format_.names.size()));
  }

  torch::nn::Module& module() override { return *gan_; }
  void initialise() override { gan_->initialise(options_.seed); }
  std::vector<Player> players() const override {
    return {{"discriminator", "discriminator."}, {"generator", "generator."}};
  }
  bool decays(const std::string&, const Tensor&) const override { return false; }

  Batch train_batch(int64_t index) override {
    const int64_t rows = train_.size(), B = options_.batch_size, epoch = index / batches_per_epoch();
    const int64_t begin = index % batches_per_epoch() * B;
    auto images = torch::empty({B, format_.height, format_.width, format_.channels}, torch::kByte);
    auto labels = torch::empty({B}, torch::kLong);
    for (int64_t i = 0; i < B; ++i) {
      const auto row = int64_t(shuffled(uint64_t(begin + i), uint64_t(rows), options_.seed, uint64_t(epoch)));
      std::copy_n(train_.pixels.data() + row * train_.bytes_each(), train_.bytes_each(),
                  images.data_ptr<uint8_t>() + i * train_.bytes_each());
      labels.data_ptr<int64_t>()[i] = train_.labels[size_t(row)];
    }
    const double penalty = config_.gamma > 0 && index % config_.penalty_every == 0 ? double(config_.penalty_every) : 0;
    return {{{"images", images.permute({0, 3, 1, 2}).to(torch::kFloat).div_(127.5).sub_(1).contiguous()},
             {"labels", labels},
             {"codes", draw_codes(B, config_.latent, options_.seed, uint64_t(2 * index))},
             {"generator_codes", draw_codes(B, config_.latent, options_.seed, uint64_t(2 * index + 1))},
             {"penalty", torch::tensor(penalty, torch::kFloat)}},
            double(B)};
  }
  int64_t batches_per_epoch() const override { return train_.size() / options_.batch_size; }

  Tensor loss(const Batch& batch, const std::string& player) override {
    const auto labels = batch["labels"];
    if (player == "generator") {
      Tensor real;
      {
        const torch::NoGradGuard no_grad;
        real = gan_->discriminate(batch["images"], labels);
      }
      const auto fake = gan_->generate(batch["generator_codes"], labels);
      return generator_loss(config_.form, real, gan_->discriminate(fake, labels));
    }
    auto real = batch["images"].detach().clone();
    Tensor fake;
    {
      const torch::NoGradGuard no_grad;
      fake = gan_->generate(batch["codes"], labels);
    }
    const double penalty = batch["penalty"].item<double>();
    real.requires_grad_(penalty > 0);
    fake.requires_grad_(penalty > 0);
    const auto real_logits = gan_->discriminate(real, labels), fake_logits = gan_->discriminate(fake, labels);
    auto loss = discriminator_loss(config_.form, real_logits, fake_logits);
    if (penalty > 0)
      loss = loss +
             penalty * config_.gamma / 2 * (gradient_penalty(real_logits, real) + gradient_penalty(fake_logits, fake));
    return loss;
  }

  // Against the images of the split (validation: of the training part): the distance of as many samples, of noise, and,
  // where it is another set, of training images, which is what a perfect generator would reach.
  Json evaluate(const std::string& split, int64_t) override {
    const bool test = split == "test";
    if (!test && split != "validation" && split != "train")
      fail(ErrorKind::NotFound, "eval", "a GAN has the splits train, validation (the same) and test, not '", split,
           "'");
    if (test && test_.size() == 0)
      fail(ErrorKind::NotFound, "eval", "this run has no split 'test'; name its images in data.test");
    const auto& real = test ? test_ : train_;
    const auto N = std::min(test ? kFinalSamples : config_.samples, std::min(real.size(), train_.size()));
    const auto of_real = look(take(real, N)), of_fake = look(sample(N, 0));
    const auto reference = fit_gaussian(of_real.features), generated = fit_gaussian(of_fake.features);
    const std::string name = objective().metric;
    Json metrics = {{name, frechet_distance(reference, generated)}};
    metrics["of_noise"] =
        metrics[name].get<double>() / frechet_distance(reference, fit_gaussian(look(noise(N)).features));
    const auto rows = std::min<int64_t>(N, 2000);
    metrics["kid"] = kernel_distance(of_real.features.slice(0, 0, rows), of_fake.features.slice(0, 0, rows));
    metrics["diversity"] = (generated.covariance.trace() / reference.covariance.trace()).item<double>();
    if (test) metrics["floor"] = frechet_distance(reference, fit_gaussian(look(take(train_, N)).features));
    if (judge_) {
      const auto K = int64_t(judge_->format().names.size());
      const auto share = at::bincount(of_fake.classes, {}, K).to(torch::kDouble) / double(N);
      metrics["smallest_class"] = share.min().item<double>();
      metrics["class_entropy"] = -(share * share.clamp_min(1e-12).log()).sum().item<double>();
    }
    metrics["samples"] = N;
    if (metrics["diversity"].get<double>() < kCollapsed)
      log_warning("the generated images vary " + std::to_string(metrics["diversity"].get<double>()) +
                  " times as much as the real ones: the generator has collapsed to a few");
    return metrics;
  }
  Objective objective() const override { return {judge_ ? "cfid" : "thumbnail_fd", true}; }

  void illustrate(const std::string& folder) override {
    write_file_atomic(fs::path(folder) / "samples.png", encode_png(tile(sample(100, 0), 10, 2)));
  }

  // {"out": "x.png", "count": 16, "seed": 0, "label": "Coat"} -> {"file", "count"}
  Json predict(const Json& request) override {
    require("predict", request.is_object() && request.contains("out") && request["out"].is_string(),
            "the request has no string \"out\", expected {\"out\": \"samples.png\", \"count\": 16, \"seed\": 0}");
    const auto count = request.value("count", int64_t{16});
    require("predict", count >= 1 && count <= kFinalSamples, "count is ", count, ", expected 1 to ", kFinalSamples);
    std::optional<int64_t> label;
    if (request.contains("label")) {
      require("predict", config_.conditional, "label is ", request["label"].dump(),
              ", but this run is not conditional; train with model.conditional = true");
      const std::string name = request["label"];
      const auto at = std::find(format_.names.begin(), format_.names.end(), name);
      require("predict", at != format_.names.end(), "label is '", name, "'", suggest(name, format_.names));
      label = at - format_.names.begin();
    }
    const std::string out = request["out"];
    write_file_atomic(out, encode_png(tile(sample(count, request.value("seed", uint64_t{0}), label),
                                           int64_t(std::ceil(std::sqrt(double(count)))), 1)));
    return {{"file", out}, {"count", count}};
  }

  std::string unit() const override { return "image"; }
  double train_flops_per_unit() const override { return gan_->train_flops(); }
  void save_assets(const std::string& folder) const override {
    fs::create_directories(folder);
    write_json(fs::path(folder) / "images.json", format_.to_json());
  }
  std::string data_hash() const override { return train_.hash; }
  Json card() const override {
    Json card = {{"form", enum_name(config_.form)}, {"latent", config_.latent}, {"conditional", config_.conditional}};
    for (const char* part : {"generator", "discriminator"}) {
      int64_t parameters = 0;
      for (const auto& item : gan_->named_parameters())
        if (item.key().starts_with(part)) parameters += item.value().numel();
      card[std::string(part) + "_parameters"] = parameters;
    }
    card["judge"] = config_.judge.empty() ? "none: 8 x 8 thumbnails" : config_.judge;
    card["data"] = {{"source", data_.train}, {"train", train_.size()}};
    card["limits"] = "draws what resembles its training images; distances compare runs with the same judge only";
    return card;
  }

 private:
  std::vector<Image> sample(int64_t count, uint64_t seed, std::optional<int64_t> label = {}) {
    constexpr int64_t kRows = 250;
    const torch::NoGradGuard no_grad;
    gan_->eval();
    const auto device = gan_->parameters().front().device();
    std::vector<Image> images;
    for (int64_t begin = 0; begin < count; begin += kRows) {
      const int64_t B = std::min(kRows, count - begin);
      const auto labels = label ? torch::full({B}, *label, torch::kLong)
                                : torch::arange(begin, begin + B).remainder(int64_t(format_.names.size()));
      const auto z = draw_codes(B, config_.latent, ~seed, uint64_t(begin));
      for (auto& image : to_images(gan_->generate(z.to(device), labels.to(device)))) images.push_back(std::move(image));
    }
    return images;
  }
  std::vector<Image> noise(int64_t count) const {  // uniform bytes
    std::vector<Image> images;
    for (int64_t i = 0; i < count; ++i) {
      Rng rng(1, uint64_t(i));
      images.push_back({format_.height, format_.width, format_.channels, {}});
      for (int64_t k = 0; k < train_.bytes_each(); ++k) images.back().pixels.push_back(uint8_t(rng.next_u32() >> 24));
    }
    return images;
  }
  // A random part of a set, always the same.
  static std::vector<Image> take(const LabelledImages& from, int64_t count) {
    std::vector<Image> images;
    for (int64_t i = 0; i < count; ++i)
      images.push_back(from.image(int64_t(shuffled(uint64_t(i), uint64_t(from.size()), 0, 0))));
    return images;
  }
  // Without a judge the features are the pixels of an 8 x 8 thumbnail.
  ImageJudge::Verdict look(const std::vector<Image>& images) {
    if (judge_) return judge_->look(images);
    std::vector<Tensor> rows;
    for (const auto& image : images) {
      auto small = resize(image, 8, 8);
      rows.push_back(torch::from_blob(small.pixels.data(), {int64_t(small.pixels.size())}, torch::kByte)
                         .to(torch::kFloat)
                         .div_(255));
    }
    return {at::stack(rows), {}};
  }

  GanConfig config_;
  LabelledImageConfig data_;
  TaskOptions options_;
  ImageFormat format_;
  LabelledImages train_, test_;
  std::optional<ImageJudge> judge_;
  Gan gan_{nullptr};
};

}  // namespace

std::unique_ptr<Task> make_gan(const Document& recipe, const TaskOptions& options) {
  return std::make_unique<GanTask>(read_config<GanConfig>(recipe, "model"),
                                   read_config<LabelledImageConfig>(recipe, "data"), options);
}

}  // namespace ingot
