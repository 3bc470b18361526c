// A task of a few weights for tests of the loop: y = tanh(x A) b with noise drawn in the loss, so that a resume which
// forgets a generator is seen. What tests poison is public.
#pragma once

#include <memory>

#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/engine/trainer.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct TinyOptions {
  int64_t rows = 40;
  bool noise = true;
  int64_t ignored_batch = -1;  // micro-batch index whose labels all are ignored
  int64_t nan_batch = -1;      // micro-batch index whose input is infinite
  std::string data_hash = "tiny-data";
  bool two_players = false;
  std::vector<double> validation;  // losses that evaluate() returns in turn; empty: the real one
};

class TinyModule : public torch::nn::Module {
 public:
  TinyModule() {
    a = register_parameter("a", torch::zeros({3, 4}));
    b = register_parameter("b", torch::zeros({4, 1}));
    seen = register_buffer("seen", torch::zeros({}, torch::kLong));
  }
  Tensor a, b, seen;
};

class TinyTask : public Task {
 public:
  TinyTask(TinyOptions tiny, const TaskOptions& options) : tiny_(std::move(tiny)), options_(options) {
    const auto generator = at::detail::createCPUGenerator(7);
    x_ = torch::randn({tiny_.rows, 3}, generator);
    y_ = x_.sum(1, true).tanh();
  }
  torch::nn::Module& module() override { return *module_; }
  void initialise() override {
    const torch::NoGradGuard no_grad;
    const auto generator = at::detail::createCPUGenerator(options_.seed);
    for (auto& p : module_->parameters()) p.normal_(0, 0.5, generator);
  }
  std::vector<Player> players() const override {
    if (!tiny_.two_players) return Task::players();
    return {{"discriminator", "a"}, {"generator", "b"}};
  }
  Batch train_batch(int64_t index) override {
    const int64_t in_epoch = index % batches_per_epoch(), begin = in_epoch * options_.batch_size;
    const int64_t end = std::min(begin + options_.batch_size, tiny_.rows);
    Batch batch{{{"x", x_.slice(0, begin, end).clone()}, {"y", y_.slice(0, begin, end)}}, double(end - begin)};
    if (index == tiny_.nan_batch) batch.tensors["x"].fill_(INFINITY);
    if (index == tiny_.ignored_batch) batch.weight = 0;
    return batch;
  }
  int64_t batches_per_epoch() const override { return (tiny_.rows + options_.batch_size - 1) / options_.batch_size; }
  Tensor loss(const Batch& batch, const std::string& player) override {
    ++loss_calls;
    last_player_grads = {module_->a.requires_grad(), module_->b.requires_grad()};
    module_->seen += 1;
    auto x = batch["x"];
    if (tiny_.noise) x = x + torch::randn_like(x) * 0.1;
    const auto error = x.matmul(module_->a).tanh().matmul(module_->b) - batch["y"];
    return (player == "generator" ? error.abs() : error.square()).sum();
  }
  Json evaluate(const std::string&, int64_t) override {
    torch::randn({8});  // an evaluation that samples must not move training's numbers
    ++evaluations;
    if (!tiny_.validation.empty())
      return {{"loss", tiny_.validation[size_t(evaluations - 1) % tiny_.validation.size()]}};
    const torch::NoGradGuard no_grad;
    return {{"loss", (x_.matmul(module_->a).tanh().matmul(module_->b) - y_).square().mean().item<double>()}};
  }
  std::string unit() const override { return "sample"; }
  double train_flops_per_unit() const override { return 6 * 16; }
  void save_assets(const std::string&) const override {}
  void illustrate(const std::string& folder) override {
    write_file_atomic(fs::path(folder) / "seen.txt", std::to_string(module_->seen.item<int64_t>()));
  }
  std::string data_hash() const override { return tiny_.data_hash; }
  Json card() const override { return {{"rows", tiny_.rows}}; }

  int loss_calls = 0;
  int evaluations = 0;
  std::pair<bool, bool> last_player_grads;

 private:
  TinyOptions tiny_;
  TaskOptions options_;
  std::shared_ptr<TinyModule> module_ = std::make_shared<TinyModule>();
  Tensor x_, y_;
};

inline MakeTask tiny(TinyOptions options = {}) {
  return [options](const Document&, const TaskOptions& task) { return std::make_unique<TinyTask>(options, task); };
}

}  // namespace ingot
