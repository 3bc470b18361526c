// From raw text to a prepared folder (data/shards.h): curate, train or load a tokenizer, tokenise, describe, publish.
#pragma once

#include "ingot/data/curate.h"

namespace ingot {

struct PrepareOptions {
  bool force = false;  // replace a folder that was prepared with another configuration
  StageProgress progress;
};

struct PrepareResult {
  bool was_ready = false;  // the folder was there, made from the same files with the same configuration
  Json manifest;
  Json card;
};

// Works in FOLDER.tmp and renames it when whole, so a FOLDER is always complete. After a kill the next call goes on
// behind the last finished stage (curated, tokenizer trained) when files and configuration are the same, else it
// starts again. Throws InvalidArgument when FOLDER holds something else.
PrepareResult prepare_data(DataConfig config, const fs::path& folder, const PrepareOptions& options = {});

// The data card as Markdown.
std::string card_markdown(const Json& card);

// What `ingot data stats` shows: {"identity","vocab_size","splits":{name:{"documents","tokens","bytes","shards",
// "mean_tokens","median_tokens","max_tokens","histogram":[{"from","to","documents"}]}},"scripts":{...}}
Json data_stats(const fs::path& folder);

}  // namespace ingot
