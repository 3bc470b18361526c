// Pictures of sound: log-mel frames as colours, with what was heard where.
#pragma once

#include <string>
#include <vector>

#include "ingot/data/log_mel.h"

namespace ingot {

struct SoundMark {
  double seconds;
  std::string text;
};

// mel [frames, bins], low frequencies at the bottom, `hop` seconds a frame; the marks stand below.
std::string spectrogram_svg(const std::vector<float>& mel, int64_t bins, double hop, const std::string& title,
                            const std::vector<SoundMark>& marks = {});

}  // namespace ingot
