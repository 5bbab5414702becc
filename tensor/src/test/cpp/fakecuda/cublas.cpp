// SPDX-License-Identifier: Apache-2.0
//
// A libcublas.so.13 for tests: matrix products by plain loops, as work of the fake driver's streams. Column-major, as cuBLAS
// is; sums in F32 in the order of k.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>

#define EXPORT extern "C" __attribute__((visibility("default")))

extern "C" int fakecuda_give(void *stream, const std::function<int()> *work);
extern "C" int fakecuda_check_range(const void *address, size_t bytes, const char *what);
extern "C" int fakecuda_fault(const char *text);

namespace {

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Type { F32 = 0, F16 = 2, BF16 = 14 };
const int COMPUTE_32F = 68;

struct Handle {
    void *stream = nullptr;
};

bool isType(int type) { return type == F32 || type == F16 || type == BF16; }
size_t bytesOf(int type) { return type == F32 ? 4 : 2; }

float load(const void *from, int64_t index, int type) {
    if (type == F32) return ((const float *) from)[index];
    if (type == F16) return (float) ((const _Float16 *) from)[index];
    uint32_t bits = (uint32_t) ((const uint16_t *) from)[index] << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void store(void *to, int64_t index, int type, float value) {
    if (type == F32) {
        ((float *) to)[index] = value;
    } else if (type == F16) {
        ((_Float16 *) to)[index] = (_Float16) value;
    } else {
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        bool nan = value != value;
        ((uint16_t *) to)[index] = nan ? 0x7fc0 : (uint16_t) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
}

// A matrix operand: element (row, column) after its transposition.
struct Operand {
    const char *data;
    int type;
    int64_t leading;
    bool transposed;

    float operator()(int64_t row, int64_t column) const {
        return load(data, transposed ? column + row * leading : row + column * leading, type);
    }
};

void multiply(int64_t m, int64_t n, int64_t k, float alpha, Operand a, Operand b, float beta, char *c, int type,
              int64_t leading) {
    for (int64_t column = 0; column < n; column++) {
        for (int64_t row = 0; row < m; row++) {
            float sum = 0;
            for (int64_t i = 0; i < k; i++) sum += a(row, i) * b(i, column);
            int64_t index = row + column * leading;
            float before = beta == 0 ? 0 : beta * load(c, index, type); // 0 also wipes out NaN
            store(c, index, type, alpha * sum + before);
        }
    }
}

// Bytes from the first element to behind the last one of a batch of matrices.
size_t extent(int64_t rows, int64_t columns, int64_t leading, int64_t stride, int batch, int type) {
    if (rows == 0 || columns == 0 || batch == 0) return 0;
    return ((batch - 1) * stride + (columns - 1) * leading + rows) * bytesOf(type);
}

} // namespace

EXPORT int cublasCreate_v2(Handle **handle) {
    *handle = new Handle();
    return SUCCESS;
}

EXPORT int cublasDestroy_v2(Handle *handle) {
    delete handle;
    return SUCCESS;
}

EXPORT int cublasGetVersion_v2(Handle *, int *version) {
    *version = 130100;
    return SUCCESS;
}

EXPORT int cublasSetStream_v2(Handle *handle, void *stream) {
    handle->stream = stream;
    return SUCCESS;
}

EXPORT int cublasSetWorkspace_v2(Handle *, void *workspace, size_t bytes) {
    return fakecuda_check_range(workspace, bytes, "cuBLAS workspace") == 0 ? SUCCESS : INVALID_VALUE;
}

EXPORT int cublasSetMathMode(Handle *, int) { return SUCCESS; }

EXPORT int cublasGemmStridedBatchedEx(Handle *handle, int operationA, int operationB, int m, int n, int k,
                                      const void *alpha, const void *a, int typeA, int leadingA, long long strideA,
                                      const void *b, int typeB, int leadingB, long long strideB, const void *beta, void *c,
                                      int typeC, int leadingC, long long strideC, int batch, int compute, int) {
    if (handle == nullptr) return NOT_INITIALIZED;
    if (compute != COMPUTE_32F || !isType(typeA) || typeA != typeB || !isType(typeC)) return NOT_SUPPORTED;
    bool turnA = operationA != 0;
    bool turnB = operationB != 0;
    if (m < 0 || n < 0 || k < 0 || batch < 0 || leadingA < (turnA ? k : m) || leadingB < (turnB ? n : k) || leadingC < m) {
        return INVALID_VALUE;
    }
    if (fakecuda_check_range(a, extent(turnA ? k : m, turnA ? m : k, leadingA, strideA, batch, typeA), "product, a") != 0
        || fakecuda_check_range(b, extent(turnB ? n : k, turnB ? k : n, leadingB, strideB, batch, typeB), "product, b") != 0
        || fakecuda_check_range(c, extent(m, n, leadingC, strideC, batch, typeC), "product, c") != 0) {
        return INVALID_VALUE;
    }
    // On the host, and read now: the caller may change them when this returns.
    float scale = *(const float *) alpha;
    float keep = *(const float *) beta;
    std::function<int()> work = [=] {
        for (int64_t i = 0; i < batch; i++) {
            Operand left = {(const char *) a + i * strideA * bytesOf(typeA), typeA, leadingA, turnA};
            Operand right = {(const char *) b + i * strideB * bytesOf(typeB), typeB, leadingB, turnB};
            multiply(m, n, k, scale, left, right, keep, (char *) c + i * strideC * bytesOf(typeC), typeC, leadingC);
        }
        return 0;
    };
    return fakecuda_give(handle->stream, &work) == 0 ? SUCCESS : EXECUTION_FAILED;
}

EXPORT int cublasGemmEx(Handle *handle, int operationA, int operationB, int m, int n, int k, const void *alpha, const void *a,
                        int typeA, int leadingA, const void *b, int typeB, int leadingB, const void *beta, void *c, int typeC,
                        int leadingC, int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(handle, operationA, operationB, m, n, k, alpha, a, typeA, leadingA, 0, b, typeB, leadingB,
                                      0, beta, c, typeC, leadingC, 0, 1, compute, algorithm);
}

EXPORT int fakecublas_unimplemented(const char *function) {
    char text[256];
    snprintf(text, sizeof text, "%s is not emulated", function);
    fakecuda_fault(text);
    return NOT_SUPPORTED;
}
