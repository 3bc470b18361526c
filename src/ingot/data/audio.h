// Sound files: WAV (PCM of 8 to 32 bits, float, mu-law, A-law, ADPCM) and FLAC through libsndfile; 16-bit WAV out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/file.h"

namespace ingot {

struct Audio {
  int64_t rate = 0;            // samples a second
  std::vector<float> samples;  // in -1..1; several channels are averaged
  double seconds() const { return double(samples.size()) / double(rate); }
};

// Throws InvalidArgument that names `origin` and the rule when the bytes are neither WAV nor FLAC, when a header says
// what the file does not hold (checked before memory is taken), or when there is no sample.
Audio decode_audio(std::string_view bytes, const std::string& origin);

// The file at `rate`, resampled when it has another (data/resample.h); 0: as it is.
Audio read_audio(const fs::path& path, int64_t rate = 0);

std::string encode_wav(std::span<const float> samples, int64_t rate);  // 16-bit PCM, clipped to -1..1

}  // namespace ingot
