// The arithmetic under serving and training. Every function takes the instruction set to use as its first argument;
// all of them give the same floats to the bit (fixed lanes, fixed order, no contraction): the choice is one of speed.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FK_PLAIN = 0,        // the C twin: whatever the compiler's baseline has
    FK_AVX2 = 1,         // 256-bit lanes, vpmaddubsw
    FK_AVX_VNNI = 2,     // 256-bit lanes, vpdpbusd (VEX)
    FK_AVX512 = 3,       // 512-bit lanes, vpmaddubsw
    FK_AVX512_VNNI = 4,  // 512-bit lanes, vpdpbusd (EVEX)
    FK_AMX = 5,          // as before, and tiles for the int8 scores
    FK_LEVELS = 6
};

// Whether this machine runs `level`; asks the kernel for the right to use tiles where it has them.
bool fk_supported(int32_t level);

// Vectors have `length` floats, a multiple of 16, and are 64-byte aligned.
float fk_dot(int32_t level, const float *a, const float *b, ptrdiff_t length);
// y += scale * x
void fk_axpy(int32_t level, float scale, const float *x, float *y, ptrdiff_t length);
// y = x + scale * y
void fk_xpay(int32_t level, const float *x, float scale, float *y, ptrdiff_t length);
// y = x_scale * x + y_scale * y
void fk_axpby(int32_t level, float x_scale, const float *x, float y_scale, float *y, ptrdiff_t length);
// x = shrink * x + pull * y and y = shrink * y + pull * x, of the x and y that were there before: a step of gradient
// descent on a product.
void fk_step(int32_t level, float pull, float shrink, float *x, float *y, ptrdiff_t length);
// out = a * b, element by element; `out` may be one of them.
void fk_multiply(const float *a, const float *b, float *out, ptrdiff_t length);
// x = max(x, 0), and 0 for the gradient where that gave 0.
void fk_rectify(float *x, ptrdiff_t length);
void fk_rectified_gradient(const float *output, float *gradient, ptrdiff_t length);
// A step of Adam: the means of the gradient and of its square, then x -= rate * first / (sqrt(second) + epsilon).
void fk_adam(
    float *x, float *first, float *second, const float *gradient, float rate, float first_decay, float second_decay,
    float epsilon, ptrdiff_t length);
// out[i] = dot(query, rows + indices[i] * stride) for `count` rows.
void fk_dot_rows(
    int32_t level, const float *rows, ptrdiff_t stride, const int32_t *indices, ptrdiff_t count, const float *query,
    float *out);

// A bar that at least k of the values reach, and few more; -infinity where they are too far apart. Values are written up
// to the next multiple of 16.
float fk_bar(int32_t level, float *values, ptrdiff_t count, ptrdiff_t k);

// out[i] = table[indices[i]], times (in the table too) factors[indices[i]] where there are factors. Indices are distinct.
// Returns the largest, or 0.
float fk_gather(
    int32_t level, float *table, const float *factors, const int32_t *indices, ptrdiff_t count, float *out);

// The places of the values that reach the bar, in order, and how many they are; `places` has room for all.
static inline ptrdiff_t fk_reaching(const float *values, ptrdiff_t count, float bar, int32_t *places) {
    ptrdiff_t found = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        places[found] = (int32_t)i;
        found += values[i] >= bar;
    }
    return found;
}

// Asks for memory ahead of its use.
static inline void fk_prefetch(const void *start, ptrdiff_t bytes) {
    for (ptrdiff_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)start + i, 0, 2);
}

// c[r][j] += sum over k of a[r * a_row + k * a_step] * b[k * b_stride + j]; rows is a multiple of 8, columns of 16.
// The sum is taken from zero, in the order of k, then added to c once. With `upper`, columns left of the 16-column
// block that holds the diagonal (of row `first_row` + r) are left alone.
void fk_multiply_add(
    int32_t level, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, ptrdiff_t a_row,
    ptrdiff_t a_step, const float *b, ptrdiff_t b_stride, float *c, ptrdiff_t c_stride, ptrdiff_t first_row,
    bool upper);

// Solves (gram + sum c h h' + ridge I) x = sum c h. `size` is the padded order (a multiple of 16), `columns` the true
// one; `work` holds fk_solve_work(size) floats. False when the matrix is not positive definite.
ptrdiff_t fk_solve_work(ptrdiff_t size);
bool fk_solve(
    int32_t level, ptrdiff_t size, ptrdiff_t columns, const float *gram, ptrdiff_t gram_stride, float ridge,
    const float *rows, ptrdiff_t rows_stride, const int32_t *indices, const float *weights, ptrdiff_t count,
    float *work, float *solution);

// Solves a x = b in place of b, for a symmetric positive definite size x size matrix, of which the upper triangle is read
// and overwritten; `size` is a multiple of 16, `inverse` has room for as many floats.
bool fk_solve_square(int32_t level, ptrdiff_t size, float *a, float *inverse, float *x);

// The rows [first, last) (multiples of 8) of the upper part of g += sum over n of h h', 128 rows h at a time.
void fk_gram(
    int32_t level, const float *rows, ptrdiff_t row_stride, ptrdiff_t row_count, ptrdiff_t first, ptrdiff_t last,
    ptrdiff_t size, float *g, ptrdiff_t g_stride);

// out += sum over n of weights[n] * (target + sign * h_n . x) h_n for the rows h_n that `indices` name.
void fk_apply(
    int32_t level, const float *rows, ptrdiff_t stride, const int32_t *indices, const float *weights, ptrdiff_t count,
    float target, float sign, const float *x, float *out);

// Screening. A user of a pass: how its int8 scores become bounds on its float scores, and where its candidates go.
typedef struct {
    double threshold;       // items whose upper bound is below are dropped; +infinity: nobody sits here
    double item_error;      // times a group's largest quantisation error, plus
    double item_norm;       // times a group's largest norm: what the int8 score can be off by
    double scale;           // of the quantised query
    int32_t bias;           // joins the sum of products: -128 times the sum of the quantised query
    int32_t count;          // candidates so far
    int32_t *indices;       // candidates: which item, room for 16 more than may ever be there,
    float *lower;           // bounds on the float score
    float *upper;
} fk_screen_user;

// Of 16 items that share a scale.
typedef struct {
    float scale;
    float error;  // at least the norm of the quantisation error of each
    float norm;   // at least the norm of each
    float padding;
} fk_screen_group;

// Largest magnitude of a quantised query's coordinate at `level` (vpmaddubsw saturates past 7 bits).
int32_t fk_query_limit(int32_t level);

// Users of a pass.
static inline int32_t fk_screen_width(int32_t level) {
    return level == FK_AMX ? 16 : 8;
}

// Where in a pass's queries the byte of a user's dimension lies: user by user for tiles, else 4 dimensions by 4.
static inline ptrdiff_t fk_query_offset(int32_t level, ptrdiff_t quads, ptrdiff_t user, ptrdiff_t dimension) {
    return level == FK_AMX ? user * quads * 4 + dimension : dimension / 4 * 32 + user * 4 + dimension % 4;
}

// Appends to each user of a pass the items of `groups` groups (even) whose upper bound reaches its threshold. `items`
// is group by group, 4 dimensions by 4, 16 items by 4 bytes (offset by 128); `queries` as fk_query_offset says.
// `order` names the items (16 a group); only the first `count` exist.
void fk_screen(
    int32_t level, const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads,
    const int32_t *queries, fk_screen_user *users, const int32_t *order, ptrdiff_t count);

// Raises the user's threshold to a value that at least k lower bounds reach, and drops what is below it.
void fk_tighten(int32_t level, fk_screen_user *user, int32_t k);

typedef struct {
    uint64_t key;    // of the score (descending), then of the rank
    int32_t index;
    float score;
} fk_ranked;

// The best k of `count` items, or all of them, best first: by score, equal ones by rank, then by their place among `indices`.
// Gives how many items `out` holds in that order, which may be more than k: whether the one behind the k-th has the same key
// can be seen there. A score that is not a number counts as -infinity. `scores` has room for 16 more, `out` and `scratch`
// for `count`.
ptrdiff_t fk_rank(
    int32_t level, float *scores, const int32_t *indices, const uint32_t *ranks, ptrdiff_t count, ptrdiff_t k,
    fk_ranked *out, fk_ranked *scratch);
