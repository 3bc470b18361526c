// Film reviews by their last 20 words: Keras's first text example in C++.
//   build/dev/examples/cpp/classifier cls-imdb/aclImdb_20k.tar.gz:aclImdb
#include <cstdio>

#include <ATen/ATen.h>

#include "ingot/engine/sequential.h"
#include "ingot/tasks/classify.h"
#include "ingot/torch/compat.h"

using namespace ingot;

Examples load(const LabelledTexts& texts, const WordIndex& words, int64_t length) {
  Examples examples{at::empty({texts.size(), length}, at::kLong), at::empty({texts.size()}, at::kLong)};
  for (int64_t i = 0; i < texts.size(); ++i) {
    pad_in_front(words.encode(texts.texts[size_t(i)]), length, examples.x.data_ptr<int64_t>() + i * length);
    examples.y.data_ptr<int64_t>()[i] = texts.labels[size_t(i)];
  }
  return examples;
}

int main(int argc, char** argv) try {
  const std::string data = argc > 1 ? argv[1] : "cls-imdb/aclImdb_20k.tar.gz:aclImdb";
  const auto train_texts = read_labelled_texts(data + "/train", {});
  const WordIndex words(train_texts.texts, 10000);
  const auto train = load(train_texts, words, 20), test = load(read_labelled_texts(data + "/test", {}), words, 20);
  set_num_threads(1);

  Sequential model({Embedding(10000, 8, 20), Flatten(), Dense(1, Output::Sigmoid)});
  model.compile();  // Adam, binary cross-entropy
  const auto history = model.fit(train, {.epochs = 10, .batch_size = 32, .validation = test});
  for (size_t i = 0; i < history.train.size(); ++i)
    std::printf("epoch %2zu  loss %.4f  accuracy %.4f  validation loss %.4f  accuracy %.4f\n", i + 1,
                history.train[i].loss, history.train[i].accuracy, history.validation[i].loss,
                history.validation[i].accuracy);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "classifier: %s\n", e.what());
  return 1;
}
