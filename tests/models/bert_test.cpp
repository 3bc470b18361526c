// BERT: shapes, padding, learning, parity with torch's own encoder layers (tools/golden/bert.py), Hugging Face folders.
#include "ingot/models/bert.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/bert_weights.h"
#include "ingot/models/registry.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

const fs::path kBertGolden = fs::path(INGOT_SOURCE_DIR) / "tests/golden";

BertConfig tiny_bert(BertHead head) {
  BertConfig c;
  c.head = head;
  c.vocab_size = 20;
  c.hidden_size = 16;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 2;
  c.intermediate_size = 24;
  c.max_position_embeddings = 10;
  c.hidden_dropout_prob = c.attention_probs_dropout_prob = 0;
  return c;
}

BertConfig tiny_modern_bert(BertHead head) {
  auto c = tiny_bert(head);
  c.position = PositionKind::Rotary;
  c.type_vocab_size = 0;
  c.hidden_act = Activation::Geglu;
  c.norm = NormKind::RmsNorm;
  c.pre_norm = true;
  c.bias = false;
  return c;
}

Tensor first_tokens(std::initializer_list<int64_t> lengths, int64_t T) {
  return at::arange(T).unsqueeze(0) < torch::tensor(std::vector<int64_t>(lengths)).unsqueeze(1);
}

TEST(Bert, MapsTokensToEachHead) {
  const auto ids = at::arange(12).view({2, 6}), real = first_tokens({6, 4}, 6);
  for (const auto make : {tiny_bert, tiny_modern_bert}) {
    Bert masked(make(BertHead::MaskedLm), 0), classes(make(BertHead::Classify), 3), spans(make(BertHead::Span), 0);
    EXPECT_EQ(masked->masked_logits(ids, real, torch::tensor({1, 7})).sizes(), (at::IntArrayRef{2, 20}));
    EXPECT_EQ(classes->class_logits(ids, real).sizes(), (at::IntArrayRef{2, 3}));
    EXPECT_EQ(spans->span_logits(ids, {}, real).sizes(), (at::IntArrayRef{2, 6, 2}));
    EXPECT_EQ(error_of([&] {
                classes->class_logits(at::zeros({1, 11}, at::kLong), at::ones({1, 11}, at::kBool));
              }),
              "[bert] the sequence is 11 tokens, expected <= max_position_embeddings 10");
  }
}

TEST(Bert, GivesNearlyTheSameInBfloat16) {
  const auto ids = at::arange(12).view({2, 6}), real = first_tokens({6, 4}, 6), places = torch::tensor({1, 7});
  for (const auto make : {tiny_bert, tiny_modern_bert}) {
    Bert masked(make(BertHead::MaskedLm), 0), classes(make(BertHead::Classify), 3), spans(make(BertHead::Span), 0);
    for (auto* model : {&masked, &classes, &spans}) (*model)->initialise(0);
    const auto outputs = [&] {
      return std::vector{masked->masked_logits(ids, real, places), classes->class_logits(ids, real),
                         spans->span_logits(ids, {}, real)};
    };
    const auto exact = outputs();
    const Autocast autocast(at::kCPU, true);
    const auto narrow = outputs();
    for (size_t i = 0; i < exact.size(); ++i)
      EXPECT_TRUE(narrow[i].to(at::kFloat).allclose(exact[i], 0.03, 0.01)) << narrow[i] << exact[i];
  }
}

TEST(Bert, PoolsTheMeanOfRealTokens) {
  auto config = tiny_bert(BertHead::Classify);
  config.classifier_pooling = Pooling::Mean;
  Bert model(config, 3);
  model->initialise(0);
  const auto ids = at::arange(18).view({3, 6});
  const auto alone = model->class_logits(ids.narrow(0, 1, 1).narrow(1, 0, 2), first_tokens({2}, 2));
  EXPECT_TRUE(model->class_logits(ids, first_tokens({6, 2, 5}, 6)).narrow(0, 1, 1).allclose(alone, 1e-5, 1e-6));
  config.classifier_pooling = Pooling::Cls;
  Bert first(config, 3);
  first->initialise(0);
  EXPECT_FALSE(first->class_logits(ids.narrow(0, 1, 1), first_tokens({6}, 6)).allclose(alone, 1e-5, 1e-6));
}

TEST(Bert, SeesBothSidesButNoPadding) {
  for (auto config : {tiny_bert(BertHead::Span), tiny_modern_bert(BertHead::Span)}) {
    Bert model(config, 0);
    model->initialise(0);
    model->eval();
    const auto ids = at::arange(6).unsqueeze(0), real = first_tokens({4}, 6);
    const auto before = model->span_logits(ids, {}, real);
    auto changed = ids.clone();
    changed[0][5] = 9;
    EXPECT_TRUE(before.narrow(1, 0, 4).equal(model->span_logits(changed, {}, real).narrow(1, 0, 4)));
    changed[0][3] = 9;
    EXPECT_FALSE(before[0][0].equal(model->span_logits(changed, {}, real)[0][0]));
  }
}

TEST(Bert, GivesTheSameWithAndWithoutWorkOnPadding) {
  for (auto config : {tiny_bert(BertHead::Classify), tiny_modern_bert(BertHead::Classify)}) {
    config.unpad = true;
    Bert packed(config, 3);
    config.unpad = false;
    Bert padded(config, 3);
    packed->initialise(1);
    padded->initialise(1);
    const auto ids = at::arange(18).view({3, 6}), real = first_tokens({6, 2, 5}, 6);
    const auto a = packed->class_logits(ids, real), b = padded->class_logits(ids, real);
    EXPECT_TRUE(a.allclose(b, 1e-5, 1e-6)) << a << b;
    a.square().sum().backward();
    b.square().sum().backward();
    for (const auto& item : packed->named_parameters())
      EXPECT_TRUE(item.value().grad().allclose(padded->named_parameters()[item.key()].grad(), 1e-4, 1e-6))
          << item.key();
  }
}

TEST(Bert, ItsAttentionIsWhatItsOutputIsMadeOf) {
  const torch::NoGradGuard no_grad;
  const auto ids = at::arange(12).view({2, 6}), real = first_tokens({6, 4}, 6);
  for (const auto make : {tiny_bert, tiny_modern_bert}) {
    Bert model(make(BertHead::Span), 0);
    model->initialise(0);
    model->eval();
    const auto attention = model->attention(ids, {}, real);
    EXPECT_EQ(attention.sizes(), (at::IntArrayRef{2, 6, 6}));
    EXPECT_TRUE(attention.sum(2).allclose(at::ones({2, 6}), 0, 1e-6));
    EXPECT_EQ(attention[1].slice(1, 4).abs().max().item<double>(), 0) << "nothing is read of padding";
    Tensor weights;
    const auto packing = make_packing(real, true);
    const auto with = model->features(ids, {}, packing, &weights), without = model->features(ids, {}, packing);
    EXPECT_TRUE(with.allclose(without, 1e-5, 1e-6)) << "the plain path of pictures against the fused one";
    EXPECT_TRUE(weights.mean(1).equal(attention));
  }
}

TEST(Bert, LearnsOneBatchByHeart) {
  for (const auto make : {tiny_bert, tiny_modern_bert}) {
    Bert model(make(BertHead::Classify), 3);
    model->initialise(0);
    torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(1e-2));
    const auto ids = at::arange(18).view({3, 6}), real = first_tokens({6, 2, 5}, 6), labels = at::arange(3);
    double loss = 0;
    for (int step = 0; step < 60; ++step) {
      optimizer.zero_grad();
      const auto l = at::cross_entropy_loss(model->class_logits(ids, real), labels);
      l.backward();
      optimizer.step();
      loss = l.item<double>();
    }
    EXPECT_LT(loss, 0.05);
  }
}

TEST(Bert, MatchesTheReferenceFromItsHuggingFaceFolder) {
  const auto golden = load_tensors(kBertGolden / "bert.safetensors");
  const auto real = first_tokens({10, 7, 4}, 10);
  const auto ids = (at::arange(30).view({3, 10}) * 7 + 5).remainder(40) * real;
  const auto segments = (at::arange(10).unsqueeze(0) >= torch::tensor({5, 3, 2}).unsqueeze(1)).to(at::kLong) * real;
  const auto load = [](BertHead head, int64_t classes) {
    BertConfig base;
    base.head = head;
    base.hidden_dropout_prob = base.attention_probs_dropout_prob = 0;
    Bert model(read_hugging_face_bert(kBertGolden / "bert", base), classes);
    model->initialise(0);
    load_bert_weights(*model, kBertGolden / "bert");
    return model;
  };
  const auto near = [&](const Tensor& ours, const char* name) {
    EXPECT_LT((ours - golden.at(name)).abs().max().item<double>(), 1e-4) << name;
  };
  near(load(BertHead::MaskedLm, 0)->masked_logits(ids, real, real.flatten().nonzero().squeeze(1)), "masked");
  near(load(BertHead::Span, 0)->span_logits(ids, segments, real), "spans");
  auto model = load(BertHead::Classify, 3);
  near(model->class_logits(ids, real), "classes");

  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.05));
  const auto losses = golden.at("losses");
  for (int64_t step = 0; step < losses.size(0); ++step) {
    optimizer.zero_grad();
    const auto loss = at::cross_entropy_loss(model->class_logits(ids, real), torch::tensor({0, 2, 1}));
    EXPECT_NEAR(loss.item<double>(), losses[step].item<double>(), 1e-3) << "step " << step;
    loss.backward();
    optimizer.step();
  }
}

TEST(Bert, HidesTokensOfTrainingTextsOthersEachTime) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 4; ++i) text += i % 2 ? "1 good food and drink here\n" : "0 bad food and drink there\n";
  write_file_atomic(folder / "texts", text);
  const auto task_of = [&](const std::string& share) {
    return make_task(parse_toml("[model]\nname = \"bert\"\nhidden_size = 8\nnum_hidden_layers = 1\n"
                                "num_attention_heads = 1\nintermediate_size = 8\nmax_position_embeddings = 16\n"
                                "[data]\ntrain = \"" +
                                    (folder / "texts").string() + "\"\ntoken_dropout = " + share +
                                    "\n[data.tokenizer]\nvocab_size = 200\nmin_frequency = 1\n",
                                "r.toml"),
                     {.batch_size = 4});
  };
  constexpr int64_t kMask = 4;
  const auto task = task_of("0.5"), plain = task_of("0.0");
  int64_t hidden = 0, all = 0;
  for (int64_t index = 0; index < 50; ++index) {
    const auto ids = task->train_batch(index)["ids"], whole = plain->train_batch(index)["ids"];
    const auto differs = ids != whole;
    EXPECT_TRUE(ids.masked_select(differs).eq(kMask).all().item<bool>());
    EXPECT_FALSE(differs.select(1, 0).any().item<bool>()) << "[CLS] stays";
    hidden += differs.sum().item<int64_t>();
    all += 4 * 5;
  }
  EXPECT_NEAR(double(hidden) / double(all), 0.5, 0.05);
  EXPECT_FALSE(task->train_batch(0)["ids"].equal(task->train_batch(1)["ids"]));
  EXPECT_TRUE(task->train_batch(0)["ids"].equal(task_of("0.5")->train_batch(0)["ids"]));
  EXPECT_NE(error_of([&] { task_of("1.0"); }).find("token_dropout: got 1, expected 0 <= x < 1"), std::string::npos);
}

TEST(Bert, SplitsLongTrainingTextsIntoPartsWithTheirLabel) {
  const TempFolder folder;
  write_file_atomic(folder / "train", "long a b c d e f g\nshort h\n");  // [CLS] 3 tokens [SEP]
  write_file_atomic(folder / "validation", "long a b c d e f g\nshort h\n");
  const auto rows_of = [&](const std::string& setting) {
    const auto file = [&](const char* name) { return std::string(name) + " = \"" + (folder / name).string() + "\"\n"; };
    const auto task = make_task(parse_toml("[model]\nname = \"bert\"\nhidden_size = 8\nnum_hidden_layers = 1\n"
                                           "num_attention_heads = 1\nintermediate_size = 8\n"
                                           "max_position_embeddings = 5\n[data]\n" +
                                               file("train") + file("validation") + setting +
                                               "[data.tokenizer]\nvocab_size = 200\nmin_frequency = 1\n",
                                           "r.toml"),
                                {.batch_size = 8});
    EXPECT_EQ(task->evaluate("validation")["samples"], 2) << "validation reads beginnings";
    const auto batch = task->train_batch(0);
    const auto real = (batch["ids"] != 0).sum(1) - 2;
    std::multiset<std::pair<int64_t, int64_t>> rows;  // label, tokens of the text
    for (int64_t i = 0; i < real.size(0); ++i)
      rows.emplace(batch["labels"][i].item<int64_t>(), real[i].item<int64_t>());
    return rows;
  };
  using Rows = std::multiset<std::pair<int64_t, int64_t>>;
  EXPECT_EQ(rows_of(""), (Rows{{0, 3}, {1, 1}}));
  EXPECT_EQ(rows_of("split_long_texts = true\n"), (Rows{{0, 2}, {0, 2}, {0, 3}, {1, 1}}));
}

TEST(Bert, WritesWhatItReadsToTheLastBit) {
  const TempFolder folder;
  for (const auto head : {BertHead::MaskedLm, BertHead::Classify, BertHead::Span}) {
    Bert model(tiny_bert(head), 2);
    model->initialise(7);
    write_hugging_face_bert(*model, folder / "hf", {"bad", "good"});
    const auto config = read_hugging_face_bert(folder / "hf", tiny_bert(head));
    Bert again(config, 2);
    load_bert_weights(*again, folder / "hf");
    const auto state = module_state(*again);
    for (const auto& [name, value] : module_state(*model)) EXPECT_TRUE(value.equal(state.at(name))) << name;
  }
}

TEST(Bert, SaysWhatDoesNotFit) {
  const TempFolder folder;
  Bert model(tiny_bert(BertHead::Classify), 2);
  write_hugging_face_bert(*model, folder / "hf", {});
  auto config = tiny_bert(BertHead::Classify);
  config.vocab_size = 21;
  Bert larger(config, 2);
  EXPECT_NE(error_of([&] {
              load_bert_weights(*larger, folder / "hf");
            }).find("word_embeddings.weight: has shape [20, 16], expected [21, 16]; the vocabulary does not fit"),
            std::string::npos);
  config = tiny_bert(BertHead::Classify);
  config.num_hidden_layers = 3;
  Bert deeper(config, 2);
  EXPECT_NE(error_of([&] { load_bert_weights(*deeper, folder / "hf"); }).find("layer.2.c_attn.weight: is missing"),
            std::string::npos);
  Bert modern(tiny_modern_bert(BertHead::Classify), 2);
  EXPECT_NE(
      error_of([&] { write_hugging_face_bert(*modern, folder / "out", {}); }).find("model.position is not learned"),
      std::string::npos);
  auto json = read_json(folder / "hf" / "config.json");
  json["model_type"] = "roberta";
  write_json(folder / "hf" / "config.json", json);
  EXPECT_NE(error_of([&] { read_hugging_face_bert(folder / "hf"); }).find("model_type is \"roberta\""),
            std::string::npos);
}

TEST(Bert, RefusesAVocabularyInWhichTokensMeanOthersThanToTheCheckpoint) {
  const TempFolder folder;
  const auto vocabulary = [&](const char* name, const std::string& words) {
    fs::create_directories(folder / name);
    write_file_atomic(folder / name / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" + words);
  };
  vocabulary("hf", "good\nbad\nfood\n");
  vocabulary("same", "good\nbad\n");
  vocabulary("other", "good\nfood\n");
  auto config = tiny_bert(BertHead::Classify);
  Bert model(config, 2);
  model->initialise(0);
  write_hugging_face_bert(*model, folder / "hf", {});
  write_file_atomic(folder / "texts", "1 good food\n0 bad food\n");
  const auto make = [&](const std::string& name) {
    auto recipe = parse_toml("[model]\nname = \"bert\"\n[data]\n[data.tokenizer]\n", "r.toml");
    recipe.root["model"]["init_from"] = (folder / "hf").string();
    recipe.root["data"]["train"] = (folder / "texts").string();
    if (!name.empty()) recipe.root["data"]["tokenizer"]["path"] = (folder / name).string();
    return make_task(recipe, {.batch_size = 2});
  };
  make("")->initialise();
  make("same")->initialise();
  EXPECT_NE(error_of([&] { make("other"); }).find("does not fit the checkpoint: token 6 is ' food' of"),
            std::string::npos)
      << error_of([&] { make("other"); });
}

}  // namespace
}  // namespace ingot
