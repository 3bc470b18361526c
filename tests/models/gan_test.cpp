// GAN: shapes, the penalty against finite differences, parity with an independent implementation (tools/golden/gan.py).
#include "ingot/models/gan.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/data/image.h"
#include "ingot/models/registry.h"
#include "ingot/tasks/frechet.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/seed_formula.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

GanConfig tiny_gan(GanForm form) {
  GanConfig c;
  c.form = form;
  c.latent = 6;
  c.widths = {16, 8};
  c.group_width = 8;
  c.conditional = form == GanForm::R3gan;
  c.gamma = form == GanForm::R3gan ? 0.5 : 0;
  return c;
}

TEST(Gan, MatchesTheReference) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/gan.safetensors");
  for (const auto form : {GanForm::R3gan, GanForm::Dcgan}) {
    const auto config = tiny_gan(form);
    const std::string name = enum_name(form);
    SCOPED_TRACE(name);
    Gan gan(config, 1, 8, 8, 3);
    fill_by_formula(*gan);
    const auto real = by_formula({4, 1, 8, 8}, 1000), z = 2 * by_formula({4, 6}, 1001),
               z2 = 2 * by_formula({4, 6}, 1002);
    const auto labels = torch::arange(4) % 3;
    const auto expect_near = [&](const Tensor& ours, const std::string& what) {
      const auto theirs = golden.at(name + "." + what);
      EXPECT_LT((ours - theirs).abs().max().item<double>(), 1e-4 * (1 + theirs.abs().max().item<double>())) << what;
    };
    {
      const torch::NoGradGuard no_grad;
      gan->eval();
      expect_near(gan->generate(z, labels), "images");
      expect_near(gan->discriminate(real, labels), "logits");
      gan->train();
    }
    std::vector<Tensor> d, g;
    for (const auto& item : gan->named_parameters())
      (item.key().starts_with("generator.") ? g : d).push_back(item.value());
    const auto options = torch::optim::AdamOptions(1e-3).betas({0.0, 0.9});
    torch::optim::Adam d_adam(d, options), g_adam(g, options);
    const auto losses = golden.at(name + ".losses");
    for (int64_t step = 0; step < losses.size(0); ++step) {
      auto x = real.clone().requires_grad_(config.gamma > 0);
      auto y = gan->generate(z, labels).detach().requires_grad_(config.gamma > 0);
      const auto a = gan->discriminate(x, labels), b = gan->discriminate(y, labels);
      auto d_loss = discriminator_loss(form, a, b) / 4;
      if (config.gamma > 0) d_loss = d_loss + config.gamma / 2 * (gradient_penalty(a, x) + gradient_penalty(b, y)) / 4;
      EXPECT_NEAR(d_loss.item<double>(), losses[step][0].item<double>(), 1e-3) << "step " << step;
      d_adam.zero_grad();
      d_loss.backward();
      d_adam.step();
      Tensor real_logits;
      {
        const torch::NoGradGuard no_grad;
        real_logits = gan->discriminate(real, labels);
      }
      const auto g_loss = generator_loss(form, real_logits, gan->discriminate(gan->generate(z2, labels), labels)) / 4;
      EXPECT_NEAR(g_loss.item<double>(), losses[step][1].item<double>(), 1e-3) << "step " << step;
      g_adam.zero_grad();
      g_loss.backward();
      g_adam.step();
    }
  }
}

TEST(Gan, PenaltyIsTheSquaredSlope) {
  Gan gan(tiny_gan(GanForm::R3gan), 1, 8, 8, 3);
  fill_by_formula(*gan);
  gan->to(torch::kDouble);
  const auto labels = torch::tensor({1}, torch::kLong);
  auto x = by_formula({1, 1, 8, 8}, 5).to(torch::kDouble).requires_grad_(true);
  const double penalty = gradient_penalty(gan->discriminate(x, labels), x).item<double>();
  const torch::NoGradGuard no_grad;
  double sum = 0;
  for (int64_t i = 0; i < 64; ++i) {
    auto step = torch::zeros({1, 1, 8, 8}, torch::kDouble);
    step.view(-1)[i] = 1e-6;
    const auto slope =
        (gan->discriminate(x + step, labels) - gan->discriminate(x - step, labels)).item<double>() / 2e-6;
    sum += slope * slope;
  }
  EXPECT_NEAR(penalty, sum, 1e-5 * sum);
}

TEST(Gan, StartsWithBlocksThatDoNothingAndUnitCodes) {
  GanConfig config = tiny_gan(GanForm::R3gan);
  Gan gan(config, 3, 8, 12, 3);
  gan->initialise(0);
  for (const auto& item : gan->named_parameters())
    if (item.key().ends_with("conv3.weight")) {
      EXPECT_EQ(item.value().abs().max().item<float>(), 0);
    }
  const auto images = gan->generate(torch::randn({5, 6}), torch::zeros({5}, torch::kLong));
  EXPECT_EQ(images.sizes(), (at::IntArrayRef{5, 3, 8, 12}));
  EXPECT_EQ(gan->discriminate(images, torch::zeros({5}, torch::kLong)).sizes(), at::IntArrayRef({5}));
  EXPECT_EQ(error_of([&] { Gan(config, 1, 9, 8, 3); }),
            "[gan] images have 8 x 9 pixels, expected multiples of 2 (2^(number of model.widths - 1)); set data.size");
  config.form = GanForm::Dcgan;
  EXPECT_EQ(config.validate().size(), 2u);  // gamma, conditional
}

TEST(Frechet, HasItsClosedForms) {
  const auto diagonal = [](std::vector<double> mean, std::vector<double> variance) {
    return Gaussian{torch::tensor(mean, torch::kDouble), torch::tensor(variance, torch::kDouble).diag()};
  };
  EXPECT_NEAR(frechet_distance(diagonal({0, 0}, {1, 4}), diagonal({1, 2}, {9, 16})), 5 + 4 + 4, 1e-9);
  EXPECT_NEAR(frechet_distance(diagonal({0, 0}, {3, 5}), diagonal({0, 0}, {3, 5})), 0, 1e-9);
  torch::manual_seed(0);
  const auto a = torch::randn({400, 3}), b = torch::randn({400, 3});
  EXPECT_NEAR(kernel_distance(a, b), 0, 0.05);
  EXPECT_GT(kernel_distance(a, b + 1), 1);
  EXPECT_NEAR(frechet_distance(fit_gaussian(a), fit_gaussian(a + 2)), 12, 1e-4);
}

class GanTaskTest : public testing::Test {
 protected:
  std::unique_ptr<Task> make(const std::string& model = "", Purpose purpose = Purpose::Train) {
    for (int i = 0; i < 120 && purpose == Purpose::Train; ++i) {
      const auto path = folder_ / ("train/" + std::string(i % 2 ? "b/" : "a/") + std::to_string(i) + ".png");
      fs::create_directories(path.parent_path());
      Image image{8, 8, 1, std::vector<uint8_t>(64, uint8_t(i))};
      image.pixels[size_t(i) % 64] = 255;
      write_file_atomic(path, encode_png(image));
    }
    return make_task(parse_toml("[model]\nname = \"gan\"\nlatent = 4\nwidths = [16, 8]\nsamples = 100\n" + model +
                                    "[data]\nchannels = 1\ntrain = \"" + (folder_ / "train").string() + "\"\n",
                                "r.toml"),
                     {.purpose = purpose, .batch_size = 8, .run_folder = folder_.path().string()});
  }
  TempFolder folder_;
};

TEST_F(GanTaskTest, MakesBatchesLossesMetricsAndPictures) {
  const auto task = make("conditional = true\npenalty_every = 2\n");
  task->initialise();
  EXPECT_EQ(task->players().size(), 2u);
  EXPECT_EQ(task->batches_per_epoch(), 15);
  const auto batch = task->train_batch(3);
  EXPECT_EQ(batch["images"].sizes(), (at::IntArrayRef{8, 1, 8, 8}));
  EXPECT_TRUE(batch["codes"].equal(task->train_batch(3)["codes"])) << "pure";
  EXPECT_EQ(batch["penalty"].item<float>(), 0);
  EXPECT_EQ(task->train_batch(4)["penalty"].item<float>(), 2);
  for (const auto& player : task->players()) {
    const auto loss = task->loss(task->train_batch(4), player.name);
    EXPECT_TRUE(std::isfinite(loss.item<double>()));
    loss.backward();
  }
  EXPECT_GT(task->train_flops_per_unit(), 0);
  const auto metrics = task->evaluate("validation");
  EXPECT_GT(metrics["thumbnail_fd"].get<double>(), 0);
  EXPECT_LT(metrics["of_noise"].get<double>(), 10);
  EXPECT_NE(error_of([&] { task->evaluate("test"); }).find("name its images in data.test"), std::string::npos);
  task->illustrate(folder_.path().string());
  EXPECT_EQ(decode_image(read_file(folder_ / "samples.png"), "samples.png", 1).height, 10 * 18 + 2);

  task->save_assets((folder_ / "assets").string());
  const auto loaded = make("conditional = true\n", Purpose::Infer);
  loaded->initialise();
  const std::string out = (folder_ / "x.png").string();
  EXPECT_EQ(loaded->predict({{"out", out}, {"count", 4}, {"label", "b"}})["count"], 4);
  EXPECT_EQ(decode_image(read_file(out), out, 1).width, 2 * 10 + 2);
  EXPECT_NE(error_of([&] {
              loaded->predict({{"out", out}, {"label", "c"}});
            }).find("label is 'c'; did you mean"),
            std::string::npos);
  EXPECT_NE(error_of([&] { loaded->predict({{"count", 4}}); }).find("expected {\"out\""), std::string::npos);
  EXPECT_NE(error_of([&] { make("judge = \"no-run\"\n"); }).find("which is no run folder"), std::string::npos);
}

}  // namespace
}  // namespace ingot
