// SPDX-License-Identifier: Apache-2.0
//
// All kernels as one translation unit, and so one PTX module to load.
#include "activation.cu"
#include "adamw.cu"
#include "attention_backward.cu"
#include "attention_forward.cu"
#include "copies.cu"
#include "decode.cu"
#include "elementwise.cu"
#include "embedding.cu"
#include "fragments.cu"
#include "head.cu"
#include "norms.cu"
#include "quantized.cu"
#include "rotary.cu"
#include "sampling.cu"
#include "softmax.cu"
#include "squares.cu"
