// The body of every float kernel, compiled once for each instruction set: VARIANT(name) names it, TILE_ROWS and
// TILE_COLUMNS say how much of a product stays in registers. Neither touches the order of any sum.
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

// c (height x 16 width) += sign * a b, summed from zero in the order of k.
INLINE void tile(
    int height, int width, float sign, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const float *b, ptrdiff_t b_stride, float *c, ptrdiff_t c_stride) {
    f16 total[TILE_ROWS][TILE_COLUMNS];
#pragma clang loop unroll(full)
    for (int r = 0; r < height; r++) {
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) total[r][j] = splat(0);
    }
    for (ptrdiff_t k = 0; k < depth; k++) {
        f16 right[TILE_COLUMNS];
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) right[j] = load(b + k * b_stride + 16 * j);
#pragma clang loop unroll(full)
        for (int r = 0; r < height; r++) {
            f16 left = splat(a[r * a_row + k * a_step]);
#pragma clang loop unroll(full)
            for (int j = 0; j < width; j++) total[r][j] += left * right[j];
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < height; r++) {
#pragma clang loop unroll(full)
        for (int j = 0; j < width; j++) {
            float *p = c + r * c_stride + 16 * j;
            store(p, sign > 0 ? load(p) + total[r][j] : load(p) - total[r][j]);
        }
    }
}

INLINE void multiply(
    float sign, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const float *b, ptrdiff_t b_stride, float *c, ptrdiff_t c_stride, ptrdiff_t first_row, bool upper) {
    for (ptrdiff_t r = 0; r < rows; r += TILE_ROWS) {
        const float *left = a + r * a_row;
        float *out = c + r * c_stride;
        ptrdiff_t j = upper ? (first_row + r) / 16 * 16 : 0;
        for (; j + 16 * TILE_COLUMNS <= columns; j += 16 * TILE_COLUMNS)
            tile(TILE_ROWS, TILE_COLUMNS, sign, depth, left, a_row, a_step, b + j, b_stride, out + j, c_stride);
        for (; j < columns; j += 16)
            tile(TILE_ROWS, 1, sign, depth, left, a_row, a_step, b + j, b_stride, out + j, c_stride);
    }
}

void VARIANT(fk_multiply_add)(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const float *b, ptrdiff_t b_stride, float *c, ptrdiff_t c_stride, ptrdiff_t first_row, bool upper) {
    multiply(1, rows, columns, depth, a, a_row, a_step, b, b_stride, c, c_stride, first_row, upper);
}

// Rows are taken 128 at a time, so that they stay in the cache while all tiles pass over them.
void VARIANT(fk_gram)(
    const float *rows, ptrdiff_t row_stride, ptrdiff_t row_count, ptrdiff_t first, ptrdiff_t last, ptrdiff_t size,
    float *g, ptrdiff_t g_stride) {
    for (ptrdiff_t n = 0; n < row_count; n += GRAM_CHUNK) {
        ptrdiff_t depth = row_count - n < GRAM_CHUNK ? row_count - n : GRAM_CHUNK;
        const float *chunk = rows + n * row_stride;
        multiply(
            1, last - first, size, depth, chunk + first, 1, row_stride, chunk, row_stride, g + first * g_stride,
            g_stride, first, true);
    }
}

// `width` rows at once, whose products do not wait for one another; `out` still takes them in order.
INLINE void apply(
    int width, const float *const *row, const float *weights, ptrdiff_t size, float target, float sign, const float *x,
    float *out) {
    f16 total[4];
#pragma clang loop unroll(full)
    for (int n = 0; n < width; n++) total[n] = load(row[n]) * load(x);
    for (ptrdiff_t j = 16; j < size; j += 16) {
        f16 value = load(x + j);
#pragma clang loop unroll(full)
        for (int n = 0; n < width; n++) total[n] += load(row[n] + j) * value;
    }
    f16 scale[4];
#pragma clang loop unroll(full)
    for (int n = 0; n < width; n++) scale[n] = splat(weights[n] * (target + sign * sum(total[n])));
    for (ptrdiff_t j = 0; j < size; j += 16) {
        f16 value = load(out + j);
#pragma clang loop unroll(full)
        for (int n = 0; n < width; n++) value += scale[n] * load(row[n] + j);
        store(out + j, value);
    }
}

void VARIANT(fk_apply)(
    const float *rows, ptrdiff_t stride, const int32_t *indices, const float *weights, ptrdiff_t count, float target,
    float sign, const float *x, float *out) {
    ptrdiff_t n = 0;
    for (; n + 4 <= count; n += 4) {
        for (ptrdiff_t next = n + 4; next < n + 8 && next < count; next++)
            prefetch_row(rows + indices[next] * stride, stride);
        const float *row[4];
        for (int i = 0; i < 4; i++) row[i] = rows + indices[n + i] * stride;
        apply(4, row, weights + n, stride, target, sign, x, out);
    }
    for (; n < count; n++) {
        const float *row[1] = {rows + indices[n] * stride};
        apply(1, row, weights + n, stride, target, sign, x, out);
    }
}

// The 16 x 16 block on the diagonal: its upper factor in place, the inverse of its diagonal beside it.
INLINE bool factor_diagonal(float *u, ptrdiff_t stride, float *inverse) {
    for (int k = 0; k < 16; k++) {
        float pivot = u[k * stride + k];
        if (!(pivot > 0 && pivot < 3e38f)) return false;
        inverse[k] = 1 / __builtin_sqrtf(pivot);
        f16 row = load(u + k * stride) * splat(inverse[k]);
        store(u + k * stride, row);
        for (int i = k + 1; i < 16; i++) {
            float *below = u + i * stride;
            store(below, load(below) - splat(u[k * stride + i]) * row);
        }
    }
    return true;
}

// The same elimination on 16 columns to the right of it.
INLINE void eliminate(const float *diagonal, float *right, ptrdiff_t stride, const float *inverse) {
    for (int half = 0; half < 16; half += 8) {
        f16 row[8];
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) row[i] = load(right + (half + i) * stride);
        for (int k = 0; k < half; k++) {
            f16 above = load(right + k * stride);
#pragma clang loop unroll(full)
            for (int i = 0; i < 8; i++) row[i] -= splat(diagonal[k * stride + half + i]) * above;
        }
#pragma clang loop unroll(full)
        for (int k = 0; k < 8; k++) {
            row[k] *= splat(inverse[half + k]);
            store(right + (half + k) * stride, row[k]);
#pragma clang loop unroll(full)
            for (int i = k + 1; i < 8; i++) row[i] -= splat(diagonal[(half + k) * stride + half + i]) * row[k];
        }
    }
}

// a = u' u in place, 16 rows at a time.
INLINE bool factor(float *a, ptrdiff_t size, float *inverse) {
    for (ptrdiff_t b = 0; b < size; b += 16) {
        float *panel = a + b * size;
        if (b > 0) multiply(-1, 16, size, b, a + b, 1, size, a, size, panel, size, b, true);
        if (!factor_diagonal(panel + b, size, inverse + b)) return false;
        for (ptrdiff_t j = b + 16; j < size; j += 16) eliminate(panel + b, panel + j, size, inverse + b);
    }
    return true;
}

// Solves u' u x = x in place.
INLINE void substitute(const float *u, ptrdiff_t size, const float *inverse, float *x) {
    for (ptrdiff_t k = 0; k < size; k++) {
        x[k] *= inverse[k];
        ptrdiff_t block = k / 16 * 16;
        // Within the block, lanes up to k are finished: multiply them by nothing.
        for (ptrdiff_t j = k + 1; j < block + 16; j++) x[j] -= u[k * size + j] * x[k];
        f16 solved = splat(x[k]);
        for (ptrdiff_t j = block + 16; j < size; j += 16) store(x + j, load(x + j) - load(u + k * size + j) * solved);
    }
    for (ptrdiff_t b = size - 16; b >= 0; b -= 16) {
        if (b + 16 < size) {
            for (ptrdiff_t k = b; k < b + 16; k++) x[k] -= dot(u + k * size + b + 16, x + b + 16, size - b - 16);
        }
        for (ptrdiff_t k = b + 15; k >= b; k--) {
            x[k] *= inverse[k];
            for (ptrdiff_t i = b; i < k; i++) x[i] -= u[i * size + k] * x[k];
        }
    }
}

// Gathers up to SOLVE_CHUNK rows, plain and weighted, and adds them to the right-hand side.
INLINE void gather(
    ptrdiff_t size, const float *rows, ptrdiff_t stride, const int32_t *indices, const float *weights, ptrdiff_t count,
    float *plain, float *weighted, float *right) {
    for (ptrdiff_t n = 0; n < count; n++) prefetch_row(rows + indices[n] * stride, size);
    for (ptrdiff_t n = 0; n < count; n++) {
        const float *row = rows + indices[n] * stride;
        f16 weight = splat(weights[n]);
        for (ptrdiff_t j = 0; j < size; j += 16) {
            f16 value = load(row + j), scaled = weight * value;
            store(plain + n * size + j, value);
            store(weighted + n * size + j, scaled);
            store(right + j, load(right + j) + scaled);
        }
    }
}

bool VARIANT(fk_solve)(
    ptrdiff_t size, ptrdiff_t columns, const float *gram, ptrdiff_t gram_stride, float ridge, const float *rows,
    ptrdiff_t rows_stride, const int32_t *indices, const float *weights, ptrdiff_t count, float *work,
    float *solution) {
    float *a = work, *plain = a + size * size, *weighted = plain + SOLVE_CHUNK * size;
    float *inverse = weighted + SOLVE_CHUNK * size, *x = inverse + size;
    for (ptrdiff_t i = 0; i < size; i++)
        for (ptrdiff_t j = i / 16 * 16; j < size; j += 16)
            store(a + i * size + j, i < columns ? load(gram + i * gram_stride + j) : splat(0));
    memset(x, 0, size * sizeof(float));
    for (ptrdiff_t n = 0; n < count; n += SOLVE_CHUNK) {
        ptrdiff_t depth = count - n < SOLVE_CHUNK ? count - n : SOLVE_CHUNK;
        gather(size, rows, rows_stride, indices + n, weights + n, depth, plain, weighted, x);
        multiply(1, size, size, depth, weighted, 1, size, plain, size, a, size, 0, true);
    }
    for (ptrdiff_t i = 0; i < size; i++) a[i * size + i] = i < columns ? a[i * size + i] + ridge : 1;
    if (!factor(a, size, inverse)) return false;
    substitute(a, size, inverse, x);
    for (ptrdiff_t j = 0; j < size; j += 16) store(solution + j, load(x + j));
    return true;
}

typedef int32_t i16 __attribute__((vector_size(64), aligned(64)));
typedef uint64_t u8 __attribute__((vector_size(64)));

INLINE f16 load_anywhere(const float *p) {
    f16 x;
    memcpy(&x, p, sizeof x);
    return x;
}

INLINE int32_t reaching(const float *values, ptrdiff_t count, float bar) {
    i16 total = {0};
    f16 bars = splat(bar);
    for (ptrdiff_t i = 0; i < count; i += 16) total -= load_anywhere(values + i) >= bars;
    int32_t n = 0;
    for (int i = 0; i < 16; i++) n += total[i];
    return n;
}

// Bisects for a bar that at least k of the values reach, and few more; -infinity where they are too far apart.
float VARIANT(fk_bar)(float *values, ptrdiff_t count, ptrdiff_t k) {
    f16 lows = splat(INFINITY), highs = splat(-INFINITY);
    for (ptrdiff_t i = count; i < (count + 15) / 16 * 16; i++) values[i] = values[0];
    for (ptrdiff_t i = 0; i < count; i += 16) {
        lows = __builtin_elementwise_min(lows, load_anywhere(values + i));
        highs = __builtin_elementwise_max(highs, load_anywhere(values + i));
    }
    for (ptrdiff_t i = count; i < (count + 15) / 16 * 16; i++) values[i] = -INFINITY;
    float low = lows[0], high = highs[0];
    for (int i = 1; i < 16; i++) {
        low = lows[i] < low ? lows[i] : low;
        high = highs[i] > high ? highs[i] : high;
    }
    if (!(high - low < INFINITY)) return -INFINITY;
    for (int step = 0; step < 16; step++) {
        float middle = low + (high - low) * 0.5f;
        int32_t n = reaching(values, count, middle);
        if (n >= k) low = middle;
        else high = middle;
        if (n >= k && n <= k + k / 16) break;
    }
    return low;
}

// places[i] = how many keys are smaller than keys[i]; the keys are padded to a multiple of 8.
void VARIANT(fk_places)(const uint64_t *keys, ptrdiff_t count, int32_t *places) {
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t key = keys[i];
        u8 all = {key, key, key, key, key, key, key, key}, total = {0};
        for (ptrdiff_t j = 0; j < count; j += 8) {
            u8 others;
            memcpy(&others, keys + j, sizeof others);
            total -= (u8)(others < all);
        }
        uint64_t place = 0;
        for (int j = 0; j < 8; j++) place += total[j];
        places[i] = (int32_t)place;
    }
}
