#include "ingot/engine/checkpoint.h"

#include <algorithm>

#include <sys/statvfs.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/text_table.h"
#include "ingot/base/version.h"
#include "ingot/torch/safetensors.h"

namespace ingot {
namespace {

void write_and_sync(const fs::path& path, const std::string& text) {
  FileWriter file(path);
  file.write(text.data(), text.size());
  file.sync();
  file.close();
}

}  // namespace

void publish_folder(const fs::path& final_folder, Manifest& manifest,
                    const std::function<void(const fs::path&)>& write) {
  const fs::path folder = final_folder.string() + ".tmp";
  try {
    // 1. Files, each fsynced. A leftover of a cut save goes first: a descriptor that saw EIO is never reused.
    fs::create_directories(final_folder.parent_path());
    fs::remove_all(folder);
    fs::create_directory(folder);
    write(folder);

    // 2. The manifest makes the folder a checkpoint.
    for (const auto& entry : fs::directory_iterator(folder)) manifest.files.push_back(checksum_file(entry.path()));
    std::sort(manifest.files.begin(), manifest.files.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    write_and_sync(folder / "MANIFEST.json", to_text(manifest));
    sync_folder(folder);

    // 3. Publish. An older folder of the same step (a step that was trained again) makes room first; the steps before
    // it still stand.
    if (fs::exists(fs::symlink_status(final_folder))) fs::remove_all(final_folder);
    fs::rename(folder, final_folder);
    sync_folder(final_folder.parent_path());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    throw;
  }
}

Checkpoint save_checkpoint(const fs::path& checkpoints, const Snapshot& snapshot) {
  const fs::path folder = checkpoints / step_folder_name(snapshot.step);
  Manifest manifest{.step = snapshot.step,
                    .created = utc_timestamp(),
                    .ingot_version = version(),
                    .config_hash = snapshot.config_hash,
                    .data_hash = snapshot.data_hash};
  try {
    publish_folder(folder, manifest, [&](const fs::path& into) {
      write_tensors(into / "model.safetensors", snapshot.model);
      if (!snapshot.ema.empty()) write_tensors(into / "ema.safetensors", snapshot.ema);
      write_tensors(into / "optimizer.safetensors", snapshot.optimizer);
      write_and_sync(into / "state.json", snapshot.state.dump(1) + "\n");
    });
  } catch (const std::exception& e) {
    fail(ErrorKind::Io, "checkpoint", "step ", snapshot.step, " was not saved: ", e.what());
  }
  write_file_atomic(checkpoints / "LATEST", step_folder_name(snapshot.step) + "\n");
  return {folder, std::move(manifest)};
}

Snapshot load_snapshot(const Checkpoint& checkpoint) {
  Snapshot snapshot;
  snapshot.step = checkpoint.manifest.step;
  snapshot.config_hash = checkpoint.manifest.config_hash;
  snapshot.data_hash = checkpoint.manifest.data_hash;
  snapshot.model = load_tensors(checkpoint.model_file());
  if (checkpoint.weights_file() != checkpoint.model_file()) snapshot.ema = load_tensors(checkpoint.weights_file());
  snapshot.optimizer = load_tensors(checkpoint.folder / "optimizer.safetensors");
  snapshot.state = read_json(checkpoint.folder / "state.json");
  return snapshot;
}

void mark_best(const fs::path& checkpoints, int64_t step) {
  write_file_atomic(checkpoints / "BEST", step_folder_name(step) + "\n");
}

void prune_checkpoints(const fs::path& checkpoints, int64_t keep) {
  const auto steps = checkpoint_steps(checkpoints);
  if (steps.empty()) return;
  const auto best = best_step(checkpoints);
  open_checkpoint(checkpoints / step_folder_name(steps.back()));  // by reading it again
  for (size_t i = 0; i + size_t(keep) < steps.size(); ++i) {
    if (best == steps[i]) continue;
    // Renamed first, so that a crash here does not leave a half-empty step folder behind.
    const fs::path folder = checkpoints / step_folder_name(steps[i]);
    const fs::path going = folder.string() + ".tmp";
    fs::remove_all(going);
    fs::rename(folder, going);
    fs::remove_all(going);
  }
}

void check_free_space(const fs::path& folder, uint64_t state_bytes) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return;  // the first save will tell
  const double free = double(disk.f_bavail) * double(disk.f_frsize), need = 2.2 * double(state_bytes);
  if (free < need)
    fail(ErrorKind::Io, "checkpoint", folder.string(), " has ", human_bytes(free), " free, expected at least ",
         human_bytes(need), " (2.2 x a checkpoint); free some space or choose another --run-folder");
}

}  // namespace ingot
