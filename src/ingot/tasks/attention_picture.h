// Attention as a picture: rows read columns, the darker the more. A caption says how much the darkest cell is.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ingot/data/tokenizer.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// What stands beside a row or column: the token's text without the space before it; bytes that are no character of
// their own (a cut Chinese character) and line breaks as escapes.
std::string token_label(const Tokenizer& tokenizer, int64_t id);

struct AttentionPicture {
  std::vector<std::string> captions;             // lines above; what is darkest joins them
  std::vector<std::string> rows, columns;        // labels
  Tensor weights;                                // [rows, columns], 0 to 1
  std::pair<int64_t, int64_t> marked = {0, -1};  // columns first to last, with labels in red; {0, -1}: none
};
std::string attention_svg(const AttentionPicture& picture);

}  // namespace ingot
