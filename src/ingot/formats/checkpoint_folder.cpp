#include "ingot/formats/checkpoint_folder.h"

#include <algorithm>
#include <cstdio>

#include "ingot/base/error.h"
#include "ingot/base/log.h"

namespace ingot {
namespace {

std::string describe(std::string_view bytes) {
  return bytes.size() <= 24 ? std::string(bytes) : std::string(bytes.substr(0, 24)) + "...";
}

Json to_json(const Manifest& manifest) {
  Json files = Json::array();
  for (const auto& file : manifest.files)
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}, {"xxh3", file.xxh3}});
  return {{"format", "ingot-checkpoint"},    {"schema", kCheckpointSchema},       {"step", manifest.step},
          {"created", manifest.created},     {"ingot", manifest.ingot_version},   {"config_hash", manifest.config_hash},
          {"data_hash", manifest.data_hash}, {"world_size", manifest.world_size}, {"files", files}};
}

Manifest parse_manifest(const std::string& text, const fs::path& path) {
  const auto damaged = [&](const std::string& why) -> void {
    fail(ErrorKind::InvalidArgument, "checkpoint", path.string(), " is damaged: ", why);
  };
  const Json json = parse_json(text, path.string());
  if (!json.is_object() || json.value("format", Json()) != Json("ingot-checkpoint"))
    damaged("it is no checkpoint manifest");
  const auto schema = json.value("schema", Json());
  if (!schema.is_number_integer()) damaged("it has no schema number");
  if (schema.get<int64_t>() > kCheckpointSchema)
    fail(ErrorKind::Unsupported, "checkpoint", path.string(), " has schema ", schema.get<int64_t>(),
         ", this ingot reads up to ", kCheckpointSchema, "; it was written by ingot ",
         json.value("ingot", Json("?")).dump(), ", use that version or a newer one");
  Manifest manifest;
  try {
    manifest.step = json.at("step");
    manifest.created = json.at("created");
    manifest.ingot_version = json.at("ingot");
    manifest.config_hash = json.at("config_hash");
    manifest.data_hash = json.at("data_hash");
    manifest.world_size = json.at("world_size");
    for (const auto& file : json.at("files"))
      manifest.files.push_back({file.at("name"), file.at("bytes"), file.at("sha256"), file.at("xxh3")});
  } catch (const Json::exception& e) {
    damaged(e.what());
  }
  // The text must be what its content is written as: this catches a flipped bit in any byte of it.
  if (to_text(manifest) != text) damaged("its checksum does not match");
  return manifest;
}

void verify_file(const fs::path& folder, const Manifest::File& expected) {
  require("checkpoint", !expected.name.empty() && expected.name.find('/') == std::string::npos && expected.name != "..",
          folder.string(), ": the manifest names '", expected.name, "', expected a plain file name");
  const fs::path path = folder / expected.name;
  if (!fs::exists(fs::symlink_status(path)))
    fail(ErrorKind::NotFound, "checkpoint", path.string(), " is missing; its manifest lists it");
  const MappedFile file(path, MappedFile::Links::Refuse);
  require("checkpoint", file.size() == expected.bytes, path.string(), " has ", file.size(), " bytes, expected ",
          expected.bytes, "; it was cut or changed");
  size_t chunk = 0;
  for (size_t at = 0; at < file.size(); at += kChecksumChunk, ++chunk) {
    const auto part = file.text().substr(at, kChecksumChunk);
    require("checkpoint", chunk < expected.xxh3.size() && xxh3_hex(part) == expected.xxh3[chunk], path.string(),
            ": chunk ", chunk, " (bytes ", at, " to ", at + part.size(),
            ") does not match its checksum, the file is damaged; name another checkpoint (best, latest or a step), or "
            "resume the run, which takes the newest whole one");
  }
  require("checkpoint", chunk == expected.xxh3.size(), path.string(), ": the manifest has ", expected.xxh3.size(),
          " checksums for ", chunk, " chunks");
}

}  // namespace

Manifest::File checksum_file(const fs::path& path) {
  const MappedFile file(path, MappedFile::Links::Refuse);
  Manifest::File result{path.filename().string(), file.size(), sha256_hex(file.text()), {}};
  for (size_t at = 0; at < file.size(); at += kChecksumChunk)
    result.xxh3.push_back(xxh3_hex(file.text().substr(at, kChecksumChunk)));
  return result;
}

std::string to_text(const Manifest& manifest) {
  Json json = to_json(manifest);
  json["checksum"] = xxh3_hex(json.dump());
  return json.dump(1) + "\n";
}

fs::path Checkpoint::weights_file() const {
  const bool averaged = std::any_of(manifest.files.begin(), manifest.files.end(),
                                    [](const auto& file) { return file.name == "ema.safetensors"; });
  return averaged ? folder / "ema.safetensors" : model_file();
}

Checkpoint open_checkpoint(const fs::path& step_folder) {
  const auto status = fs::symlink_status(step_folder);
  if (!fs::exists(status)) fail(ErrorKind::NotFound, "checkpoint", step_folder.string(), " does not exist");
  require("checkpoint", fs::is_directory(status), step_folder.string(),
          " is not a folder (symbolic links are refused)");
  const fs::path path = step_folder / "MANIFEST.json";
  const MappedFile file(path, MappedFile::Links::Refuse);
  Checkpoint checkpoint{step_folder, parse_manifest(std::string(file.text()), path)};
  const auto name = step_folder.filename().string();
  require("checkpoint", name == kAverageFolder || step_of_folder(name) == checkpoint.manifest.step,
          step_folder.string(), " holds step ", checkpoint.manifest.step, "; it was renamed");
  for (const auto& expected : checkpoint.manifest.files) verify_file(step_folder, expected);
  return checkpoint;
}

std::optional<int64_t> step_of_folder(const std::string& name) {
  constexpr std::string_view kPrefix = "step-";
  if (!name.starts_with(kPrefix) || name.size() < 13 || name.size() > 23) return {};
  int64_t step = 0;
  for (const char c : name.substr(kPrefix.size())) {
    if (c < '0' || c > '9') return {};
    step = step * 10 + (c - '0');
  }
  return step;
}

std::string step_folder_name(int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
  return name;
}

std::vector<int64_t> checkpoint_steps(const fs::path& checkpoints) {
  std::vector<int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checkpoints, error))
    if (const auto step = step_of_folder(entry.path().filename().string())) steps.push_back(*step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::optional<Checkpoint> newest_checkpoint(const fs::path& checkpoints, std::vector<std::string>* rejected) {
  auto steps = checkpoint_steps(checkpoints);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    try {
      return open_checkpoint(checkpoints / step_folder_name(*step));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Unsupported) throw;
      if (rejected) rejected->push_back(e.what());
    }
  }
  return {};
}

std::optional<int64_t> best_step(const fs::path& checkpoints) {
  if (!fs::exists(checkpoints / "BEST")) return {};
  std::string name = read_file(checkpoints / "BEST");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  const auto step = step_of_folder(name);
  require("checkpoint", step.has_value(), (checkpoints / "BEST").string(), " is '", describe(name),
          "', expected the name of a step folder");
  return step;
}

Checkpoint find_checkpoint(const fs::path& run_folder, const std::string& which) {
  const fs::path checkpoints = run_folder / "checkpoints";
  const auto steps = checkpoint_steps(checkpoints);
  if (steps.empty())
    fail(ErrorKind::NotFound, "checkpoint", run_folder.string(),
         " has no checkpoint; train it first: ingot train RECIPE --run-folder ", run_folder.string());
  if (which == "best")
    if (const auto step = best_step(checkpoints)) return open_checkpoint(checkpoints / step_folder_name(*step));
  if (which == "best" || which == "latest") {
    std::vector<std::string> rejected;
    const auto checkpoint = newest_checkpoint(checkpoints, &rejected);
    for (const auto& line : rejected) log_warning("passed over a checkpoint: " + line);
    if (checkpoint) return *checkpoint;
    fail(ErrorKind::NotFound, "checkpoint", "no checkpoint of ", run_folder.string(), " is whole: ", rejected.front());
  }
  if (which == kAverageFolder) {
    if (fs::exists(checkpoints / kAverageFolder)) return open_checkpoint(checkpoints / kAverageFolder);
    fail(ErrorKind::NotFound, "checkpoint", run_folder.string(),
         " has no averaged checkpoint; make it first: ingot average ", run_folder.string(), " --last 5");
  }
  for (const auto step : steps)
    if (std::to_string(step) == which) return open_checkpoint(checkpoints / step_folder_name(step));
  std::string have;
  for (const auto step : steps) have += (have.empty() ? "" : ", ") + std::to_string(step);
  fail(ErrorKind::NotFound, "checkpoint", "no checkpoint '", which, "' in ", run_folder.string(),
       ", expected best, latest, average or one of ", have);
}

}  // namespace ingot
