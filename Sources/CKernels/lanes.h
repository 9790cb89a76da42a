// Sixteen lanes and what is simple on them. This and its companions are compiled once for each instruction set:
// VARIANT(name) names a function, TILE_ROWS and TILE_COLUMNS say how much of a product stays in registers. Neither
// touches the order of any sum.
#include <math.h>
#include <string.h>

#include "variants.h"

typedef float f16 __attribute__((vector_size(64), aligned(64)));
typedef float f8 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));

// Every function here is inlined into one that has the right instructions: no vector crosses a call.
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))

INLINE f16 splat(float x) {
    return (f16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

INLINE f16 load(const float *p) {
    return *(const f16 *)p;
}

INLINE void store(float *p, f16 x) {
    *(f16 *)p = x;
}

// Lane i with i + 8, then 4, 2, 1: the order of every horizontal sum.
INLINE float sum(f16 x) {
    f8 a = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7)
        + __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
    f4 b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    return (b[0] + b[2]) + (b[1] + b[3]);
}

INLINE float dot(const float *a, const float *b, ptrdiff_t length) {
    f16 total = load(a) * load(b);
    for (ptrdiff_t i = 16; i < length; i += 16) total += load(a + i) * load(b + i);
    return sum(total);
}

float VARIANT(fk_dot)(const float *a, const float *b, ptrdiff_t length) {
    return length == 0 ? 0 : dot(a, b, length);
}

void VARIANT(fk_axpy)(float scale, const float *x, float *y, ptrdiff_t length) {
    f16 s = splat(scale);
    for (ptrdiff_t i = 0; i < length; i += 16) store(y + i, load(y + i) + s * load(x + i));
}

void VARIANT(fk_xpay)(const float *x, float scale, float *y, ptrdiff_t length) {
    f16 s = splat(scale);
    for (ptrdiff_t i = 0; i < length; i += 16) store(y + i, load(x + i) + s * load(y + i));
}

void VARIANT(fk_axpby)(float x_scale, const float *x, float y_scale, float *y, ptrdiff_t length) {
    f16 a = splat(x_scale), b = splat(y_scale);
    for (ptrdiff_t i = 0; i < length; i += 16) store(y + i, a * load(x + i) + b * load(y + i));
}

void VARIANT(fk_step)(float pull, float shrink, float *x, float *y, ptrdiff_t length) {
    f16 a = splat(pull), b = splat(shrink);
    for (ptrdiff_t i = 0; i < length; i += 16) {
        f16 left = load(x + i), right = load(y + i);
        store(x + i, b * left + a * right);
        store(y + i, b * right + a * left);
    }
}

INLINE void prefetch_row(const float *row, ptrdiff_t length) {
    for (ptrdiff_t i = 0; i < length && i < 256; i += 16) __builtin_prefetch(row + i);
}

void VARIANT(fk_dot_rows)(
    const float *rows, ptrdiff_t stride, const int32_t *indices, ptrdiff_t count, const float *query, float *out) {
    enum { ahead = 8 };
    for (ptrdiff_t i = 0; i < ahead && i < count; i++) prefetch_row(rows + indices[i] * stride, stride);
    for (ptrdiff_t i = 0; i < count; i++) {
        if (i + ahead < count) prefetch_row(rows + indices[i + ahead] * stride, stride);
        out[i] = dot(query, rows + indices[i] * stride, stride);
    }
}
