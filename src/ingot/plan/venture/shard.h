// Paths split over processes: each writes its tallies to a folder, one adds them up. Tallies add exactly, so the bytes
// of the result are those of one process. Used by `ingot plan --shard`, `--merge` and under mpirun.
#pragma once

#include <filesystem>
#include <string>

#include "ingot/plan/venture/simulate.h"

namespace ingot::venture {

struct Sharding {
  enum class Role { Alone, Writes, Adds, Merges };  // Adds: simulates its own shard too, and waits for the others
  Role role = Role::Alone;
  uint64_t shard = 0, shards = 1;
  std::filesystem::path folder;
  std::string key;  // of plan, seed and paths: parts of another plan are refused
};

// SHA-256 over everything that a tally depends on.
std::string plan_key(const std::string& toml, const Simulation& simulation);

// N of the parts "...-of-N.part" in a folder. Throws NotFound when it holds none, InvalidArgument when it holds several
// N.
uint64_t count_shards(const std::filesystem::path& folder);

void write_part(const Sharding& sharding, const std::string& stage, const Tally& tally);
// Adds the parts of the other shards (Adds) or of all (Merges). Adds waits while `keep_waiting()`; Throws NotFound
// naming the part that is missing, InvalidArgument when one is of another plan or damaged.
void add_parts(const Sharding& sharding, const std::string& stage, Tally& tally,
               const std::function<bool()>& keep_waiting = {});

}  // namespace ingot::venture
