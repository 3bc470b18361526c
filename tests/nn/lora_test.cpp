#include "ingot/nn/lora.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/nn/linear.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/module_state.h"
#include "support/error_of.h"
#include "support/seed_formula.h"

namespace ingot {
namespace {

// Two maps behind each other, the first wide, and a head.
class TwoMapsImpl : public torch::nn::Module {
 public:
  TwoMapsImpl() {
    up = register_module("up", Linear(6, 10, true));
    down = register_module("down", Linear(10, 4, false));
    head = register_module("head", Linear(4, 2, true));
    fill_by_formula(*this);
  }
  Tensor forward(const Tensor& x) { return head(down(up(x))); }
  Linear up{nullptr}, down{nullptr}, head{nullptr};
};
TORCH_MODULE(TwoMaps);

LoraConfig rank_2(std::vector<std::string> targets) {
  LoraConfig config;
  config.rank = 2;
  config.alpha = 6;
  config.targets = std::move(targets);
  return config;
}

TEST(Lora, AddsAlphaOverRankTimesBA) {
  const torch::NoGradGuard no_grad;
  TwoMaps plain, adapted;
  add_lora(*adapted, rank_2({"up", "down"}));
  initialise_lora(*adapted, 0);
  const auto x = by_formula({5, 6}, 9);
  EXPECT_TRUE(plain->forward(x).equal(adapted->forward(x))) << "B is zero: step 0 is the model itself";

  // y_i = sum_j W_ij x_j + b_i + alpha / r sum_k B_ik sum_j A_kj x_j, written out in double.
  adapted->named_parameters()["up.lora_b"].copy_(by_formula({10, 2}, 3));
  const auto y = adapted->up(x);
  const auto& map = *adapted->up;
  const auto a = adapted->named_parameters()["up.lora_a"], b = adapted->named_parameters()["up.lora_b"];
  const auto at = [](const Tensor& t, int64_t i, int64_t j) { return t[i][j].item<double>(); };
  for (int64_t n = 0; n < 5; ++n)
    for (int64_t i = 0; i < 10; ++i) {
      double sum = map.bias[i].item<double>();
      for (int64_t j = 0; j < 6; ++j) {
        sum += at(map.weight, i, j) * at(x, n, j);
        for (int64_t k = 0; k < 2; ++k) sum += 6. / 2 * at(b, i, k) * at(a, k, j) * at(x, n, j);
      }
      EXPECT_NEAR(at(y, n, i), sum, 1e-5);
    }
  {
    const Autocast autocast(at::kCPU, true);
    EXPECT_LT((adapted->up(x).to(at::kFloat) - y).abs().max().item<double>(), 0.03 * y.abs().max().item<double>());
  }
}

TEST(Lora, MergedIsTheSameMap) {
  const torch::NoGradGuard no_grad;
  TwoMaps adapted, plain;
  add_lora(*adapted, rank_2({"up", "down"}));
  fill_by_formula(*adapted);
  auto tensors = module_state(*adapted);
  merge_lora(tensors, 6. / 2);
  load_module_state(*plain, tensors, "merged");  // every name, and no other
  const auto x = by_formula({5, 6}, 9);
  EXPECT_LT((plain->forward(x) - adapted->forward(x)).abs().max().item<double>(), 1e-4);
}

TEST(Lora, OnlyTheAdditionsAndTheHeadTrain) {
  for (const bool bf16 : {false, true}) {
    TwoMaps model;
    add_lora(*model, rank_2({"up"}), {"head"});
    initialise_lora(*model, 0);
    {
      const Autocast autocast(at::kCPU, bf16);
      model->forward(by_formula({5, 6}, 9)).sum().backward();
    }
    std::set<std::string> trained;
    for (const auto& item : model->named_parameters())
      if (item.value().grad().defined()) trained.insert(item.key());
    EXPECT_EQ(trained, (std::set<std::string>{"up.lora_a", "up.lora_b", "head.weight", "head.bias"})) << bf16;
    const auto parameters = model->named_parameters();
    EXPECT_EQ(parameters["up.lora_a"].grad().abs().sum().item<double>(), 0) << "through B, which is zero";
    EXPECT_GT(parameters["up.lora_b"].grad().abs().sum().item<double>(), 0);
    EXPECT_EQ(train_flops(parameters["up.weight"]), 4 * 60);
    EXPECT_EQ(train_flops(parameters["up.lora_a"]), 6 * 12);
  }
}

TEST(Lora, DropsInTrainingOnly) {
  const torch::NoGradGuard no_grad;
  TwoMaps model;
  auto config = rank_2({"up"});
  config.dropout = 0.5;
  add_lora(*model, config);
  fill_by_formula(*model);
  const auto x = by_formula({5, 6}, 9);
  EXPECT_FALSE(model->up(x).equal(model->up(x)));
  model->eval();
  EXPECT_TRUE(model->up(x).equal(model->up(x)));
}

TEST(Lora, SaysWhatItCannotAdapt) {
  const auto error = [](LoraConfig config) {
    TwoMaps model;
    return error_of([&] { add_lora(*model, config); });
  };
  EXPECT_EQ(error(rank_2({"up", "own"})),
            "[recipe] model.lora.targets: got \"own\", which names no frozen linear map, expected up, down, head, or "
            "parts of their names from the model on");
  auto config = rank_2({"down"});
  config.rank = 4;
  EXPECT_NE(error(config).find("model.lora.rank: got 4, expected below 4, the smaller side of down"),
            std::string::npos);
  config = rank_2({"up"});
  config.also_train = {"tail"};
  EXPECT_NE(
      error(config).find("model.lora.also_train: got \"tail\", which names no parameter, expected up, down, head"),
      std::string::npos);
  config.rank = 0;
  config.alpha = -1;
  config.targets.clear();
  EXPECT_EQ(config.validate().size(), 3u);
}

}  // namespace
}  // namespace ingot
