#include "ingot/cli/generator_model.h"

#include <utility>

namespace ingot::cli {
namespace {

class GeneratorModel : public TextModel {
 public:
  GeneratorModel(Generator generator, std::string name) : generator_(std::move(generator)), name_(std::move(name)) {
    if (name_.empty()) name_ = generator_.name();
  }
  std::string name() const override { return name_; }
  int64_t context_length() const override { return generator_.context_length(); }
  int64_t count_tokens(std::string_view text) const override { return generator_.count_tokens(text); }
  GenerateResult generate(const GenerateRequest& request, const OnText& on_text) override {
    return generator_.generate(request, on_text);
  }

 private:
  Generator generator_;
  std::string name_;
};

}  // namespace

std::unique_ptr<TextModel> load_generator_model(const std::filesystem::path& folder, const std::string& device,
                                                const std::string& checkpoint, const std::string& name) {
  return std::make_unique<GeneratorModel>(Generator::load(folder, device, checkpoint), name);
}

}  // namespace ingot::cli
