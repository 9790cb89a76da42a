// Normal equations by Cholesky; comes after lanes_products.h.
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

bool VARIANT(fk_solve_square)(ptrdiff_t size, float *a, float *inverse, float *x) {
    if (!factor(a, size, inverse)) return false;
    substitute(a, size, inverse, x);
    return true;
}
