#include "ingot/models/embedding_classifier.h"

#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/tasks/classify.h"

namespace ingot {

Problems EmbeddingClassifierConfig::validate() const {
  Problems p;
  if (num_words < 2) p.push_back(detail::join_parts("num_words: got ", num_words, ", expected 2 or more"));
  if (length < 1) p.push_back(detail::join_parts("length: got ", length, ", expected 1 or more"));
  if (embedding < 1) p.push_back(detail::join_parts("embedding: got ", embedding, ", expected 1 or more"));
  return p;
}

EmbeddingClassifier::EmbeddingClassifier(const EmbeddingClassifierConfig& config, int64_t num_classes) {
  const int64_t C = num_classes == 2 ? 1 : num_classes;
  embedding_ = register_parameter("embedding", torch::zeros({config.num_words, config.embedding}));
  kernel_ = register_parameter("kernel", torch::zeros({config.length * config.embedding, C}));
  bias_ = register_parameter("bias", torch::zeros({C}));
}

void EmbeddingClassifier::initialise(uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const auto generator = at::detail::createCPUGenerator(seed);
  const double glorot = std::sqrt(6.0 / double(kernel_.size(0) + kernel_.size(1)));
  embedding_.uniform_(-0.05, 0.05, generator);
  kernel_.uniform_(-glorot, glorot, generator);
  bias_.zero_();
}

Tensor EmbeddingClassifier::forward(const Tensor& ids) {
  const auto x = torch::embedding(embedding_, ids).flatten(1);  // [B, T, E] -> [B, T * E]
  return torch::addmm(bias_, x, kernel_);                       // [B, C]
}

namespace {

class EmbeddingClassifierTask : public ClassifyTask {
 public:
  EmbeddingClassifierTask(const EmbeddingClassifierConfig& config, const LabelledTextConfig& data,
                          const TaskOptions& options)
      : ClassifyTask(data, options), config_(config) {
    words_ = options.purpose == Purpose::Infer ? WordIndex::load(options.run_folder + "/assets/words.txt")
                                               : WordIndex(training_texts(), config.num_words);
    encode_all();
    model_ = std::make_shared<EmbeddingClassifier>(config, int64_t(names_.size()));
  }
  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  // The dense product and its two gradients; looking up and adding up rows are no products.
  double train_flops_per_unit() const override {
    return 6.0 * double(config_.length * config_.embedding) * double(names_.size() == 2 ? 1 : names_.size());
  }
  void save_assets(const std::string& folder) const override {
    ClassifyTask::save_assets(folder);
    words_.save(folder + "/words.txt");
  }
  Json card() const override {
    return {
        {"words", words_.size()}, {"length", config_.length}, {"embedding", config_.embedding}, {"classes", names_}};
  }

 protected:
  std::vector<int64_t> encode(const std::string& text) const override { return words_.encode(text); }
  int64_t length() const override { return config_.length; }
  Tensor logits(const Tensor& ids) override { return model_->forward(ids); }

 private:
  EmbeddingClassifierConfig config_;
  WordIndex words_;
  std::shared_ptr<EmbeddingClassifier> model_;
};

}  // namespace

std::unique_ptr<Task> make_embedding_classifier(const Document& recipe, const TaskOptions& options) {
  return std::make_unique<EmbeddingClassifierTask>(read_config<EmbeddingClassifierConfig>(recipe, "model"),
                                                   read_config<LabelledTextConfig>(recipe, "data"), options);
}

}  // namespace ingot
