// Inner loops of WaveNet, one pass over memory each, where LibTorch would take several. Torch-free; compiled with -O3
// and for several instruction sets. A Half is a bfloat16 by its bits. Rows are samples x clips, R channels each.
#pragma once

#include <cstdint>

namespace ingot {

using Half = uint16_t;

struct WaveRows {
  int64_t first, last;  // of the rows of this call
  int64_t R, S;         // residual and skip channels
  int64_t clips, hop;   // row r is sample r / clips; frame of conditions r / (clips hop)
  int64_t shift;        // dilation x clips, in rows
  int64_t rows;         // in all
};

// u[r] = [x[r - shift], x[r]], zeros before the beginning. u [rows, 2 R]
template <typename T>
void wave_pack(const WaveRows& n, const float* x, T* u);
// h[r] = tanh(a) sigmoid(b), [a, b] = z[r] + here[frame of r, clip of r]. here [frames, clips, 2 R]
template <typename T>
void wave_gate(const WaveRows& n, const T* z, const float* here, T* h);
// next = x + j[:, :R], sum = skip + j[:, R:]
void wave_add(const WaveRows& n, const float* j, const float* x, const float* skip, float* next, float* sum);

// gj[r] = [gnext[r], gsum[r]]
template <typename T>
void wave_pack_gradient(const WaveRows& n, const float* gnext, const float* gsum, T* gj);
// gz from gh; ghere takes the sums over the samples of a frame. Requires whole frames.
template <typename T>
void wave_gate_gradient(const WaveRows& n, const T* z, const float* here, const T* gh, T* gz, float* ghere);
// gx[r] = gnext[r] + gu[r, R:] + gu[r + shift, :R]
template <typename T>
void wave_unpack_gradient(const WaveRows& n, const float* gnext, const T* gu, float* gx);

// y = bias + weight x for one vector; weight [out / 16][in][16], out a multiple of 16.
constexpr int64_t kWaveBlock = 16;
void wave_times(const float* weight, const float* bias, const float* x, float* y, int64_t in, int64_t out);

}  // namespace ingot
