// SPDX-License-Identifier: Apache-2.0
//
// The companion that a real cuBLAS needs beside it; this one only has to be there.
extern "C" __attribute__((visibility("default"))) unsigned long cublasLtGetVersion() { return 130100; }
