#include "ingot/data/audio.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include <sndfile.h>

#include "ingot/base/error.h"
#include "ingot/data/resample.h"

namespace ingot {
namespace {

constexpr size_t kMostSamples = size_t{1} << 31;

uint32_t little_endian(std::string_view bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Every chunk must lie within the file: libsndfile guesses where it does not, and a guess is noise in a data set.
void check_wav_header(std::string_view bytes, const std::string& origin) {
  bool format = false, data = false;
  for (size_t at = 12; at + 8 <= bytes.size();) {
    const std::string name(bytes.substr(at, 4));
    const size_t size = little_endian(bytes, at + 4, 4), left = bytes.size() - at - 8;
    require("audio", size <= left, origin, ": header: chunk '", name, "' says ", size, " bytes, expected at most ",
            left, ", which are left in the file; write the file anew from its source");
    if (name == "fmt ") {
      require("audio", size >= 16, origin, ": header: chunk 'fmt ' has ", size, " bytes, expected at least 16");
      const auto channels = little_endian(bytes, at + 10, 2), rate = little_endian(bytes, at + 12, 4);
      require("audio", channels >= 1 && channels <= 256, origin, ": header: ", channels,
              " channels, expected 1 to 256");
      require("audio", rate >= 100 && rate <= 1'000'000, origin, ": header: rate is ", rate,
              ", expected 100 to 1,000,000 samples a second");
      format = true;
    } else if (name == "data") {
      require("audio", size > 0, origin, " holds no sample, expected at least one");
      data = true;
    }
    at += 8 + size + size % 2;
  }
  require("audio", format && data, origin, ": header: there is no ", format ? "'data'" : "'fmt '",
          " chunk, expected both of a WAV file");
}

struct Memory {
  std::string_view bytes;
  sf_count_t at = 0;
};

SF_VIRTUAL_IO memory_io() {
  SF_VIRTUAL_IO io;
  io.get_filelen = [](void* p) { return sf_count_t(static_cast<Memory*>(p)->bytes.size()); };
  io.seek = [](sf_count_t offset, int whence, void* p) {
    auto& m = *static_cast<Memory*>(p);
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m.at : sf_count_t(m.bytes.size());
    return m.at = std::clamp<sf_count_t>(from + offset, 0, sf_count_t(m.bytes.size()));
  };
  io.read = [](void* out, sf_count_t count, void* p) {
    auto& m = *static_cast<Memory*>(p);
    count = std::min(count, sf_count_t(m.bytes.size()) - m.at);
    std::memcpy(out, m.bytes.data() + m.at, size_t(count));
    m.at += count;
    return count;
  };
  io.write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.tell = [](void* p) { return static_cast<Memory*>(p)->at; };
  return io;
}

}  // namespace

Audio decode_audio(std::string_view bytes, const std::string& origin) {
  const bool wav = bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WAVE";
  require("audio", wav || bytes.starts_with("fLaC"), origin,
          " is neither WAV nor FLAC by its first bytes, expected one of them; convert it first");
  if (wav) check_wav_header(bytes, origin);

  Memory memory{bytes};
  auto io = memory_io();
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open_virtual(&io, SFM_READ, &info, &memory), sf_close);
  require("audio", file != nullptr, origin, " does not decode: ", sf_strerror(nullptr));
  Audio audio{info.samplerate, {}};
  const auto channels = size_t(info.channels);
  std::vector<float> block(4096 * channels);
  sf_count_t frames = 0;
  while (const auto n = sf_readf_float(file.get(), block.data(), 4096)) {
    for (size_t i = 0; i < size_t(n); ++i) {
      float sum = 0;
      for (size_t c = 0; c < channels; ++c) sum += block[i * channels + c];
      audio.samples.push_back(sum / float(channels));
    }
    frames += n;
    require("audio", audio.samples.size() <= kMostSamples, origin, " has over ", kMostSamples,
            " samples, expected fewer; cut it into pieces");
  }
  require("audio", sf_error(file.get()) == SF_ERR_NO_ERROR, origin,
          " does not decode whole: ", sf_strerror(file.get()));
  require("audio", frames == info.frames, origin, " holds ", frames, " samples, expected ", info.frames,
          " by its header");
  require("audio", frames > 0, origin, " holds no sample, expected at least one");
  for (const float x : audio.samples)
    require("audio", std::isfinite(x), origin, " holds a sample that is NaN or infinite, expected numbers");
  return audio;
}

Audio read_audio(const fs::path& path, int64_t rate) {
  auto audio = decode_audio(read_file(path), path.string());
  if (rate == 0 || audio.rate == rate) return audio;
  return {rate, Resampler(audio.rate, rate)(audio.samples)};
}

std::string encode_wav(std::span<const float> samples, int64_t rate) {
  std::string out;
  const auto number = [&](uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += char(value >> 8 * i & 255);
  };
  const uint64_t size = 2 * samples.size();
  out += "RIFF";
  number(36 + size, 4);
  out += "WAVEfmt ";
  number(16, 4);
  number(1, 2);  // PCM
  number(1, 2);  // channel
  number(uint64_t(rate), 4);
  number(uint64_t(2 * rate), 4);
  number(2, 2);
  number(16, 2);
  out += "data";
  number(size, 4);
  for (const float x : samples)
    number(uint16_t(int16_t(std::lround(std::clamp(x * 32768.0F, -32768.0F, 32767.0F)))), 2);
  return out;
}

}  // namespace ingot
