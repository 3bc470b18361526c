// The reading side of checkpoints; engine/checkpoint.h writes them, serve/ and `ingot eval` read them without torch.
//
//   checkpoints/
//     step-00000250/          published by rename: whole or absent
//       model.safetensors     weights and buffers
//       ema.safetensors       averaged weights, when the run keeps them
//       optimizer.safetensors optimiser slots and generator states
//       state.json            counters, data cursor, resolved recipe
//       MANIFEST.json         sizes and checksums of the files above, and of itself
//     average/                likewise, but only weights: the mean of several (engine/average.h)
//     LATEST  BEST            the name of a step folder; hints only, readers trust manifests
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/file.h"
#include "ingot/base/json.h"

namespace ingot {

constexpr int kCheckpointSchema = 1;
constexpr size_t kChecksumChunk = size_t(4) << 20;  // XXH3 is kept per chunk, so that damage is found and placed

struct Manifest {
  int64_t step = 0;
  std::string created, ingot_version, config_hash, data_hash;
  int world_size = 1;
  struct File {
    std::string name;
    uint64_t bytes = 0;
    std::string sha256;
    std::vector<std::string> xxh3;  // one a chunk
  };
  std::vector<File> files;  // sorted by name
};

Manifest::File checksum_file(const fs::path& path);  // maps the file; refuses a symbolic link
std::string to_text(const Manifest& manifest);       // JSON with its own checksum as the last member

struct Checkpoint {
  fs::path folder;
  Manifest manifest;
  fs::path model_file() const { return folder / "model.safetensors"; }
  fs::path weights_file() const;  // ema.safetensors when there is one, else the model's
};

// Reads MANIFEST.json and proves every file by size and checksum. Throws InvalidArgument naming file and chunk,
// Unsupported for a newer schema, Io or NotFound.
Checkpoint open_checkpoint(const fs::path& step_folder);

constexpr char kAverageFolder[] = "average";  // its manifest has the newest step that is in it

// "step-00000250" -> 250; nullopt for any other name, such as "step-00000250.tmp".
std::optional<int64_t> step_of_folder(const std::string& name);
std::string step_folder_name(int64_t step);
std::vector<int64_t> checkpoint_steps(const fs::path& checkpoints);  // ascending; no verification
// The step that BEST names, if there is a BEST. Throws InvalidArgument when it names no step folder.
std::optional<int64_t> best_step(const fs::path& checkpoints);

// The newest checkpoint that is whole. `rejected` gets one line for each newer one that is not. A newer schema throws:
// falling back behind it would lose work in silence.
std::optional<Checkpoint> newest_checkpoint(const fs::path& checkpoints, std::vector<std::string>* rejected = nullptr);

// For people and servers: `which` is "best" (newest when no BEST is marked), "latest", "average" or a step number.
// Throws NotFound.
Checkpoint find_checkpoint(const fs::path& run_folder, const std::string& which);

}  // namespace ingot
