#include "ingot/plan/cost/architecture.h"

#include <algorithm>

#include "ingot/base/config.h"

namespace ingot::cost {

Problems Architecture::validate() const {
  Problems problems;
  const auto positive = [&](const char* field, int64_t value) {
    if (value <= 0) problems.push_back(detail::join_parts(field, " is ", value, ", expected > 0"));
  };
  positive("layers", layers), positive("width", width), positive("heads", heads), positive("vocab", vocab);
  positive("seq_len", seq_len);
  const auto not_negative = [&](const char* field, int64_t value) {
    if (value < 0) problems.push_back(detail::join_parts(field, " is ", value, ", expected >= 0"));
  };
  not_negative("kv_heads", kv_heads), not_negative("head_dim", head_dim), not_negative("ffn", ffn);
  not_negative("experts", experts), not_negative("shared_experts", shared_experts);
  if (!problems.empty()) return problems;
  if (!head_dim && width % heads)
    problems.push_back(detail::join_parts("width is ", width, ", expected a multiple of heads ", heads,
                                          "; give head_dim if the model has none"));
  if (kv_heads && heads % kv_heads)
    problems.push_back(detail::join_parts("kv_heads is ", kv_heads, ", expected a divisor of heads ", heads));
  if (experts > 0) {
    positive("expert_ffn", expert_ffn);
    if (experts_per_token < 1 || experts_per_token > experts)
      problems.push_back(
          detail::join_parts("experts_per_token is ", experts_per_token, ", expected 1..experts = ", experts));
    if (dense_layers < 0 || dense_layers >= layers)
      problems.push_back(detail::join_parts("dense_layers is ", dense_layers, ", expected 0..layers - 1"));
  }
  if (kv_lora_rank > 0 && rope_head_dim <= 0)
    problems.push_back(detail::join_parts("rope_head_dim is ", rope_head_dim, ", expected > 0 with kv_lora_rank"));
  return problems;
}

Architecture Architecture::resolved() const {
  throw_if_any("model", validate());
  Architecture m = *this;
  if (!m.kv_heads) m.kv_heads = heads;
  if (!m.head_dim) m.head_dim = width / heads;
  if (!m.ffn) m.ffn = 4 * width;
  if (!m.v_head_dim) m.v_head_dim = m.head_dim;
  return m;
}

ParameterCount count_parameters(const Architecture& model) {
  const Architecture m = model.resolved();
  const double h = double(m.width), a = double(m.heads), d = double(m.head_dim);
  const double q = a * d, kv = double(m.kv_heads) * d, matrices = m.gated ? 3 : 2;
  double attention = h * q + 2 * h * kv + q * h + (m.bias ? q + 2 * kv + h : 0);
  if (m.kv_lora_rank > 0) {
    // W_DQ, W_UQ (or a plain W_Q), W_DKV with the rotary key, W_UK and W_UV, W_O, and the two latent norms.
    const double r = double(m.rope_head_dim), rank = double(m.kv_lora_rank), v = double(m.v_head_dim);
    const double q_rank = double(m.q_lora_rank), q_out = a * (d + r);
    attention = (q_rank > 0 ? h * q_rank + q_rank * q_out + q_rank : h * q_out) + h * (rank + r) + rank * a * (d + v) +
                rank + a * v * h;
  }
  const auto feed_forward = [&](double f) { return matrices * h * f + (m.bias ? (matrices - 1) * f + h : 0); };
  ParameterCount n;
  n.embedding = double(m.vocab) * h + (m.learned_positions ? double(m.seq_len) * h : 0);
  n.head = m.tied ? 0 : double(m.vocab) * h;
  n.attention = double(m.layers) * attention;
  n.norms = (2 * double(m.layers) + 1) * h * (m.bias ? 2 : 1);
  const double moe_layers = m.experts > 0 ? double(m.layers - m.dense_layers) : 0;
  const double expert = m.experts > 0 ? feed_forward(double(m.expert_ffn)) : 0;
  n.experts = moe_layers * double(m.experts) * expert;
  const double always = (double(m.layers) - moe_layers) * feed_forward(double(m.ffn)) +
                        moe_layers * (double(m.shared_experts) * expert + double(m.experts) * h);  // + router
  n.mlp = always + n.experts;
  n.total = n.embedding + n.head + n.attention + n.norms + n.mlp;
  n.active = n.total - n.experts + moe_layers * double(m.experts_per_token) * expert;
  return n;
}

std::vector<Architecture> all_architectures(const FactsFolder& folder) {
  const CsvTable t = read_facts("architectures.csv", folder);
  std::vector<Architecture> models;
  for (size_t i = 0; i < t.rows.size(); ++i) {
    Document row;
    row.origin = t.origin;
    struct Fill {
      const CsvTable& t;
      size_t row;
      void operator()(const char* name, std::string& field, const char*) { field = t.text(row, name); }
      void operator()(const char* name, int64_t& field, const char*) { field = int64_t(t.number(row, name)); }
      void operator()(const char* name, bool& field, const char*) { field = t.number(row, name) != 0; }
    } fill{t, i};
    Architecture::visit(models.emplace_back(), fill);
  }
  return models;
}

Architecture find_architecture(const std::string& name, const FactsFolder& folder) {
  std::vector<std::string> names;
  for (const auto& model : all_architectures(folder)) {
    if (model.name == name) return model;
    names.push_back(model.name);
  }
  fail(ErrorKind::NotFound, "cost", "model is '", name, "', expected a name from `ingot cost models`",
       suggest(name, names));
}

namespace {

// The [model] of one of our GPT recipes, which has the names of GPT-2's config.json, in our names. Its defaults are
// GPT-2's; keys that do not change the cost are left out.
Json from_recipe(const Json& recipe, const std::string& origin) {
  const auto text = [&](const char* key, const char* fallback) {
    const auto found = recipe.find(key);
    return found != recipe.end() && found->is_string() ? found->get<std::string>() : std::string(fallback);
  };
  const auto family = text("name", "gpt");
  require("cost", family == "gpt", origin, ": model.name is '", family, "', expected a recipe of a gpt model");
  Json model = {{"name", origin}, {"seq_len", 1024}, {"layers", 12}, {"heads", 12},
                {"width", 768},   {"tied", true},    {"bias", true}};
  for (const auto& [theirs, ours] : {std::pair{"n_layer", "layers"},
                                     {"n_embd", "width"},
                                     {"n_head", "heads"},
                                     {"n_kv_head", "kv_heads"},
                                     {"n_inner", "ffn"},
                                     {"vocab_size", "vocab"},
                                     {"block_size", "seq_len"},
                                     {"tied_embeddings", "tied"},
                                     {"bias", "bias"}})
    if (const auto found = recipe.find(theirs); found != recipe.end()) model[ours] = *found;
  model["learned_positions"] = text("position", "learned") == "learned";
  const bool gated = text("activation", "gelu_tanh").ends_with("glu");
  model["gated"] = gated;
  if (gated && model.value("ffn", Json(0)) == 0 && model["width"].is_number_integer())
    model["ffn"] = (model["width"].get<int64_t>() * 8 / 3 + 7) / 8 * 8;  // as the trainer's: equal parameters
  return model;
}

bool is_recipe(const Json& model) {
  return std::any_of(model.items().begin(), model.items().end(),
                     [](const auto& item) { return item.key().starts_with("n_") || item.key() == "block_size"; });
}

}  // namespace

Architecture read_architecture(const Document& document, const FactsFolder& folder) {
  Document normal = document;
  const auto found = normal.root.find("model");
  if (found == normal.root.end())
    fail(ErrorKind::InvalidArgument, "cost", document.origin,
         " has no [model] section, expected layers, width, heads, vocab");
  Json& section = *found;
  require("cost", section.is_object(), "model is ", section.dump(), ", expected a table");
  const auto name = section.contains("name") && section["name"].is_string() ? section["name"].get<std::string>() : "";
  const bool recipe = is_recipe(section), is_file = name.ends_with(".toml");
  Architecture start;
  if (recipe) {
    section = from_recipe(section, document.origin);
  } else if (is_file) {
    const Document file = read_toml(name);
    require("cost", file.root.contains("model"), name, " has no [model] section, expected a recipe or a cost file");
    section.erase("name");
    const Json keys = std::move(section);  // what the flags say counts before the file
    section = is_recipe(file.root.at("model")) ? from_recipe(file.root.at("model"), name) : file.root.at("model");
    section.update(keys);
  } else if (!name.empty()) {
    for (const auto& model : all_architectures(folder))
      if (model.name == name) start = model;
    if (start.layers == 0 && !section.contains("layers")) find_architecture(name, folder);
  }
  require("cost", !(is_file || recipe) || section.value("vocab", Json(0)) != 0, is_file ? name : document.origin,
          " leaves the vocabulary to its tokenizer, expected --vocab N or model.vocab_size");
  return read_config<Architecture>(normal, "model", start);
}

}  // namespace ingot::cost
