public import CKernels

/// An instruction set for the arithmetic of this module. All of them give the same results to the bit; `best` is the
/// fastest that this machine has.
public enum Kernels: Int32, CaseIterable, Sendable {
    case plain, avx2, avxVNNI, avx512, avx512VNNI, amx

    /// Those that this machine runs.
    public static let available = allCases.filter { fk_supported($0.rawValue) }
    public static let best = available.last ?? .plain

    /// The dot product by sixteen lanes, each summed in order, folded by halves. `length` is a multiple of 16 and both
    /// vectors are 64-byte aligned, as the rows of a `Matrix` are.
    @inline(__always)
    public func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, length: Int) -> Float {
        fk_dot(rawValue, a, b, length)
    }

    /// `y += scale · x`; the same demands.
    @inline(__always)
    public func add(_ x: UnsafePointer<Float>, scaledBy scale: Float, to y: UnsafeMutablePointer<Float>, length: Int) {
        fk_axpy(rawValue, scale, x, y, length)
    }

    /// `y = x + scale · y`; the same demands.
    @inline(__always)
    public func replace(
        _ y: UnsafeMutablePointer<Float>, scaledBy scale: Float, plus x: UnsafePointer<Float>, length: Int
    ) {
        fk_xpay(rawValue, x, scale, y, length)
    }

    /// `y = xScale · x + yScale · y`; the same demands.
    @inline(__always)
    public func mix(
        _ x: UnsafePointer<Float>, _ xScale: Float, into y: UnsafeMutablePointer<Float>, _ yScale: Float, length: Int
    ) {
        fk_axpby(rawValue, xScale, x, yScale, y, length)
    }

    /// `x = shrink · x + pull · y` and `y = shrink · y + pull · x`, of what was there before: a step of gradient descent on
    /// a product of two vectors; the same demands.
    @inline(__always)
    public func mixBoth(
        _ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ pull: Float, _ shrink: Float, length: Int
    ) {
        fk_step(rawValue, pull, shrink, x, y, length)
    }

    /// `c += a · b` for row-major `b` (depth × columns) and `c` (rows × columns), where `a[r, k]` lies at
    /// `r · rowStep + k · depthStep`. Rows are a multiple of 8, columns of 16; each element's sum runs in the order of
    /// `k`, from zero, and is added to `c` once.
    @inline(__always)
    public func multiplyAdd(
        rows: Int, columns: Int, depth: Int, _ a: UnsafePointer<Float>, rowStep: Int, depthStep: Int,
        _ b: UnsafePointer<Float>, stride bStride: Int, into c: UnsafeMutablePointer<Float>, stride cStride: Int
    ) {
        fk_multiply_add(
            rawValue, rows, columns, depth, a, rowStep, depthStep, b, bStride, c, cStride, 0, false)
    }

    /// `out += Σ weight · (target + sign · h·x) h` over the rows h of `factors` that `indices` name, in their order: a
    /// sparse row's part in a step of conjugate gradients. `x` and `out` have the factors' stride.
    @inline(__always)
    public func apply(
        _ factors: Matrix, rows indices: UnsafePointer<Int32>, weights: UnsafePointer<Float>, count: Int, target: Float,
        sign: Float, x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        fk_apply(rawValue, factors.base, factors.stride, indices, weights, count, target, sign, x, out)
    }

    /// Solves `a x = b` in place of b, for a symmetric positive definite `size` × `size` matrix without padding, of which
    /// the upper triangle is read and overwritten. `size` is a multiple of 16, and `room` has as many floats.
    /// - Returns: false where the matrix is not positive definite.
    @inline(__always)
    public func solve(
        _ a: UnsafeMutablePointer<Float>, size: Int, room: UnsafeMutablePointer<Float>,
        _ x: UnsafeMutablePointer<Float>
    ) -> Bool {
        fk_solve_square(rawValue, size, a, room, x)
    }

    /// A bar that at least `k` of the values reach, and few more; −infinity where they are too far apart. The values'
    /// memory is written up to the next multiple of 16.
    @inline(__always)
    public func bar(_ values: UnsafeMutablePointer<Float>, count: Int, reachedBy k: Int) -> Float {
        count > k && k > 0 ? fk_bar(rawValue, values, count, k) : -.infinity
    }

    /// The places of the values that reach a bar, in order; `places` has room for all.
    /// - Returns: how many they are.
    @inline(__always)
    public func places(
        of values: UnsafePointer<Float>, count: Int, reaching bar: Float, into places: UnsafeMutablePointer<Int32>
    ) -> Int {
        fk_reaching(values, count, bar, places)
    }

    /// Asks for memory ahead of its use; any address will do.
    @inlinable @inline(__always)
    public static func prefetch(_ start: UnsafeRawPointer, bytes: Int) { fk_prefetch(start, bytes) }

    /// `out[i] = table[indices[i]]`, in both multiplied with `factors[indices[i]]` where there are factors. Indices are
    /// distinct.
    /// - Returns: the largest, or 0.
    @inline(__always)
    public func gather(
        _ table: UnsafeMutablePointer<Float>, scaledBy factors: UnsafePointer<Float>?, at indices: UnsafePointer<Int32>,
        count: Int, into out: UnsafeMutablePointer<Float>
    ) -> Float {
        fk_gather(rawValue, table, factors, indices, count, out)
    }

    /// The dot product of each row that `indices` name with the query, as `dot` gives them.
    @inline(__always)
    public func dot(
        _ factors: Matrix, rows indices: UnsafePointer<Int32>, count: Int, _ query: UnsafePointer<Float>,
        into scores: UnsafeMutablePointer<Float>
    ) {
        fk_dot_rows(rawValue, factors.base, factors.stride, indices, count, query, scores)
    }
}
