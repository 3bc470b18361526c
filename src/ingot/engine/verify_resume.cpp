#include "ingot/engine/verify_resume.h"

#include <chrono>
#include <thread>

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/rng.h"
#include "ingot/base/version.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/formats/metrics_log.h"

extern char** environ;

namespace ingot {
namespace {

pid_t start(const VerifyResumeOptions& options, const fs::path& run, bool resume) {
  std::vector<std::string> words = {options.program.string(), "train",      options.recipe,
                                    "--run-folder",           run.string(), "--quiet"};
  if (resume) words.push_back("--resume");
  for (const auto& assignment : options.overrides) words.insert(words.end(), {"--set", assignment});
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, options.program.c_str(), nullptr, nullptr, argv.data(), environ);
  if (error != 0) fail(ErrorKind::Io, "verify-resume", "cannot start ", options.program.string());
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void require_success(int status, const fs::path& run) {
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail(ErrorKind::Internal, "verify-resume", "training in ", run.string(), " ended with ",
         WIFEXITED(status) ? "exit code " : "signal ", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
         ", expected 0; its message is above");
}

int64_t last_logged_step(const fs::path& run) {
  const auto events = read_metrics(run);
  return events.empty() ? -1 : events.back().value("step", int64_t{0});
}

}  // namespace

Json verify_resume(const VerifyResumeOptions& options) {
  require("verify-resume", options.kills >= 1, "--kills is ", options.kills, ", expected 1 or more");
  require("verify-resume", !fs::exists(options.folder), options.folder.string(),
          " exists, expected a new folder; remove it or choose another --folder");
  const fs::path whole = options.folder / "whole", killed = options.folder / "killed";

  // 1. In peace; its time is the range of the kills.
  const double begin_s = now_s();
  require_success(wait_for(start(options, whole, false)), whole);
  const double whole_s = now_s() - begin_s;

  // 2. Killed, resumed, killed. Moments are uniform over a growing share of the run, so that start, steps, evaluation
  // and saves are hit, and the first ones also when the machine is faster now.
  Rng rng(options.seed, 0x6b696c6c);
  Json kills = Json::array();
  for (int i = 0; i < options.kills; ++i) {
    const double after_s = whole_s * (i + 1) / options.kills * (0.05 + 0.9 * rng.uniform());
    const double started_s = now_s();
    const pid_t pid = start(options, killed, true);
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(pid, &status, WNOHANG)) == 0 && now_s() - started_s < after_s)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (ended == pid) {
      require_success(status, killed);  // it was done before its moment came
      break;
    }
    ::kill(pid, SIGKILL);
    wait_for(pid);
    kills.push_back({{"after_s", after_s}, {"last_logged_step", last_logged_step(killed)}});
  }
  require_success(wait_for(start(options, killed, true)), killed);

  // 3. The bytes of the last checkpoints; state.json holds times and the manifest dates, so they are left out.
  Json files = Json::array();
  bool identical = true;
  const auto a = find_checkpoint(whole, "latest"), b = find_checkpoint(killed, "latest");
  for (const auto& file : a.manifest.files) {
    if (file.name == "state.json") continue;
    std::string other = "missing";
    for (const auto& candidate : b.manifest.files)
      if (candidate.name == file.name) other = candidate.sha256;
    const bool same = file.sha256 == other;
    identical = identical && same;
    files.push_back({{"name", file.name}, {"whole", file.sha256}, {"killed", other}, {"identical", same}});
  }
  return {{"identical", identical && a.manifest.step == b.manifest.step && !files.empty()},
          {"recipe", options.recipe},
          {"step", a.manifest.step},
          {"resumed_step", b.manifest.step},
          {"kills", kills},
          {"files", files},
          {"whole_run_s", whole_s},
          {"ingot", version()},
          {"date", utc_timestamp()}};
}

}  // namespace ingot
