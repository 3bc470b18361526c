// Shapes: B pairs, C channels, H height, W width, T tokens, M mel bins, F frames, D embedding.
#include "ingot/tasks/contrast.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/data/audio.h"
#include "ingot/data/permutation.h"
#include "ingot/tasks/svg.h"

namespace ingot {
namespace {

constexpr int64_t kEmbedRows = 256;

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// A share of the texts, at least one, in random order.
std::vector<std::string> some(std::vector<std::string> texts, double keep, Rng& rng) {
  for (size_t i = texts.size(); i-- > 1;) std::swap(texts[i], texts[rng.below(i + 1)]);
  std::vector<std::string> kept;
  for (const auto& text : texts)
    if (rng.uniform() < keep) kept.push_back(text);
  if (kept.empty()) kept.push_back(texts.front());
  return kept;
}

std::vector<std::string> labels_of(const ImagePairs& data) {
  std::vector<std::string> labels;
  for (const auto& pair : data.pairs) labels.push_back(pair.label);
  return labels;
}

}  // namespace

Problems ContrastConfig::validate() const {
  auto p = ImagePairConfig::validate();
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(augment.mixup == 0 && augment.cutmix == 0, "augment: got mixup ", augment.mixup, " and cutmix ", augment.cutmix,
        ", expected 0: a blend of two images has no one text");
  check(keep_texts > 0 && keep_texts <= 1, "keep_texts: got ", keep_texts, ", expected above 0 and at most 1");
  check(frames >= 8 && frames <= 10'000, "frames: got ", frames, ", expected 8 to 10000");
  return p;
}

ContrastTask::ContrastTask(const ContrastConfig& data, const TaskOptions& options)
    : config_(data), options_(options), mel_(data.mel, data.rate) {
  const fs::path assets = fs::path(options.run_folder) / "assets";
  if (options.purpose == Purpose::Infer) {
    format_ = ImageFormat::from_json(read_json(assets / "images.json"));
    if (!of_sound()) tokenizer_ = load_tokenizer(assets);
    return;
  }
  require("data", options.batch_size >= 2, "train.batch_size is ", options.batch_size,
          ", expected at least 2: a pair is told from the others of its batch");
  train_ = read_image_pairs(data.train, data);
  require("data", int64_t(train_.pairs.size()) >= options.batch_size, data.train, " has ", train_.pairs.size(),
          " pairs, expected at least a batch of ", options.batch_size);
  for (const auto& [name, where] : {std::pair{"validation", data.validation}, {"test", data.test}})
    if (!where.empty()) splits_[name] = read_image_pairs(where, data);
  for (const auto& why : train_.quarantined) log_warning("left out: " + why);
  format_ = {data.size, data.size, data.channels, data.mean, data.std, {}};
  if (data.mean.empty()) {
    LabelledImages pixels{.channels = data.channels};
    for (const auto& pair : train_.pairs)
      pixels.pixels.insert(pixels.pixels.end(), pair.image.pixels.begin(), pair.image.pixels.end());
    measure(pixels, format_.mean, format_.std);
  }
  if (of_sound()) return;
  size_t next = 0;
  tokenizer_ = train_tokenizer(data.tokenizer, [&](std::string& text) {
    if (next == train_.pairs.size()) return false;
    text = joined(train_.pairs[next++].texts) + "\n";
    return true;
  });
}

int64_t ContrastTask::batches_per_epoch() const { return int64_t(train_.pairs.size()) / options_.batch_size; }

Partners ContrastTask::texts(const std::vector<std::string>& texts) const {
  std::vector<std::vector<int32_t>> rows;
  size_t T = 1;
  for (const auto& text : texts) {
    auto ids = tokenizer_->encode(text);
    require("data", !ids.empty(), "the text '", text, "' has no token, expected at least one");
    ids.resize(std::min(ids.size(), size_t(model_->context())));
    T = std::max(T, ids.size());
    rows.push_back(std::move(ids));
  }
  const auto B = int64_t(rows.size());
  Partners result{torch::zeros({B, int64_t(T)}, torch::kLong), torch::zeros({B, int64_t(T)}, torch::kBool), {}};
  for (int64_t b = 0; b < B; ++b) {
    const auto& ids = rows[size_t(b)];
    std::copy(ids.begin(), ids.end(), result.ids[b].data_ptr<int64_t>());
    std::fill_n(result.real[b].data_ptr<bool>(), ids.size(), true);
  }
  return result;
}

// In training a random window of a longer sound, or a shorter one at a random place.
Tensor ContrastTask::spectrogram(const std::vector<float>& samples, Rng* rng) const {
  auto mel = mel_(samples);
  mel_.normalise(mel);
  const auto M = mel_.bins(), frames = int64_t(mel.size()) / M, F = config_.frames;
  auto out = torch::zeros({1, M, F});
  const int64_t spare = std::abs(frames - F), at = rng && spare > 0 ? int64_t(rng->below(uint64_t(spare + 1))) : 0;
  const auto all = torch::from_blob(mel.data(), {frames, M}).t();  // [M, frames]
  if (frames > F)
    out[0].copy_(all.narrow(1, at, F));
  else
    out[0].narrow(1, at, frames).copy_(all);
  return out;
}

Partners ContrastTask::partners_of(const std::vector<const ImagePair*>& pairs, Rng* rng) const {
  if (of_sound()) {
    std::vector<Tensor> mels;
    for (const auto* pair : pairs) mels.push_back(spectrogram(pair->samples, rng));
    return {{}, {}, at::stack(mels)};
  }
  std::vector<std::string> rows;
  for (const auto* pair : pairs)
    rows.push_back(joined(rng && config_.keep_texts < 1 ? some(pair->texts, config_.keep_texts, *rng) : pair->texts));
  return texts(rows);
}

Batch ContrastTask::train_batch(int64_t index) {
  const auto rows = train_.pairs.size();
  const int64_t B = options_.batch_size, epoch = index / batches_per_epoch(), begin = index % batches_per_epoch() * B;
  const int64_t C = format_.channels, H = format_.height, W = format_.width;
  auto images = torch::empty({B, C, H, W});
  auto same = torch::zeros({B, B}, torch::kBool);
  std::vector<const ImagePair*> pairs;
  Rng words(~options_.seed, uint64_t(index));
  for (int64_t i = 0; i < B; ++i) {
    const auto& pair = train_.pairs[shuffled(uint64_t(begin + i), rows, options_.seed, uint64_t(epoch))];
    auto image = pair.image;
    Rng rng(options_.seed, uint64_t(index * B + i));
    augment(image, config_.augment, rng);
    format_.fill(image, images.data_ptr<float>() + i * C * H * W);
    pairs.push_back(&pair);
    for (int64_t j = 0; j < i; ++j)
      if (pairs[size_t(j)]->label == pair.label) same[i][j] = same[j][i] = true;
  }
  const auto partners = partners_of(pairs, &words);
  Batch batch{{{"images", images}, {"same", same}}, double(B)};
  if (of_sound()) {
    batch.tensors["mel"] = partners.mel;
  } else {
    batch.tensors["ids"] = partners.ids;
    batch.tensors["real"] = partners.real;
  }
  return batch;
}

Tensor ContrastTask::loss(const Batch& batch, const std::string&) {
  const auto partners = of_sound() ? Partners{{}, {}, batch["mel"]} : Partners{batch["ids"], batch["real"], {}};
  return model_->loss(model_->embed_images(batch["images"]), model_->embed_partners(partners), batch["same"]);
}

Tensor ContrastTask::embed_images(const std::vector<const Image*>& images) {
  const torch::NoGradGuard no_grad;
  model_->eval();
  const auto device = model_->parameters().front().device();
  std::vector<Tensor> rows;
  for (size_t begin = 0; begin < images.size(); begin += size_t(kEmbedRows)) {
    const auto B = std::min(kEmbedRows, int64_t(images.size() - begin));
    auto x = torch::empty({B, format_.channels, format_.height, format_.width});
    for (int64_t i = 0; i < B; ++i) format_.fill(*images[begin + size_t(i)], x[i].data_ptr<float>());
    rows.push_back(model_->embed_images(x.to(device)).to(torch::kFloat).cpu());
  }
  return at::cat(rows);
}

Tensor ContrastTask::embed_partners(const Partners& partners) {
  const torch::NoGradGuard no_grad;
  model_->eval();
  const auto device = model_->parameters().front().device();
  const auto there = [&](const Tensor& x) { return x.defined() ? x.to(device) : x; };
  return model_->embed_partners({there(partners.ids), there(partners.real), there(partners.mel)})
      .to(torch::kFloat)
      .cpu();
}

double recall_at(const Tensor& similarity, const std::vector<std::string>& rows,
                 const std::vector<std::string>& columns, int64_t k) {
  const auto top = std::get<1>(similarity.topk(std::min(k, similarity.size(1)), 1)).contiguous();
  double found = 0;
  for (int64_t i = 0; i < top.size(0); ++i) {
    const int64_t* place = top[i].data_ptr<int64_t>();
    found += std::any_of(place, place + top.size(1), [&](int64_t j) { return columns[size_t(j)] == rows[size_t(i)]; });
  }
  return found / double(top.size(0));
}

Json ContrastTask::evaluate(const std::string& split, int64_t) {
  const auto* data = find_split(splits_, split, "pairs");
  if (!data) return Json::object();
  std::vector<const Image*> images;
  std::vector<const ImagePair*> pairs;
  for (const auto& pair : data->pairs) images.push_back(&pair.image), pairs.push_back(&pair);
  const auto similarity = embed_images(images).mm(embed_partners(partners_of(pairs, nullptr)).t());  // [N, N]
  const auto labels = labels_of(*data);
  const std::string other = of_sound() ? "sound" : "text";
  const std::string from = "image_to_" + other, to = other + "_to_image";
  Json metrics = Json::object();
  for (const int64_t k : {1, 5, 10}) {
    const auto name = "recall" + std::to_string(k);
    metrics[from][name] = recall_at(similarity, labels, labels, k);
    metrics[to][name] = recall_at(similarity.t(), labels, labels, k);
    metrics[name] = (metrics[from][name].get<double>() + metrics[to][name].get<double>()) / 2;
  }
  metrics["pairs"] = data->pairs.size();
  return metrics;
}

std::string ContrastTask::name_of(const ImagePair& pair) const { return of_sound() ? pair.label : pair.texts.front(); }

// Some of the partners, and the five images nearest to each; the right ones are framed.
void ContrastTask::illustrate(const std::string& folder) {
  const auto split = splits_.contains("validation") ? splits_.find("validation") : splits_.find("test");
  if (split == splits_.end()) return;
  const auto& data = split->second;
  constexpr int64_t kShown = 12, kNearest = 5;
  std::vector<const Image*> images;
  std::vector<const ImagePair*> asked;
  for (const auto& pair : data.pairs) images.push_back(&pair.image);
  const auto rows = std::min<int64_t>(kShown, int64_t(data.pairs.size()));
  for (int64_t i = 0; i < rows; ++i) asked.push_back(&data.pairs[size_t(i) * data.pairs.size() / size_t(rows)]);
  const auto similarity = embed_partners(partners_of(asked, nullptr)).mm(embed_images(images).t());
  const auto top = std::get<1>(similarity.topk(std::min<int64_t>(kNearest, similarity.size(1)), 1));
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 600 {}\" font-family=\"sans-serif\" font-size=\"13\">"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      64 * rows + 8);
  for (int64_t i = 0; i < rows; ++i) {
    const auto& pair = *asked[size_t(i)];
    const int64_t y = 8 + 64 * i;
    svg += fmt::format("<text x=\"240\" y=\"{}\" text-anchor=\"end\">{}</text>\n", y + 32, xml_text(name_of(pair)));
    for (int64_t k = 0; k < top.size(1); ++k) {
      const auto& found = data.pairs[size_t(top[i][k].item<int64_t>())];
      const int64_t x = 256 + 68 * k;
      svg += fmt::format("<image x=\"{0}\" y=\"{1}\" width=\"56\" height=\"56\" href=\"data:image/png;base64,{2}\"/>",
                         x, y, base64(encode_png(found.image)));
      if (found.label == pair.label)
        svg += fmt::format(
            "<rect x=\"{}\" y=\"{}\" width=\"58\" height=\"58\" fill=\"none\" stroke=\"#2a9d3f\" stroke-width=\"3\"/>",
            x - 1, y - 1);
    }
  }
  write_file_atomic(fs::path(folder) / "retrieval.svg", svg + "</svg>\n");
}

Json ContrastTask::predict(const Json& request) {
  const auto text_of = [&](const char* key) {
    require("predict", request[key].is_string() && !request[key].get_ref<const std::string&>().empty(), key, " is ",
            to_text(request[key]), ", expected a string");
    return request[key].get<std::string>();
  };
  const auto read_image = [&](const std::string& path) {
    return resize_and_crop(
        decode_image(read_file(path), path, config_.channels, config_.max_pixels, uint8_t(config_.background)),
        config_.size);
  };
  const auto answer = [](const Tensor& scores, const std::vector<std::string>& names, const char* what) {  // [N]
    const auto [best, places] = scores.topk(std::min<int64_t>(5, scores.size(0)));
    Json top = Json::array();
    for (int64_t i = 0; i < best.size(0); ++i)
      top.push_back({{what, names[size_t(places[i].item<int64_t>())]}, {"score", best[i].item<double>()}});
    return Json{{what, top[0][what]}, {"score", top[0]["score"]}, {"top", top}};
  };
  require("predict", request.is_object(), "the request is no object");
  if (request.contains("file")) {
    require("predict", !of_sound(),
            "this run pairs images with sounds; ask {\"sound\": \"x.wav\", \"images\": \"folder\"}");
    require("predict", request.contains("texts") && request["texts"].is_array() && !request["texts"].empty(),
            "the request has no list \"texts\", expected {\"file\": \"x.png\", \"texts\": [\"a cat\", \"a dog\"]}");
    std::vector<std::string> classes;
    for (const auto& text : request["texts"]) {
      require("predict", text.is_string(), "texts holds ", to_text(text), ", expected strings");
      classes.push_back(text);
    }
    const auto image = read_image(text_of("file"));
    const auto cosines = embed_partners(texts(classes)).mv(embed_images({&image})[0]);
    return answer((model_->scale() * cosines).softmax(0), classes, "label");
  }
  const char* key = of_sound() ? "sound" : "text";
  require("predict", request.contains(key) && request.contains("images"), "the request has no \"", key,
          "\" and \"images\", expected {\"", key, "\": .., \"images\": \"folder\"}",
          of_sound() ? "" : " or {\"file\": \"x.png\", \"texts\": [..]}");
  Partners asked;
  if (of_sound())
    asked.mel = spectrogram(read_audio(text_of(key), config_.rate).samples, nullptr).unsqueeze(0);
  else
    asked = texts({text_of(key)});
  const fs::path folder = text_of("images");
  std::vector<std::string> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (const auto type = entry.path().extension(); type == ".png" || type == ".jpg" || type == ".jpeg")
        files.push_back(entry.path().string());
  require("predict", !files.empty(), folder.string(), " holds no .png and no .jpg, expected a folder of images");
  std::sort(files.begin(), files.end());
  std::vector<Image> images;
  std::vector<const Image*> pointers;
  for (const auto& file : files) images.push_back(read_image(file));
  for (const auto& image : images) pointers.push_back(&image);
  return answer(embed_images(pointers).mv(embed_partners(asked)[0]), files, "file");
}

void ContrastTask::save_assets(const std::string& folder) const {
  fs::create_directories(folder);
  write_json(fs::path(folder) / "images.json", format_.to_json());
  if (tokenizer_) tokenizer_->save(folder);
  if (!train_.quarantined.empty()) write_json(fs::path(folder) / "quarantined.json", train_.quarantined);
}

Json ContrastTask::card() const {
  Json card = model_->card();
  card["images"] = fmt::format("{0} x {0} x {1}", config_.size, config_.channels);
  card["partners"] = of_sound() ? "sounds" : "texts";
  if (tokenizer_) card["vocab_size"] = tokenizer_->vocab_size();
  if (!train_.pairs.empty())
    card["data"] = {{"source", config_.train}, {"train", train_.pairs.size()}, {"left_out", train_.quarantined.size()}};
  card["intended_use"] = "finding and naming images like the training images";
  card["limits"] = "knows the words and things of its training pairs only; answers with the nearest, however far";
  return card;
}

}  // namespace ingot
