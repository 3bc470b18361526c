// What the server asks of a text model; `ingot serve` gives it a Generator.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingot/serve/generator.h"

namespace ingot {

class TextModel {
 public:
  virtual ~TextModel() = default;
  virtual std::string name() const = 0;
  virtual int64_t context_length() const = 0;  // tokens, prompt and answer together
  virtual int64_t count_tokens(std::string_view text) const = 0;
  // Called on the engine thread only; the other functions on any. Throws Error for what the request cannot have.
  virtual GenerateResult generate(const GenerateRequest& request, const OnText& on_text) = 0;
};

}  // namespace ingot
