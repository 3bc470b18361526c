#include "ingot/plan/venture/shard.h"

#include <chrono>
#include <cstring>
#include <thread>

#include "ingot/base/file.h"
#include "ingot/base/json.h"

namespace ingot::venture {
namespace {

fs::path part_path(const Sharding& s, const std::string& stage, uint64_t shard) {
  return s.folder / detail::join_parts(stage, "-", shard, "-of-", s.shards, ".part");
}

// One line of JSON, then the cells as they lie in memory (little-endian on every machine that builds this).
Tally read_part(const Sharding& s, const std::string& stage, uint64_t shard, const Layout& layout) {
  const auto path = part_path(s, stage, shard);
  const auto bytes = read_file(path);
  const auto end = bytes.find('\n');
  require("plan", end != std::string::npos, path.string(), " is no part of a plan, expected a file that --shard wrote");
  const auto header = parse_json(std::string_view(bytes).substr(0, end), path.string());
  require("plan", header.value("key", std::string()) == s.key, path.string(),
          " belongs to another plan, seed or number of paths, expected parts of this one; remove the folder ",
          s.folder.string());
  const auto cells = std::string_view(bytes).substr(end + 1);
  Tally tally(layout);
  require("plan",
          cells.size() == tally.cells().size() * sizeof(int64_t) &&
              header.value("sha256", std::string()) == sha256_hex(cells),
          path.string(), " is damaged or cut short; run its shard again");
  std::memcpy(tally.cells().data(), cells.data(), cells.size());
  return tally;
}

}  // namespace

std::string plan_key(const std::string& toml, const Simulation& s) {
  return sha256_hex(detail::join_parts("tally 1\n", s.seed, "\n", s.paths, "\n", toml));
}

uint64_t count_shards(const fs::path& folder) {
  uint64_t found = 0;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder)) {
      const auto name = entry.path().filename().string();
      const auto at = name.rfind("-of-");
      if (at == std::string::npos || !name.ends_with(".part")) continue;
      const auto n = std::strtoull(name.c_str() + at + 4, nullptr, 10);
      require("plan", found == 0 || found == n, folder.string(), " holds parts of ", found, " and of ", n,
              " shards, expected one split; remove the others");
      found = n;
    }
  if (found == 0)
    fail(ErrorKind::NotFound, "plan", folder.string(),
         " holds no parts, expected files that `ingot plan FILE --shard I/N` wrote");
  return found;
}

void write_part(const Sharding& s, const std::string& stage, const Tally& tally) {
  fs::create_directories(s.folder);
  const std::string cells(reinterpret_cast<const char*>(tally.cells().data()), tally.cells().size() * sizeof(int64_t));
  const Json header = {{"key", s.key}, {"sha256", sha256_hex(cells)}};
  write_file_atomic(part_path(s, stage, s.shard), to_text(header) + "\n" + cells);
}

void add_parts(const Sharding& s, const std::string& stage, Tally& tally, const std::function<bool()>& keep_waiting) {
  for (uint64_t shard = 0; shard < s.shards; ++shard) {
    if (s.role == Sharding::Role::Adds && shard == s.shard) continue;
    const auto path = part_path(s, stage, shard);
    while (s.role == Sharding::Role::Adds && !fs::exists(path) && (!keep_waiting || keep_waiting()))
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (!fs::exists(path))
      fail(ErrorKind::NotFound, "plan", path.string(), " does not exist, expected the part of shard ", shard,
           "; run `ingot plan FILE --shard ", shard, "/", s.shards, "`");
    tally.merge(read_part(s, stage, shard, tally.layout()));
  }
}

}  // namespace ingot::venture
