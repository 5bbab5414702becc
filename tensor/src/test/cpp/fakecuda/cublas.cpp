// SPDX-License-Identifier: Apache-2.0
//
// A libcublas.so.13 for tests: matrix products as work of the fake driver's streams. Column-major, as cuBLAS is; sums in F32.
//
// Decisions:
//  - A sum is one over strips of k, and how long a strip is depends on the shape and on the function, as cuBLAS chooses another
//    algorithm for another shape: a program that relies on the order of a library's sums must not pass.
//  - What cuBLAS leaves undefined is refused: results of a batch that overlap, and distances that go backwards.
//  - Operands are first copied to F32 panels, so that one inner loop serves all types and transpositions.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>

#define EXPORT extern "C" __attribute__((visibility("default")))

extern "C" int fakecuda_give(void *stream, const std::function<int()> *work);
extern "C" int fakecuda_check_range(const void *address, size_t bytes, const char *what);
extern "C" int fakecuda_fault(const char *text);
extern "C" int fakecuda_planned(const char *function);
extern "C" int fakecuda_not_while_capturing(const char *function);
extern "C" void fakecuda_parallel(long count, bool (*run)(void *what, long i), void *what);

namespace {

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Type { F32 = 0, F16 = 2, BF16 = 14, TF32 = 1000 /* ours: F32 in memory, read with 10 bits after the first */ };
const int COMPUTE_32F = 68;
const int COMPUTE_32F_FAST_TF32 = 77;
const int ILLEGAL_ADDRESS = 700; // the driver's, for work that fails

struct Handle {
    void *stream = nullptr;
};

bool isType(int type) { return type == F32 || type == F16 || type == BF16; }
size_t bytesOf(int type) { return type == F32 || type == TF32 ? 4 : 2; }

float roundedToTf32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7f800000) != 0x7f800000) bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

float load(const void *from, int64_t index, int type) {
    if (type == F32) return ((const float *) from)[index];
    if (type == TF32) return roundedToTf32(((const float *) from)[index]);
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

const int64_t ROWS = 16; // of a panel of a, and of a tile of c
const int64_t COLUMNS = 6;
typedef float Half __attribute__((vector_size(8 * sizeof(float)), aligned(4)));

// Copies a matrix to panels of so many rows; in a panel those of one k stand together, zero where there are none.
template <int64_t height, class Element>
std::unique_ptr<float[]> panels(int64_t rows, int64_t k, Element element) {
    int64_t count = (rows + height - 1) / height;
    std::unique_ptr<float[]> all(new float[count * height * k]);
    float *next = all.get();
    for (int64_t first = 0; first < rows; first += height) {
        for (int64_t i = 0; i < k; i++) {
            for (int64_t row = first; row < first + height; row++) *next++ = row < rows ? element(row, i) : 0;
        }
    }
    return all;
}

// A product under way: tiles of c, each on its own.
struct Product {
    int64_t m, n, k, strip;
    float alpha, beta;
    std::unique_ptr<float[]> a, b;
    char *c;
    int type;
    int64_t leading;

    int64_t tilesDown() const { return (m + ROWS - 1) / ROWS; }
    int64_t tilesAcross() const { return (n + COLUMNS - 1) / COLUMNS; }

    bool tileColumn(int64_t across) {
        for (int64_t down = 0; down < tilesDown(); down++) tile(down, across);
        return true;
    }

    void tile(int64_t down, int64_t across) {
        Half sums[COLUMNS][2] = {};
        for (int64_t from = 0; from < k; from += strip) {
            int64_t to = from + strip < k ? from + strip : k;
            const float *x = a.get() + (down * k + from) * ROWS;
            const float *y = b.get() + (across * k + from) * COLUMNS;
            Half part[COLUMNS][2] = {};
            for (int64_t i = from; i < to; i++, x += ROWS, y += COLUMNS) {
                Half low = *(const Half *) x;
                Half high = *(const Half *) (x + 8);
                for (int column = 0; column < COLUMNS; column++) {
                    part[column][0] += low * y[column];
                    part[column][1] += high * y[column];
                }
            }
            for (int column = 0; column < COLUMNS; column++) {
                sums[column][0] += part[column][0];
                sums[column][1] += part[column][1];
            }
        }
        for (int64_t column = across * COLUMNS; column < n && column < (across + 1) * COLUMNS; column++) {
            const Half *sum = sums[column - across * COLUMNS];
            for (int64_t row = down * ROWS; row < m && row < (down + 1) * ROWS; row++) {
                int64_t i = row - down * ROWS;
                int64_t index = row + column * leading;
                float before = beta == 0 ? 0 : beta * load(c, index, type); // 0 also wipes out NaN
                store(c, index, type, alpha * sum[i / 8][i % 8] + before);
            }
        }
    }
};

void multiply(int64_t m, int64_t n, int64_t k, int64_t strip, float alpha, Operand a, Operand b, float beta, char *c, int type,
              int64_t leading) {
    Product product = {m, n, k, strip, alpha, beta, panels<ROWS>(m, k, [&](int64_t row, int64_t i) { return a(row, i); }),
                       panels<COLUMNS>(n, k, [&](int64_t column, int64_t i) { return b(i, column); }), c, type, leading};
    fakecuda_parallel(product.tilesAcross(), [](void *what, long i) { return ((Product *) what)->tileColumn(i); }, &product);
}

// Bytes from the first element to behind the last one of a batch of matrices.
size_t extent(int64_t rows, int64_t columns, int64_t leading, int64_t stride, int batch, int type) {
    if (rows == 0 || columns == 0 || batch == 0) return 0;
    return ((batch - 1) * stride + (columns - 1) * leading + rows) * bytesOf(type);
}

// Gives the stream the products of a batch, each summed over strips of k.
int give(Handle *handle, int operationA, int operationB, int m, int n, int k, const void *alpha, const void *a, int typeA,
         int leadingA, long long strideA, const void *b, int typeB, int leadingB, long long strideB, const void *beta, void *c,
         int typeC, int leadingC, long long strideC, int batch, int compute, int64_t strip) {
    if (handle == nullptr) return NOT_INITIALIZED;
    if (int status = fakecuda_planned("cublasGemm")) return status;
    if (!isType(typeA) || typeA != typeB || (typeC != typeA && typeC != F32)) return NOT_SUPPORTED;
    if (compute == COMPUTE_32F_FAST_TF32 && typeA == F32) {
        typeA = typeB = TF32;
    } else if (compute != COMPUTE_32F) {
        return NOT_SUPPORTED;
    }
    bool turnA = operationA != 0;
    bool turnB = operationB != 0;
    if (m < 0 || n < 0 || k < 0 || batch < 0 || leadingA < (turnA ? k : m) || leadingB < (turnB ? n : k) || leadingC < m) {
        return INVALID_VALUE;
    }
    bool overlap = batch > 1 && m > 0 && n > 0 && strideC < (int64_t) (n - 1) * leadingC + m;
    if (strideA < 0 || strideB < 0 || overlap) {
        fakecuda_fault("cublasGemmStridedBatchedEx: the matrices of c overlap, or a stride is negative");
        return INVALID_VALUE;
    }
    size_t bytesA = extent(turnA ? k : m, turnA ? m : k, leadingA, strideA, batch, typeA);
    size_t bytesB = extent(turnB ? n : k, turnB ? k : n, leadingB, strideB, batch, typeB);
    size_t bytesC = extent(m, n, leadingC, strideC, batch, typeC);
    auto inside = [=] {
        return fakecuda_check_range(a, bytesA, "product, a") == 0 && fakecuda_check_range(b, bytesB, "product, b") == 0
               && fakecuda_check_range(c, bytesC, "product, c") == 0;
    };
    if (!inside()) return INVALID_VALUE;
    // On the host, and read now: the caller may change them when this returns.
    float scale = *(const float *) alpha;
    float keep = *(const float *) beta;
    std::function<int()> work = [=]() -> int {
        if (!inside()) return ILLEGAL_ADDRESS; // freed meanwhile
        for (int64_t i = 0; i < batch; i++) {
            Operand left = {(const char *) a + i * strideA * bytesOf(typeA), typeA, leadingA, turnA};
            Operand right = {(const char *) b + i * strideB * bytesOf(typeB), typeB, leadingB, turnB};
            multiply(m, n, k, strip, scale, left, right, keep, (char *) c + i * strideC * bytesOf(typeC), typeC, leadingC);
        }
        return 0;
    };
    return fakecuda_give(handle->stream, &work) == 0 ? SUCCESS : EXECUTION_FAILED;
}

} // namespace

EXPORT int cublasCreate_v2(Handle **handle) {
    if (int status = fakecuda_planned("cublasCreate")) return status;
    if (fakecuda_not_while_capturing("cublasCreate") != 0) return EXECUTION_FAILED;
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

EXPORT int cublasGemmEx(Handle *handle, int operationA, int operationB, int m, int n, int k, const void *alpha, const void *a,
                        int typeA, int leadingA, const void *b, int typeB, int leadingB, const void *beta, void *c, int typeC,
                        int leadingC, int compute, int) {
    return give(handle, operationA, operationB, m, n, k, alpha, a, typeA, leadingA, 0, b, typeB, leadingB, 0, beta, c, typeC,
                leadingC, 0, 1, compute, (int64_t) m * n <= 4096 ? 32 : 512);
}

EXPORT int cublasGemmStridedBatchedEx(Handle *handle, int operationA, int operationB, int m, int n, int k,
                                      const void *alpha, const void *a, int typeA, int leadingA, long long strideA,
                                      const void *b, int typeB, int leadingB, long long strideB, const void *beta, void *c,
                                      int typeC, int leadingC, long long strideC, int batch, int compute, int) {
    return give(handle, operationA, operationB, m, n, k, alpha, a, typeA, leadingA, strideA, b, typeB, leadingB, strideB, beta,
                c, typeC, leadingC, strideC, batch, compute, 64);
}

EXPORT int fakecublas_unimplemented(const char *function) {
    char text[256];
    snprintf(text, sizeof text, "%s is not emulated", function);
    fakecuda_fault(text);
    return NOT_SUPPORTED;
}
