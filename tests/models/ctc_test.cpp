// Acoustic models for CTC: padding, parity with torch (tools/golden/ctc.py), decoding by hand-checked cases, error
// rates with known answers, learning, and the errors of wrong transcripts.
#include "ingot/models/ctc.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/models/registry.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/seed_formula.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

CtcConfig tiny_ctc(SpeechEncoder encoder) {
  CtcConfig c;
  c.encoder = encoder;
  c.channels = 4;
  c.subsampling = 2;
  c.width = 16;
  c.heads = 2;
  c.kernel = 5;
  c.dropout = 0;
  return c;
}

TEST(Ctc, MatchesTheReferenceWhateverThePadding) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/ctc.safetensors");
  const auto mel = by_formula({3, 21, 12}, 1000), frames = torch::tensor({21, 14, 17});
  auto padded = mel.clone();
  for (int64_t b = 0; b < 3; ++b) padded[b].slice(0, frames[b].item<int64_t>()).zero_();
  for (const auto encoder : {SpeechEncoder::Gru, SpeechEncoder::Conformer}) {
    const std::string prefix = enum_name(encoder) + ".";
    Ctc model(tiny_ctc(encoder), 12, 7);
    fill_by_formula(*model);
    const auto log_p = model->forward(padded, frames);
    EXPECT_EQ(log_p.sizes(), (at::IntArrayRef{3, 11, 7}));
    for (int64_t b = 0; b < 3; ++b) {
      const auto theirs = golden.at(prefix + "log_p." + std::to_string(b));
      ASSERT_EQ(theirs.size(0), model->output_frames(frames[b].item<int64_t>()));
      EXPECT_LT((log_p[b].slice(0, 0, theirs.size(0)) - theirs).abs().max().item<double>(), 1e-4) << prefix << b;
    }
    torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.02));
    const auto labels = torch::tensor({1, 2, 2, 3, 4, 5, 6, 1, 1}), counts = torch::tensor({4, 2, 3});
    const auto losses = golden.at(prefix + "losses");
    for (int64_t step = 0; step < losses.size(0); ++step) {
      optimizer.zero_grad();
      const auto loss = at::ctc_loss(model->forward(padded, frames).transpose(0, 1), labels, torch::tensor({11, 7, 9}),
                                     counts, 0, at::Reduction::Sum) /
                        9;
      EXPECT_NEAR(loss.item<double>(), losses[step].item<double>(), 1e-3) << prefix << step;
      loss.backward();
      optimizer.step();
    }
  }
}

// p of a text is the sum over all paths: every path of four frames over three labels.
TEST(Ctc, LossIsTheSumOverPaths) {
  const auto log_p = by_formula({4, 1, 3}, 5).log_softmax(2);
  const std::vector<int64_t> text = {1, 2};
  double sum = 0;
  for (int path = 0; path < 81; ++path) {
    std::vector<int64_t> collapsed;
    double p = 0;
    int64_t last = 0;
    for (int t = 0, rest = path; t < 4; ++t, rest /= 3) {
      p += log_p[t][0][rest % 3].item<double>();
      if (rest % 3 != 0 && rest % 3 != last) collapsed.push_back(rest % 3);
      last = rest % 3;
    }
    if (collapsed == text) sum += std::exp(p);
  }
  const auto loss =
      at::ctc_loss(log_p, torch::tensor(text), at::IntArrayRef{4}, at::IntArrayRef{2}, 0, at::Reduction::Sum);
  EXPECT_NEAR(loss.item<double>(), -std::log(sum), 1e-5);
}

std::vector<float> log_rows(const std::vector<float>& p) {
  std::vector<float> result;
  for (const float x : p) result.push_back(std::log(x + 1e-30F));
  return result;
}

// Scheidl's example: two frames, a 0.4, b 0, blank 0.6. The best path is empty (0.36), but "a" has 0.64.
TEST(CtcDecode, PrefixBeamFindsWhatTheBestPathMisses) {
  const auto p = log_rows({0.6F, 0.4F, 0, 0.6F, 0.4F, 0});
  const Posteriors frames{p.data(), 2, 3};
  EXPECT_TRUE(best_path(frames).labels.empty());
  const auto best = prefix_beam(frames, {.beam = 4});
  EXPECT_EQ(best.labels, (std::vector<int64_t>{1}));
  EXPECT_NEAR(std::exp(best.score), 0.64, 1e-6);
  const auto doubled = log_rows({0.1F, 0.9F, 0.9F, 0.1F, 0.1F, 0.9F});  // a, blank, a
  EXPECT_EQ(best_path({doubled.data(), 3, 2}).labels, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(prefix_beam({doubled.data(), 3, 2}, {.beam = 4}).labels, (std::vector<int64_t>{1, 1}));
}

// Without pruning the beam holds every labelling: its best is the likeliest of all, by enumeration.
TEST(CtcDecode, UnprunedBeamIsExact) {
  const int64_t T = 5, C = 3;
  for (int64_t k = 0; k < 5; ++k) {
    const auto log_p = (by_formula({T, C}, 40 + k) * 2).log_softmax(1).contiguous();
    std::map<std::vector<int64_t>, double> mass;
    for (int path = 0; path < 243; ++path) {
      std::vector<int64_t> text;
      double sum = 0;
      int64_t last = 0;
      for (int64_t t = 0, rest = path; t < T; ++t, rest /= C) {
        sum += log_p[t][rest % C].item<double>();
        if (rest % C != 0 && rest % C != last) text.push_back(rest % C);
        last = rest % C;
      }
      mass[text] += std::exp(sum);
    }
    const auto top = std::max_element(mass.begin(), mass.end(), [](auto& a, auto& b) { return a.second < b.second; });
    const auto found = prefix_beam({log_p.data_ptr<float>(), T, C}, {.beam = 1000, .least = 1e-9});
    EXPECT_EQ(found.labels, top->first) << k;
    EXPECT_NEAR(std::exp(found.score), top->second, 1e-5) << k;
  }
}

TEST(CtcDecode, BacksOffAsArpaSays) {
  const TempFolder folder;
  const std::string text =
      "\\data\\\nngram 1=4\nngram 2=2\n\n\\1-grams:\n-1.0 <s> -0.5\n-0.5 yes -0.25\n-0.75 no\n-1 </s>\n\n"
      "\\2-grams:\n-0.1 <s> yes\n-0.2 yes no\n\n\\end\\\n";
  write_file_atomic(folder / "lm.arpa", text);
  const NgramModel lm(folder / "lm.arpa");
  const double ten = std::log(10.0);
  EXPECT_EQ(lm.order(), 2);
  EXPECT_NEAR(lm.log_p({"<s>"}, "yes"), -0.1 * ten, 1e-6);
  EXPECT_NEAR(lm.log_p({"<s>", "yes"}, "no"), -0.2 * ten, 1e-6);
  EXPECT_NEAR(lm.log_p({"<s>", "yes"}, "yes"), -0.75 * ten, 1e-6);  // back-off of yes, then yes alone
  EXPECT_NEAR(lm.log_p({"no"}, "no"), -0.75 * ten, 1e-6);
  EXPECT_NEAR(lm.log_p({}, "maybe"), -10 * ten, 1e-6);
  write_file_atomic(folder / "cut.arpa", text.substr(0, text.find("\\end")));
  EXPECT_NE(error_of([&] { NgramModel(folder / "cut.arpa"); }).find("is no ARPA model"), std::string::npos);
  write_file_atomic(folder / "bad.arpa", "\\data\\\n\\1-grams:\nx yes\n\\end\\\n");
  EXPECT_NE(error_of([&] { NgramModel(folder / "bad.arpa"); }).find("bad.arpa:3: 'x' is no number"), std::string::npos);
}

// Answers of jiwer's own tests.
TEST(WordErrors, CountsAsJiwer) {
  const auto edits = [](const char* reference, const char* guess) {
    return count_edits(words_of(reference), words_of(guess));
  };
  EXPECT_DOUBLE_EQ(
      edits("i am a short ground truth", "i am a considerably longer and very much incorrect hypothesis").rate(),
      7.0 / 6);
  EXPECT_DOUBLE_EQ(edits("X Y X", "X Z").rate(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(edits("X", "X X Y Y").rate(), 3);
  const auto missing = edits("This is a test", "This test");
  EXPECT_EQ(missing.deletions, 2);
  EXPECT_EQ(missing.hits, 2);
  EXPECT_DOUBLE_EQ(missing.rate(), 0.5);
  EXPECT_EQ(count_edits(characters_of("naïve  x"), characters_of("naive x")).substitutions, 1);
  EXPECT_EQ(characters_of("naïve  x").size(), 7u);
}

// Two tones, high for yes and low for no.
std::vector<float> tones(const std::string& word) {
  std::vector<float> samples;
  for (int i = 0; i < 1600; ++i) samples.push_back(float(0.5 * std::sin(i * (word == "yes" ? 1.5 : 0.2))));
  for (int i = 0; i < 400; ++i) samples.push_back(0);
  return samples;
}

struct YesNo {
  TempFolder folder;
  YesNo() {
    std::string manifest = "path,text\n";
    int n = 0;
    for (const char* text : {"yes no", "no yes", "yes yes", "no no"}) {
      std::vector<float> samples;
      for (const auto& word : words_of(text)) {
        const auto own = tones(word);
        samples.insert(samples.end(), own.begin(), own.end());
      }
      const auto name = std::to_string(n++) + ".wav";
      write_file_atomic(folder / name, encode_wav(samples, 8000));
      manifest += name + "," + text + "\n";
    }
    write_file_atomic(folder / "m.csv", manifest);
  }
  Document recipe(const std::string& model, const std::string& data) const {
    const auto path = "\"" + (folder / "m.csv").string() + "\"";
    return parse_toml(
        "[model]\nname = \"ctc\"\nchannels = 4\nwidth = 24\nlayers = 1\nheads = 2\nkernel = 5\n"
        "subsampling = 2\ndropout = 0\n" +
            model + "[data]\nrate = 8000\ntrain = " + path + "\ntest = " + path + "\n" + data +
            "[data.mel]\nbins = 12\nfft = 256\nwindow = 200\nhop = 80\n",
        "recipe.toml");
  }
};

TEST(Transcribe, LearnsClipsByHeart) {
  const YesNo set;
  for (const char* encoder : {"gru", "conformer"}) {
    const auto task = make_task(set.recipe("encoder = \"" + std::string(encoder) + "\"\n",
                                           "concatenate = 2\nspeeds = [0.9, 1.0]\nspec_augment = {bands = 1, times = "
                                           "1, band_width = 2, time_width = 4}\ndecode = {beam = 4}\n"),
                                {.batch_size = 4});
    task->initialise();
    torch::optim::Adam optimizer(task->module().parameters(), torch::optim::AdamOptions(1e-2));
    for (int64_t step = 0; step < 60; ++step) {
      const auto batch = task->train_batch(step);
      optimizer.zero_grad();
      (task->loss(batch, "model") / batch.weight).backward();
      optimizer.step();
    }
    const auto metrics = task->evaluate("test");
    EXPECT_EQ(metrics["wer"], 0) << metrics;
    EXPECT_EQ(metrics["words"], 8);
    EXPECT_LT(metrics["strings"]["wer"].get<double>(), 0.05) << metrics;
    const auto picture = (set.folder / "a.svg").string();
    const auto answer = task->predict({{"file", (set.folder / "1.wav").string()}, {"picture", picture}});
    EXPECT_EQ(answer["text"], "no yes");
    EXPECT_EQ(answer["words"][1]["word"], "yes");
    EXPECT_NEAR(answer["words"][1]["at"].get<double>(), 0.35, 0.12);
    EXPECT_NE(read_file(picture).find("<image"), std::string::npos);
  }
}

TEST(Transcribe, NamesWrongTranscripts) {
  const YesNo set;
  const auto manifest = read_file(set.folder / "m.csv");
  write_file_atomic(set.folder / "long.csv", manifest + "0.wav," + std::string(80, 'y') + "\n");
  const auto with = [&](const std::string& key, const std::string& file, const std::string& more = "") {
    auto recipe = set.recipe("", more);
    recipe.root["data"][key] = (set.folder / file).string();
    return error_of([&] { make_task(recipe, {.batch_size = 2}); });
  };
  const auto error = with("train", "long.csv");
  EXPECT_NE(error.find("0.wav: the text 'yyyy"), std::string::npos) << error;
  EXPECT_NE(error.find("needs 159 frames"), std::string::npos) << error;
  EXPECT_EQ(with("train", "long.csv", "quarantine_budget = 0.3\n"), "");
  write_file_atomic(set.folder / "other.csv", "path,text\n0.wav,oui\n");
  EXPECT_NE(with("test", "other.csv").find("the text has 'u', which no training transcript has"), std::string::npos);
  EXPECT_NE(with("train", "m.csv", "speeds = [3.0]\n").find("speeds: got 3, expected 0.5 to 2"), std::string::npos);
}

}  // namespace
}  // namespace ingot
