// Sound clips with their transcripts, as they lie about: a manifest (CSV, TSV, JSONL; LJ Speech's metadata.csv), and
// folders whose file names are the labels (Free Spoken Digit Dataset, Kaldi's yesno). Every error names file and
// record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/data/audio.h"

namespace ingot {

enum class SpeechLayout { Auto, Manifest, LjSpeech, Fsdd, YesNo };
template <>
struct EnumNames<SpeechLayout> {
  static constexpr std::pair<const char*, SpeechLayout> kValues[] = {{"auto", SpeechLayout::Auto},
                                                                     {"manifest", SpeechLayout::Manifest},
                                                                     {"ljspeech", SpeechLayout::LjSpeech},
                                                                     {"fsdd", SpeechLayout::Fsdd},
                                                                     {"yesno", SpeechLayout::YesNo}};
};

struct SpeechConfig {  // [data]
  std::string train, validation, test;
  SpeechLayout layout = SpeechLayout::Auto;
  int64_t rate = 16000;
  double quarantine_budget = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "a manifest (columns path, text, speaker) or a folder; PATH:5-44 takes these clips of it");
    v("validation", self.validation, "likewise");
    v("test", self.test, "likewise");
    v("layout", self.layout, "manifest, ljspeech, fsdd (7_jackson_32.wav), yesno (0_1_1_0.wav); auto: by the names");
    v("rate", self.rate, "samples a second; files at other rates are resampled");
    v("quarantine_budget", self.quarantine_budget, "share of clips that may be unusable and are then left out");
  }
  Problems validate() const;
};

struct Utterance {
  std::string path;
  std::string text;     // fsdd: "seven"; yesno: "yes no no yes"
  std::string speaker;  // "" where the layout has none
  std::vector<float> samples;
};

struct Speech {
  std::vector<Utterance> utterances;
  std::vector<std::string> quarantined;  // why, with file and record
  size_t seen = 0;                       // utterances and quarantined
  std::string hash;                      // of texts, speakers and samples, in order

  // Leaves out every utterance i with a reason failures[i]; throws when that passes the budget.
  void leave_out(const std::vector<std::string>& failures, double budget);
};

// Files lie relative to their manifest. A range counts recordings as fsdd numbers them, else the clips in order, from
// 0.
Speech read_speech(const std::string& where, const SpeechConfig& config);

}  // namespace ingot
