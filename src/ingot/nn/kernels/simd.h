// The inner loops of the fused operators, compiled for each instruction set; simd() picks the widest that this machine
// has. Each call works on a range of rows or heads, so that the caller shares them out over threads. Torch-free.
#pragma once

#include <cstdint>

namespace ingot {

enum class Float { F32, Bf16 };

// y = norm(x + delta) w + b over rows of `width`. LayerNorm, or RMSNorm without mean and b.
struct NormArgs {
  int64_t width;
  bool rms;
  float eps;
  const float* x;
  const void* delta;  // null: none
  Float delta_type;
  const float *w, *b;  // b may be null
  float* sum;          // x + delta; null when there is no delta
  void* y;
  Float y_type;
  float *mean, *rstd;  // [rows]; mean is null for RMSNorm
};

struct NormGradArgs {
  int64_t width;
  bool rms;
  const float* x;  // what was normalised: x + delta
  const float *w, *mean, *rstd;
  const void* dy;
  Float y_type;
  const float* dsum;  // gradient that reaches x + delta by the other way, or null
  float* dx;
  void* ddelta;    // dx again in bf16, or null
  float *dw, *db;  // [width], added to; db may be null
};

enum class Pointwise { GeluTanh, Silu, Swiglu, Geglu };  // the last two take [rows, 2 width], gate first

struct PointwiseArgs {
  Pointwise kind;
  Float type;
  int64_t width;  // of the output
  const void* x;
  void* y;         // forward
  const void* dy;  // backward
  void* dx;
};

// y[i] = x[i] scale where hash(key, i) >= threshold, else 0.
struct DropoutArgs {
  Float type;
  uint64_t key;
  uint32_t threshold;  // p 2^32
  float scale;
  const void* x;
  void* y;
};

struct CrossEntropyArgs {
  int64_t classes;
  Float type;
  const void* logits;
  const int64_t* targets;  // negative: does not count
  float smoothing, z_loss;
  float* lse;      // [rows]
  double* losses;  // [rows], forward
  float grad;      // backward: gradient of the summed loss
  void* dlogits;
};

// Causal attention of a packed projection: qkv [B, T, (H + 2K) D], queries first; y [B, T, H D].
// One unit of work is one (batch, key/value head) with its H / K query heads.
struct DistillationArgs {
  int64_t classes;
  Float type;
  const void *student, *teacher;  // logits, a row each
  const int64_t* targets;         // negative: does not count
  float inverse_temperature;
  float *student_lse, *teacher_lse;  // [rows], of the logits at that temperature
  double* losses;                    // [rows], forward: KL(teacher || student)
  float grad;                        // backward: gradient of a row's student logits is grad (q - p)
  void* dstudent;
};

struct AttentionArgs {
  int64_t T, heads, kv_heads, head_dim;
  Float type;
  const void* qkv;
  const float *q_gain, *k_gain;  // [D] RMSNorm of queries and keys, or null
  float eps;
  const float *cos, *sin;  // [T, D/2] half-split rotation, or null
  bool causal;
  const int64_t* first_key;  // [B, T]: causal, query t sees the keys [first_key[b, t], t]; null: all 0
  const int64_t* num_keys;   // [B] >= 1: not causal, every query sees the first ones; null: all T
  void* y;
  float* lse;  // [B, H, T]
  const void* dy;
  void* dqkv;
  float *dq_gain, *dk_gain;  // [B, K, D] each, one row a unit
  float* scratch;            // attention_scratch() floats, one buffer a thread
};

struct Simd {
  const char* name;
  void (*norm)(const NormArgs&, int64_t begin, int64_t end);
  void (*norm_grad)(const NormGradArgs&, int64_t begin, int64_t end);
  void (*pointwise)(const PointwiseArgs&, int64_t begin, int64_t end);
  void (*pointwise_grad)(const PointwiseArgs&, int64_t begin, int64_t end);
  void (*dropout)(const DropoutArgs&, int64_t begin, int64_t end);  // of elements
  void (*cross_entropy)(const CrossEntropyArgs&, int64_t begin, int64_t end);
  void (*cross_entropy_grad)(const CrossEntropyArgs&, int64_t begin, int64_t end);
  void (*distillation)(const DistillationArgs&, int64_t begin, int64_t end);
  void (*distillation_grad)(const DistillationArgs&, int64_t begin, int64_t end);
  void (*attention)(const AttentionArgs&, int64_t begin, int64_t end);
  void (*attention_grad)(const AttentionArgs&, int64_t begin, int64_t end);
  // sums[j] += sum over rows of x[i, j]
  void (*column_sum)(const void* x, Float type, int64_t width, int64_t begin, int64_t end, float* sums);
};

int64_t attention_scratch(int64_t T, int64_t head_dim);
bool attention_supports(int64_t head_dim);

extern const Simd kSimdPortable;
#if defined(__x86_64__)
extern const Simd kSimdAvx2, kSimdAvx512;
#endif

const Simd& simd();

}  // namespace ingot
