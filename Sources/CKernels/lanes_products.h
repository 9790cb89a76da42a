// Products of matrices, and of sparse rows with factors; comes after lanes.h.
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
