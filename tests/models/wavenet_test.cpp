// WaveNet: causality, parity with dilated convolutions (tools/golden/wavenet.py), sample-by-sample generation against
// the whole stack, the 16-bit mixture, learning, wrong requests.
#include "ingot/models/wavenet.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/audio.h"
#include "ingot/models/registry.h"
#include "ingot/models/wavenet_sampler.h"
#include "ingot/nn/kernels/fused.h"
#include "ingot/tasks/length_batches.h"
#include "ingot/tasks/mu_law.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/seed_formula.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

WaveNetConfig tiny_wavenet(WaveOutput output) {
  WaveNetConfig c;
  c.output = output;
  c.mixtures = 3;
  c.residual = c.skip = 16;
  c.dilations = {1, 2, 4, 1, 2};
  c.embedding = 4;
  return c;
}
const WaveConditions kTinyConditions{.texts = 3, .speakers = 2, .local = 5, .hop = 8};

struct WaveBatch {  // T = 32, B = 2
  Tensor targets, previous, conditions;
  explicit WaveBatch(WaveNetImpl& model, bool mu_law) {
    if (mu_law) {
      targets = (torch::arange(64).view({2, 32}) * 37 + 11).remainder(256).t().contiguous();
    } else {
      targets = 0.9 * by_formula({2, 32}, 1000);
      targets[0][3] = 1.0;
      targets[1][5] = -1.0;
      targets = targets.t().contiguous();
    }
    previous = at::cat({torch::full({1, 2}, mu_law ? 128 : 0, targets.options()), targets.narrow(0, 0, 31)});
    conditions = condition(model);
  }
  static Tensor condition(WaveNetImpl& model) {
    return model.condition(torch::tensor({2, 0}), torch::tensor({0, 1}), by_formula({4, 2, 5}, 1001), 4);
  }
};

TEST(WaveNet, MatchesTheReference) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/wavenet.safetensors");
  for (const auto& [output, taps, fused] : {std::tuple{WaveOutput::MuLaw, 0, false},
                                            {WaveOutput::MuLaw, 0, true},
                                            {WaveOutput::MuLaw, 3, false},
                                            {WaveOutput::MuLaw, 3, true},
                                            {WaveOutput::Logistics, 1, false},
                                            {WaveOutput::Logistics, 1, true},
                                            {WaveOutput::Logistics, 3, false},
                                            {WaveOutput::Logistics, 3, true}}) {
    auto config = tiny_wavenet(output);
    config.first_kernel = taps;
    const auto name = enum_name(output) + ".first" + std::to_string(taps);
    const bool mu_law = output == WaveOutput::MuLaw;
    std::optional<ReferencePath> plain;
    if (!fused) plain.emplace();
    WaveNet model(config, kTinyConditions);
    fill_by_formula(*model);
    const WaveBatch batch(*model, mu_law);
    const auto outputs = model->forward(batch.previous, batch.conditions);
    const auto theirs = golden.at(name + ".outputs");
    EXPECT_LT((outputs - theirs).abs().max().item<double>(), 1e-4 * theirs.abs().max().item<double>());
    torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(mu_law ? 0.05 : 1e-4));
    const auto losses = golden.at(name + ".losses");
    for (int64_t step = 0; step < losses.size(0); ++step) {
      optimizer.zero_grad();
      const auto loss = wave_nll(config, model->forward(batch.previous, WaveBatch::condition(*model)).flatten(0, 1),
                                 batch.targets.flatten()) /
                        64;
      EXPECT_NEAR(loss.item<double>(), losses[step].item<double>(), 1e-3) << name << step;
      loss.backward();
      optimizer.step();
    }
  }
}

TEST(WaveNet, SeesTheReceptiveFieldAndNoFuture) {
  auto config = tiny_wavenet(WaveOutput::Logistics);
  config.dilations = {1, 2, 1, 2, 2};
  config.first_kernel = 3;
  WaveNet model(config, kTinyConditions);
  model->initialise(1);
  const WaveBatch batch(*model, false);
  EXPECT_EQ(config.receptive_field(), 11);
  const auto before = model->forward(batch.previous, batch.conditions);
  EXPECT_EQ(before.sizes(), (at::IntArrayRef{32, 2, 9}));
  auto changed = batch.previous.clone();
  changed[10][0] += 0.5;
  const auto difference = (model->forward(changed, batch.conditions) - before).abs().sum(2);
  EXPECT_EQ(difference.narrow(0, 0, 10).sum().item<double>(), 0);
  EXPECT_GT(difference[10][0].item<double>(), 0);
  EXPECT_GT(difference[20][0].item<double>(), 0);
  EXPECT_EQ(difference.narrow(0, 21, 11).sum().item<double>(), 0);
  EXPECT_EQ(difference.select(1, 1).sum().item<double>(), 0);
}

TEST(WaveNet, GeneratesSampleBySampleAsAllAtOnce) {
  const torch::NoGradGuard no_grad;
  for (const auto& [output, taps] : {std::pair{WaveOutput::MuLaw, 0},
                                     {WaveOutput::Logistics, 0},
                                     {WaveOutput::MuLaw, 3},
                                     {WaveOutput::Logistics, 3}}) {
    auto config = tiny_wavenet(output);
    config.first_kernel = taps;
    WaveNet model(config, kTinyConditions);
    model->initialise(2);
    const WaveBatch batch(*model, output == WaveOutput::MuLaw);
    const auto all = model->forward(batch.previous, batch.conditions).select(1, 1);  // the second clip
    const auto frames = batch.conditions.select(1, 1).contiguous();                  // [4, layers 2 R]
    WaveNetSampler sampler(*model);
    for (int64_t t = 0; t < 32; ++t) {
      const auto& out = sampler.step(batch.previous[t][1].item<float>(), frames[t / 8].data_ptr<float>());
      for (int64_t k = 0; k < all.size(1); ++k)
        ASSERT_NEAR(out[size_t(k)], all[t][k].item<double>(), 1e-4) << enum_name(output) << " " << t;
    }
    Rng once(5), again(5);
    const auto sound = sampler.generate(batch.conditions.narrow(1, 0, 1), once, 1);
    EXPECT_EQ(sound.size(), 32u);
    EXPECT_EQ(sound, sampler.generate(batch.conditions.narrow(1, 0, 1), again, 1));
  }
}

TEST(WaveNet, MuLawAndTheMixtureAreDistributions) {
  EXPECT_EQ(mu_law_encode(0.5F), 239);
  EXPECT_EQ(mu_law_encode(-0.01F), 98);
  for (int64_t code = 0; code < 256; ++code) EXPECT_EQ(mu_law_encode(mu_law_decode(code)), code);
  // The masses of the 65,536 levels add up to 1.
  const auto config = tiny_wavenet(WaveOutput::Logistics);
  const auto levels = torch::arange(65536).to(torch::kFloat).mul(2.0 / 65535).sub(1);
  const auto outputs = torch::tensor({0.3F, -0.2F, 0.1F, 0.2F, -0.6F, 0.9F, -3.0F, -5.0F, -6.0F});
  double sum = 0;
  for (int64_t i = 0; i < 65536; i += 16)  // every 16th level stands for its neighbours
    sum += 16 * std::exp(-wave_nll(config, outputs.unsqueeze(0), levels.narrow(0, i, 1)).item<double>());
  EXPECT_NEAR(sum, 1, 0.02);
}

TEST(WaveNet, BatchesHoldEachClipOnceAndLikeLengths) {
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < 103; ++i) lengths.push_back(i * 37 % 101);
  const auto batches = length_batches(lengths, 4, 1, 2);
  EXPECT_EQ(batches.size(), 26u);
  std::vector<int64_t> rows;
  int64_t spread = 0;
  for (const auto& batch : batches) {
    rows.insert(rows.end(), batch.begin(), batch.end());
    const auto [low, high] = std::minmax_element(
        batch.begin(), batch.end(), [&](int64_t i, int64_t j) { return lengths[size_t(i)] < lengths[size_t(j)]; });
    spread = std::max(spread, lengths[size_t(*high)] - lengths[size_t(*low)]);
  }
  std::sort(rows.begin(), rows.end());
  for (int64_t i = 0; i < 103; ++i) EXPECT_EQ(rows[size_t(i)], i);
  EXPECT_LE(spread, 4);
  EXPECT_EQ(batches, length_batches(lengths, 4, 1, 2));
  EXPECT_NE(batches, length_batches(lengths, 4, 1, 3));
}

TEST(WaveNet, LearnsAToneByHeartAndNamesWrongRequests) {
  const TempFolder folder, made;
  for (const auto& [name, pitch] : {std::pair{"1_ann_0.wav", 0.3}, {"2_bob_0.wav", 0.9}}) {
    std::vector<float> tone;
    for (int i = 0; i < 500; ++i) tone.push_back(float(0.5 * std::sin(i * pitch)));
    write_file_atomic(folder / name, encode_wav(tone, 8000));
  }
  const auto path = "\"" + folder.path().string() + "\"";
  const auto recipe = [&](const std::string& model, const std::string& data) {
    return parse_toml("[model]\nname = \"wavenet\"\nresidual = 16\nskip = 32\ndilations = [1, 2, 4, 8, 16]\n" + model +
                          "[data]\nrate = 8000\ntrain = " + path + "\ntest = " + path + "\n" + data +
                          "[data.mel]\nbins = 20\nfft = 256\nwindow = 200\nhop = 80\n",
                      "recipe.toml");
  };
  for (const bool mu_law : {true, false}) {
    const auto task =
        make_task(recipe(mu_law ? "" : "output = \"logistics\"\n", "place = 4\nsegment = 320\n"), {.batch_size = 2});
    task->initialise();
    torch::optim::Adam optimizer(task->module().parameters(), torch::optim::AdamOptions(1e-2));
    const double before = task->evaluate("test")["bits"];
    for (int64_t step = 0; step < 60; ++step) {
      const auto batch = task->train_batch(step);
      optimizer.zero_grad();
      (task->loss(batch, "model") / batch.weight).backward();
      optimizer.step();
    }
    const auto metrics = task->evaluate("test");
    EXPECT_LT(metrics["bits"].get<double>(), before - 1) << metrics;
    if (mu_law) {
      EXPECT_LT(metrics["bits"].get<double>(), metrics["unigram_bits"].get<double>()) << metrics;
    }
    const auto out = (made / "out.wav").string();
    const auto answer = task->predict({{"out", out}, {"text", "two"}, {"speaker", "bob"}, {"seconds", 0.05}});
    EXPECT_EQ(read_audio(out).samples.size(), 400u);
    EXPECT_GT(answer["times_real_time"].get<double>(), 0);
    const auto error = [&](const Json& request) { return error_of([&] { task->predict(request); }); };
    EXPECT_NE(error({{"out", out}, {"text", "tow"}, {"speaker", "bob"}}).find("did you mean 'two'"), std::string::npos);
    EXPECT_NE(error({{"out", out}, {"text", "two"}}).find("no string \"speaker\""), std::string::npos);
    EXPECT_NE(error({{"text", "two"}}).find("no string \"out\""), std::string::npos);
    EXPECT_NE(error({{"out", out}, {"text", "two"}, {"speaker", "bob"}, {"seconds", -1}}).find("seconds is -1"),
              std::string::npos);
  }
  EXPECT_NE(error_of([&] { make_task(recipe("mixtures = 0\n", ""), {}); }).find("mixtures: got 0"), std::string::npos);
  // A vocoder: the spectrogram of a file is followed.
  const auto task = make_task(recipe("", "spectrogram = true\ntext = false\nspeaker = false\n"), {.batch_size = 2});
  task->initialise();
  task->loss(task->train_batch(0), "model").backward();
  const auto out = (made / "v.wav").string();
  task->predict({{"out", out}, {"file", (folder / "1_ann_0.wav").string()}});
  EXPECT_EQ(read_audio(out).samples.size(), 500u);
}

}  // namespace
}  // namespace ingot
