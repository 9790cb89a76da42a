// Chooses the instruction set.
#include "kernels.h"

#include "variants.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

static bool has_avx_vnni(void) {
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq");
}

// Linux hands out the tiles' state on demand (arch_prctl(ARCH_REQ_XCOMP_PERM), feature 18).
static bool has_amx(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d >> 24 & 3) != 3) return false;
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return false;
#endif
}

static bool has_avx512_vnni(void) {
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

bool fk_supported(int32_t level) {
    __builtin_cpu_init();
    switch (level) {
    case FK_PLAIN: return true;
    case FK_AVX2: return __builtin_cpu_supports("avx2");
    case FK_AVX_VNNI: return has_avx_vnni();
    case FK_AVX512: return has_avx512();
    case FK_AVX512_VNNI: return has_avx512_vnni();
    case FK_AMX: return has_avx512_vnni() && has_amx();
    default: return false;
    }
}

#define CHOOSE(name, ...)                                                                                              \
    switch (level) {                                                                                                   \
    case FK_PLAIN: return name##_plain(__VA_ARGS__);                                                                   \
    case FK_AVX2:                                                                                                      \
    case FK_AVX_VNNI: return name##_avx2(__VA_ARGS__);                                                                 \
    default: return name##_avx512(__VA_ARGS__);                                                                        \
    }
#else
// The plain kernels' sixteen lanes are the compiler's to lay out on what the processor has.
bool fk_supported(int32_t level) {
    return level == FK_PLAIN;
}

#define CHOOSE(name, ...)                                                                                              \
    (void)level;                                                                                                       \
    return name##_plain(__VA_ARGS__);
#endif

float fk_dot(int32_t level, const float *a, const float *b, ptrdiff_t length) {
    CHOOSE(fk_dot, a, b, length)
}

void fk_axpy(int32_t level, float scale, const float *x, float *y, ptrdiff_t length) {
    CHOOSE(fk_axpy, scale, x, y, length)
}

void fk_xpay(int32_t level, const float *x, float scale, float *y, ptrdiff_t length) {
    CHOOSE(fk_xpay, x, scale, y, length)
}

void fk_axpby(int32_t level, float x_scale, const float *x, float y_scale, float *y, ptrdiff_t length) {
    CHOOSE(fk_axpby, x_scale, x, y_scale, y, length)
}

void fk_step(int32_t level, float pull, float shrink, float *x, float *y, ptrdiff_t length) {
    CHOOSE(fk_step, pull, shrink, x, y, length)
}

void fk_dot_rows(
    int32_t level, const float *rows, ptrdiff_t stride, const int32_t *indices, ptrdiff_t count, const float *query,
    float *out) {
    CHOOSE(fk_dot_rows, rows, stride, indices, count, query, out)
}

void fk_multiply_add(
    int32_t level, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, ptrdiff_t a_row,
    ptrdiff_t a_step, const float *b, ptrdiff_t b_stride, float *c, ptrdiff_t c_stride, ptrdiff_t first_row,
    bool upper) {
    CHOOSE(fk_multiply_add, rows, columns, depth, a, a_row, a_step, b, b_stride, c, c_stride, first_row, upper)
}

void fk_gram(
    int32_t level, const float *rows, ptrdiff_t row_stride, ptrdiff_t row_count, ptrdiff_t first, ptrdiff_t last,
    ptrdiff_t size, float *g, ptrdiff_t g_stride) {
    CHOOSE(fk_gram, rows, row_stride, row_count, first, last, size, g, g_stride)
}

void fk_apply(
    int32_t level, const float *rows, ptrdiff_t stride, const int32_t *indices, const float *weights, ptrdiff_t count,
    float target, float sign, const float *x, float *out) {
    CHOOSE(fk_apply, rows, stride, indices, weights, count, target, sign, x, out)
}

float fk_bar(int32_t level, float *values, ptrdiff_t count, ptrdiff_t k) {
    CHOOSE(fk_bar, values, count, k)
}

float fk_gather(
    int32_t level, float *table, const float *factors, const int32_t *indices, ptrdiff_t count, float *out) {
    CHOOSE(fk_gather, table, factors, indices, count, out)
}

void fk_places(int32_t level, const uint64_t *keys, ptrdiff_t count, int32_t *places) {
    CHOOSE(fk_places, keys, count, places)
}

ptrdiff_t fk_solve_work(ptrdiff_t size) {
    return size * size + 2 * SOLVE_CHUNK * size + 2 * size;
}

bool fk_solve(
    int32_t level, ptrdiff_t size, ptrdiff_t columns, const float *gram, ptrdiff_t gram_stride, float ridge,
    const float *rows, ptrdiff_t rows_stride, const int32_t *indices, const float *weights, ptrdiff_t count,
    float *work, float *solution) {
    CHOOSE(
        fk_solve, size, columns, gram, gram_stride, ridge, rows, rows_stride, indices, weights, count, work, solution)
}

bool fk_solve_square(int32_t level, ptrdiff_t size, float *a, float *inverse, float *x) {
    CHOOSE(fk_solve_square, size, a, inverse, x)
}

int32_t fk_query_limit(int32_t level) {
    return level == FK_AVX2 || level == FK_AVX512 ? 63 : 127;
}

void fk_screen(
    int32_t level, const uint8_t *items, const fk_screen_group *meta, ptrdiff_t groups, ptrdiff_t quads,
    const int32_t *queries, fk_screen_user *users, const int32_t *order, ptrdiff_t count) {
    switch (level) {
#if defined(__x86_64__)
    case FK_AVX2:
    case FK_AVX512: return fk_screen_avx2(items, meta, groups, quads, queries, users, order, count);
    case FK_AVX_VNNI: return fk_screen_avxvnni(items, meta, groups, quads, queries, users, order, count);
    case FK_AVX512_VNNI: return fk_screen_avx512vnni(items, meta, groups, quads, queries, users, order, count);
    case FK_AMX: return fk_screen_amx(items, meta, groups, quads, queries, users, order, count);
#endif
    default: return fk_screen_plain(items, meta, groups, quads, queries, users, order, count);
    }
}
