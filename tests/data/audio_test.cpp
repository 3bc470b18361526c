// Sound in and out, resampling and log-mel against torchaudio (tools/golden/audio.py), transcripts and their errors.
#include "ingot/data/audio.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>
#include <sndfile.h>

#include "ingot/data/log_mel.h"
#include "ingot/data/resample.h"
#include "ingot/data/speech.h"
#include "ingot/formats/safetensors.h"
#include "support/error_of.h"
#include "support/fixture.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

std::vector<float> noise(size_t count, double k) {  // tests/support/seed_formula.h without torch
  std::vector<float> x;
  for (size_t i = 0; i < count; ++i) {
    const double v = std::sin(12.9898 * double(i) + 78.233 * k) * 43758.5453;
    x.push_back(float((v - std::floor(v)) * 2 - 1));
  }
  return x;
}

void expect_near(const std::vector<float>& ours, const TensorView& theirs, double tolerance) {
  ASSERT_EQ(ours.size() * sizeof(float), theirs.bytes.size());
  std::vector<float> expected(ours.size());
  std::memcpy(expected.data(), theirs.bytes.data(), theirs.bytes.size());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], tolerance) << i;
}

std::string save(const fs::path& path, int format, int channels, const std::vector<float>& samples) {
  SF_INFO info{.samplerate = 8000, .channels = channels, .format = format};
  auto* file = sf_open(path.c_str(), SFM_WRITE, &info);
  sf_writef_float(file, samples.data(), sf_count_t(samples.size()) / channels);
  sf_close(file);
  return read_file(path);
}

TEST(Audio, ReadsEveryKindOfWavAndFlac) {
  const TempFolder folder;
  std::vector<float> wave;
  for (int i = 0; i < 800; ++i) wave.push_back(float(0.5 * std::sin(i * 0.05)));
  const std::pair<int, double> kinds[] = {
      {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 0.01}, {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1e-4},
      {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 1e-6}, {SF_FORMAT_WAV | SF_FORMAT_PCM_32, 1e-6},
      {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1e-7},  {SF_FORMAT_WAV | SF_FORMAT_ULAW, 0.03},
      {SF_FORMAT_WAV | SF_FORMAT_ALAW, 0.03},   {SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 1e-4},
      {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1e-4}};
  for (const auto& [format, tolerance] : kinds) {
    const auto audio = decode_audio(save(folder / "a", format, 1, wave), "a");
    EXPECT_EQ(audio.rate, 8000);
    ASSERT_EQ(audio.samples.size(), wave.size()) << format;
    for (size_t i = 0; i < wave.size(); ++i) ASSERT_NEAR(audio.samples[i], wave[i], tolerance) << format;
  }
  const auto stereo = decode_audio(save(folder / "s", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 2, wave), "s");
  ASSERT_EQ(stereo.samples.size(), 400u);
  EXPECT_NEAR(stereo.samples[10], (wave[20] + wave[21]) / 2, 1e-6);

  const auto ours = decode_audio(encode_wav(wave, 8000), "ours");
  for (size_t i = 0; i < wave.size(); ++i) ASSERT_NEAR(ours.samples[i], wave[i], 2e-5);
  write_file_atomic(folder / "x.wav", encode_wav(wave, 8000));
  EXPECT_EQ(read_audio(folder / "x.wav", 16000).samples.size(), 1600u);
}

TEST(Audio, NamesWhatIsWrongWithAFile) {
  const TempFolder folder;
  const auto good = encode_wav(std::vector<float>(100, 0.1F), 8000);
  EXPECT_EQ(error_of([&] { decode_audio("text", "a.wav"); }),
            "[audio] a.wav is neither WAV nor FLAC by its first bytes, expected one of them; convert it first");
  auto lying = good;
  lying.replace(40, 4, "\xff\xff\xff\x7f");
  EXPECT_EQ(error_of([&] { decode_audio(lying, "a.wav"); }),
            "[audio] a.wav: header: chunk 'data' says 2147483647 bytes, expected at most 200, which are left in the "
            "file; write the file anew from its source");
  EXPECT_NE(error_of([&] { decode_audio(good.substr(0, 100), "cut.wav"); }).find("cut.wav: header: chunk 'data' says"),
            std::string::npos);
  auto silent = good;
  silent[22] = 0;
  EXPECT_NE(error_of([&] { decode_audio(silent, "a.wav"); }).find("0 channels, expected 1 to 256"), std::string::npos);
  EXPECT_NE(error_of([&] { decode_audio(good.substr(0, 36), "a.wav"); }).find("there is no 'data' chunk"),
            std::string::npos);
  const auto flac = save(folder / "f", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, noise(20000, 1));
  EXPECT_NE(error_of([&] { decode_audio(flac.substr(0, flac.size() / 2), "cut.flac"); }).find("cut.flac"),
            std::string::npos);
}

TEST(Audio, RefusesTheEdgeCasesOfTheFixture) {
  INGOT_FIXTURE(folder, "fixture-wav-edge");
  EXPECT_NE(error_of([&] { read_audio(folder / "bad.wav"); }).find("chunk 'fmt ' says 1717986918 bytes"),
            std::string::npos);
  EXPECT_NE(error_of([&] { read_audio(folder / "null.wav"); }).find("holds no sample, expected at least one"),
            std::string::npos);
  EXPECT_NE(error_of([&] { read_audio(folder / "goforward.raw"); }).find("is neither WAV nor FLAC"), std::string::npos);
}

TEST(Audio, ResamplesAsTorchaudio) {
  const SafetensorsFile golden(fs::path(INGOT_SOURCE_DIR) / "tests/golden/audio.safetensors");
  const auto x = noise(1500, 7);
  for (const auto& [from, to] : {std::pair{16000, 8000}, {8000, 16000}, {22050, 16000}, {7200, 8000}})
    expect_near(Resampler(from, to)(x), golden.at("resample." + std::to_string(from) + "." + std::to_string(to)), 2e-5);
  EXPECT_EQ(Resampler(8000, 8000)(x), x);
}

TEST(Audio, TakesLogMelsAsTorchaudio) {
  const SafetensorsFile golden(fs::path(INGOT_SOURCE_DIR) / "tests/golden/audio.safetensors");
  const auto x = noise(1500, 7);
  const LogMel htk({.bins = 40, .fft = 256, .window = 200, .hop = 80}, 8000);
  expect_near(htk(x), golden.at("mel.htk"), 1e-3);
  const LogMel slaney({.bins = 64, .low = 60, .high = 7600, .scale = MelScale::Slaney, .equal_area = true}, 16000);
  expect_near(slaney(x), golden.at("mel.slaney"), 1e-3);
  auto mel = htk(x);
  EXPECT_EQ(int64_t(mel.size()), htk.frames(1500) * 40);
  htk.normalise(mel);
  double sum = 0, squares = 0;
  for (size_t t = 0; t < mel.size(); t += 40) sum += mel[t], squares += mel[t] * mel[t];
  EXPECT_NEAR(sum, 0, 1e-4);
  EXPECT_NEAR(squares, double(htk.frames(1500)), 1e-2);
  EXPECT_EQ(htk(std::vector<float>(3, 0.1F)).size(), 40u);  // shorter than half a window
}

TEST(Speech, ReadsManifestsAndFoldersOfLabels) {
  const TempFolder folder;
  const auto wav = encode_wav(std::vector<float>(400, 0.1F), 8000);
  for (const char* name : {"7_jackson_3.wav", "0_theo_44.wav", "0_theo_5.wav"}) write_file_atomic(folder / name, wav);
  SpeechConfig config;
  config.rate = 8000;
  const auto all = read_speech(folder.path().string(), config);
  ASSERT_EQ(all.utterances.size(), 3u);
  EXPECT_EQ(all.utterances[2].text, "seven");
  EXPECT_EQ(all.utterances[2].speaker, "jackson");
  EXPECT_EQ(read_speech(folder.path().string() + ":0-5", config).utterances.size(), 2u);

  write_file_atomic(folder / "m.csv", "path,text,speaker\n7_jackson_3.wav,\"a, b\",x\n0_theo_5.wav,c,y\n");
  write_file_atomic(folder / "m.tsv", "text\tpath\na b\t7_jackson_3.wav\n");
  write_file_atomic(folder / "m.jsonl", "{\"path\": \"0_theo_5.wav\", \"text\": \"d\"}\n");
  EXPECT_EQ(read_speech((folder / "m.csv").string(), config).utterances[0].text, "a, b");
  EXPECT_EQ(read_speech((folder / "m.csv").string() + ":1-1", config).utterances.at(0).speaker, "y");
  EXPECT_EQ(read_speech((folder / "m.tsv").string(), config).utterances[0].text, "a b");
  config.rate = 16000;
  EXPECT_EQ(read_speech((folder / "m.jsonl").string(), config).utterances[0].samples.size(), 800u);

  const TempFolder yes;
  write_file_atomic(yes / "0_1_1.wav", wav);
  EXPECT_EQ(read_speech(yes.path().string(), config).utterances[0].text, "no yes yes");
}

TEST(Speech, NamesFileAndRecord) {
  const TempFolder folder;
  write_file_atomic(folder / "a.wav", encode_wav(std::vector<float>(400, 0.1F), 8000));
  write_file_atomic(folder / "b.wav", "no sound");
  SpeechConfig config;
  const auto error = [&](const std::string& file, const std::string& text) {
    write_file_atomic(folder / file, text);
    return error_of([&] { read_speech((folder / file).string(), config); });
  };
  EXPECT_NE(error("m.csv", "path,words\na.wav,x\n").find("m.csv:1: there is no column 'text'"), std::string::npos);
  EXPECT_NE(error("m.csv", "path,text\na.wav,x\nb.wav,y\n").find("m.csv:3: [audio] "), std::string::npos);
  EXPECT_NE(error("m.csv", "path,text\na.wav, \n").find("m.csv:2: "), std::string::npos);
  EXPECT_NE(error("m.csv", "path,text\nnone.wav,x\n").find("none.wav"), std::string::npos);
  EXPECT_NE(error("m.jsonl", "{\"path\": \"a.wav\"}\n").find("m.jsonl:1 has no string \"text\""), std::string::npos);
  EXPECT_NE(error_of([&] { read_speech(folder.path().string(), config); }).find("a.wav: the name is no label"),
            std::string::npos);
  config.quarantine_budget = 0.5;
  write_file_atomic(folder / "m.csv", "path,text\na.wav,x\nb.wav,y\n");
  const auto speech = read_speech((folder / "m.csv").string(), config);
  EXPECT_EQ(speech.utterances.size(), 1u);
  EXPECT_EQ(speech.quarantined.size(), 1u);
}

}  // namespace
}  // namespace ingot
