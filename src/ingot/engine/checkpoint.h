// The writing side of checkpoints (layout and reading: formats/checkpoint_folder.h). A save is published by one rename:
// a crash, a full disk or an I/O error at any moment leaves the old checkpoint or the new one, never half of one.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ingot/base/json.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/torch/tensor.h"

namespace ingot {

struct Snapshot {
  int64_t step = 0;
  std::map<std::string, Tensor> model;      // weights and buffers
  std::map<std::string, Tensor> ema;        // empty: no average is kept
  std::map<std::string, Tensor> optimizer;  // slots, and generator states as "rng/<device>"
  Json state;                               // counters, data cursor, resolved recipe
  std::string config_hash, data_hash;
};

// Writes step-N.tmp, fsyncs, renames to step-N, rewrites LATEST. Throws Io and removes the temporary folder when
// something fails; nothing that was there before is touched. An existing step-N is replaced.
Checkpoint save_checkpoint(const fs::path& checkpoints, const Snapshot& snapshot);

// How save_checkpoint does it, for any folder of files that readers verify: `write` puts them into the temporary
// folder. Manifest::files is filled in. Throws whatever fails.
void publish_folder(const fs::path& folder, Manifest& manifest, const std::function<void(const fs::path&)>& write);

// Tensors are on the CPU.
Snapshot load_snapshot(const Checkpoint& checkpoint);

void mark_best(const fs::path& checkpoints, int64_t step);

// Removes all but the newest `keep` and the one that BEST names, oldest first, and leftovers of cut saves. The newest
// must verify first, or nothing is removed.
void prune_checkpoints(const fs::path& checkpoints, int64_t keep);

// Throws Io unless the disk has 2.2 times `state_bytes` free: the old checkpoint and the new one stand side by side.
void check_free_space(const fs::path& folder, uint64_t state_bytes);

}  // namespace ingot
